"""What the Python peers have in common: the command line, the data, the start, and the line of JSON they end with."""
import gzip
import json
import os
import sys
import time

import numpy as np

ARGUMENTS = dict(word.split("=", 1) for word in sys.argv[1:])  # NAME=VALUE ..., as the table of compare.py has them
STEPS, THREADS = int(ARGUMENTS["steps"]), int(ARGUMENTS["threads"])
MODE = ARGUMENTS.get("mode", "")
DEVICE = ARGUMENTS.get("device", "cpu")  # or "cuda"
SHAPE = [int(size) for size in ARGUMENTS.get("shape", "").split("-") if size]


def _read(name, header):
    plain = os.path.join(os.environ["TINYNET_DATA"], name)
    with (open(plain, "rb") if os.path.exists(plain) else gzip.open(plain + ".gz")) as file:
        return np.frombuffer(file.read(), np.uint8)[header:]


def _random(count):
    """The states of a linear congruential generator, computed in blocks by jumping ahead."""
    a, c = np.uint32(1664525), np.uint32(1013904223)
    states = np.empty(count, np.uint32)
    states[0] = a + c  # the one after 1
    filled = 1
    with np.errstate(over="ignore"):
        while filled < count:
            n = min(filled, count - filled)
            states[filled:filled + n] = states[:n] * a + c
            filled += n
            a, c = a * a, a * c + c
    return states


def read_data(kind):
    """Pixels or random numbers as float32, and labels; see read_data in bench.hpp."""
    if kind in ("mnist", "mnist01"):
        x = _read("train-images-idx3-ubyte", 16).reshape(-1, 784).astype(np.float32)
        if kind == "mnist01":
            x *= np.float32(1 / 255)
        return x, _read("train-labels-idx1-ubyte", 8).astype(np.int64)
    rows, cols = 60000, SHAPE[0]
    states = _random(rows * cols + rows)
    if kind == "bytes":
        x = (states[:rows * cols] >> np.uint32(24)).astype(np.float32)
    else:
        x = (states[:rows * cols] >> np.uint32(8)).astype(np.float32)
        x *= np.float32(2.0**-23)
        x -= 1
    return x.reshape(rows, cols), ((states[rows * cols:] >> np.uint32(24)) % SHAPE[-1]).astype(np.int64)


def start():
    """The weights [out, in] and biases that torch.manual_seed(0) gives to linear layers of these sizes."""
    generator = np.random.RandomState(0)

    def uniform(bound, *shape):
        bits = generator.randint(0, 2**32, shape, np.uint32) & np.uint32(0xFFFFFF)
        bound = np.float64(np.float32(bound))
        return (bits * 2.0**-24 * (2 * bound) - bound).astype(np.float32)

    return [(uniform(n**-0.5, m, n), uniform(n**-0.5, m)) for n, m in zip(SHAPE, SHAPE[1:])]


def measure(step):
    """Runs step() as often as asked for, and returns the seconds of each and the time of day after the first."""
    seconds, first_step = [], 0
    for _ in range(STEPS):
        begin = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - begin)
        first_step = first_step or time.time()
    return seconds, first_step


def report(measured, check, **more):
    """Prints what was measured, the numbers that must be the same for all peers, and more that goes into the table."""
    seconds, first_step = measured
    check = [float(number) for number in check]
    print(json.dumps({"seconds": seconds, "check": check, "first_step": first_step, **more}))


def gradient_error(gradient):
    """|gradient - g| / |g|, where g is the gradient of the cross entropy of all data at the start, in float64."""
    x, y = read_data(ARGUMENTS["data"])
    layers = [(weight.astype(np.float64), bias) for weight, bias in start()]
    inputs = [x.astype(np.float64)]
    for weight, bias in layers:
        outputs = inputs[-1] @ weight.T + bias
        inputs.append(np.maximum(outputs, 0))
    exponentials = np.exp(outputs - outputs.max(1, keepdims=True))
    dy = (exponentials / exponentials.sum(1, keepdims=True) - np.eye(SHAPE[-1])[y]) / len(y)
    exact = []
    for (weight, _), x in zip(reversed(layers), reversed(inputs[:-1])):
        exact = [dy.T @ x, dy.sum(0), *exact]
        dy = dy @ weight * (x > 0)
    gradient, exact = (np.concatenate([np.ravel(part) for part in parts]) for parts in (gradient, exact))
    return np.linalg.norm(gradient - exact) / np.linalg.norm(exact)


def train(step, x, y, gradient):
    """Calls loss = step(rows of x, of y) for the whole data, or batch by batch, and reports. gradient() is that of all
    data at the start. With chunk=N a measurement is the mean of N steps that nobody waits for, the last one excepted;
    then the gradient's error and the loss after all steps are reported, too."""
    size, in_chunks, chunk = int(ARGUMENTS["batch"]), "chunk" in ARGUMENTS, int(ARGUMENTS.get("chunk", 1))
    more = {"gradient_error": gradient_error(gradient())} if in_chunks else {}
    losses = []

    def epochs():
        for _ in range(chunk):
            for i in range(0, len(x), size or len(x)):
                loss = step(x[i:i + size], y[i:i + size]) if size else step(x, y)
                if len(losses) < 3:
                    losses.append(float(loss))
        return float(loss)  # waits for it; JAX computes while Python goes on, and so does a GPU

    seconds, first_step = measure(epochs)
    if in_chunks:
        more["loss"] = float(step(x, y))
    report(([time / chunk for time in seconds], first_step), losses, **more)
