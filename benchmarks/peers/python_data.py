"""What the Python peers have in common: the data, the start, and the line of JSON they end with."""
import gzip
import json
import os
import sys
import time

import numpy as np

SHAPES = {"full": [784, 30, 30, 10], "dense": [784, 30, 30, 10], "wide": [784, 256, 128, 10],
          "batch64": [784, 30, 30, 10], "batch512": [784, 128, 10]}
BATCH = {"batch64": 64, "batch512": 512}
LEARNING_RATE = {"full": 0.003, "wide": 0.003, "dense": 1e-5}


def arguments():
    """WORK STEPS THREADS [MODE]"""
    return sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else ""


def _read(name, header):
    folder = os.environ["TINYNET_DATA"]
    plain = os.path.join(folder, name)
    with (open(plain, "rb") if os.path.exists(plain) else gzip.open(plain + ".gz")) as file:
        return np.frombuffer(file.read(), np.uint8)[header:]


def training_set(work):
    """Pixels as float32, scaled as the work wants them, and labels."""
    labels = _read("train-labels-idx1-ubyte", 8).astype(np.int64)
    if work == "dense":  # the high bytes of state = state * a + c, jumped ahead in blocks
        count = len(labels) * 784
        a, c = np.uint32(1664525), np.uint32(1013904223)
        states = np.empty(count, np.uint32)
        states[0] = np.uint32(1) * a + c
        filled, step_a, step_c = 1, a, c
        with np.errstate(over="ignore"):
            while filled < count:
                n = min(filled, count - filled)
                states[filled:filled + n] = states[:n] * step_a + step_c
                filled += n
                step_a, step_c = step_a * step_a, step_a * step_c + step_c
        pixels = (states >> np.uint32(24)).astype(np.uint8)
    else:
        pixels = _read("train-images-idx3-ubyte", 16)
    x = pixels.reshape(len(labels), 784).astype(np.float32)
    return (x / np.float32(255) if work in BATCH else x), labels


def measure(steps, step):
    """Runs step(i), which returns the loss, and prints the milliseconds of each and the losses."""
    milliseconds, losses = [], []
    for i in range(steps):
        start = time.perf_counter()
        losses.append(float(step(i)))
        milliseconds.append(1e3 * (time.perf_counter() - start))
    print(json.dumps({"ms": milliseconds, "losses": losses}))
