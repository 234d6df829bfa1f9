#!/usr/bin/env python3
"""How training over several processes scales: measures its parts here, and puts them together for up to 1024 processes.

    cmake --preset release -DTINYNET_BUILD_BENCHMARKS=ON && cmake --build --preset release
    TINYNET_DATA=folder/with/mnist benchmarks/scaling.py [--rounds 9] [--json FILE] [--output FILE]
    benchmarks/scaling.py --from FILE [--output FILE]     # the tables of what was measured before

A time of a round is the fastest step (or sum, small ones twenty at a time) of a process, since whatever else runs on the
machine only ever adds to it; the tables have the median over the rounds, in which all measurements come in turns. Two
processes need both processors at the same time, which are seldom free if others use the machine: of theirs the tables
have the fastest of all rounds, and the median of all.

The model of a step, for N processes with one thread each that are alike:

    seconds of the process with the most rows + two sums (the gradients; how often each unit is on)
    a sum: rounds x (latency + bytes / bandwidth + what packing and adding take)
    rounds: log2 N where N is a power of two, else twice that, rounded up

It leaves out that processes are late now and then, and that all of them share a network.
"""
import argparse
import bisect
import datetime
import json
import math
import os
import pathlib
import platform
import shlex
import statistics
import subprocess
import sys

ROWS = 60000
MOST_PARTS, ROWS_PER_PART = 64, 128  # of core/partition.hpp
ORDER_BYTES = 31 * 8  # of 30 units, and of the rows that were looked at
NETWORKS = {  # name: seconds of a message without content, bytes a second
    "100 Gbit/s, 2 us": (2e-6, 12.5e9),
    "10 Gbit/s, 30 us": (30e-6, 1.25e9),
}
SHARED = "this machine's memory"
SUM_BYTES = [8, 248, 4096, 65536, 106760, 262144, 1048576, 4194304, 16777216]
PART_RANKS = [1, 2, 4, 8, 16, 32, 64]
TRAININGS = [  # what, optimizer, learning rate, batch, scale, steps at most, steps between looks
    ("full batch, SGD, as in the notebook", "sgd", 0.003, 0, "1", 5000, 20),
    ("full batch, SGD, pixels 0..1", "sgd", 0.5, 0, "0.003921568627451", 3000, 20),
    ("full batch, Adam", "adam", 0.01, 0, "0.003921568627451", 1000, 5),
    ("full batch, Adam", "adam", 0.03, 0, "0.003921568627451", 1000, 5),
    ("batches of 512, Adam", "adam", 0.003, 512, "0.003921568627451", 5000, 10),
    ("batches of 512, Adam", "adam", 0.01, 512, "0.003921568627451", 5000, 10),
    ("batches of 64, Adam", "adam", 0.003, 64, "0.003921568627451", 20000, 50),
    ("batches of 64, SGD", "sgd", 0.1, 64, "0.003921568627451", 20000, 50),
]


def padded(size, lanes=16):
    return -(-size // lanes) * lanes


def gradient_bytes(sizes=(784, 30, 30, 10), lanes=16):
    """Of a step's sum: the weights' gradients, rows padded to whole SIMD registers, and in double the biases' and the loss."""
    weights = sum(a * padded(b, lanes) for a, b in zip(sizes, sizes[1:]))
    return 4 * weights + 8 * (sum(padded(b, lanes) for b in sizes[1:]) + 1)


# ---- Measuring ---------------------------------------------------------------------------------------------------


def run(command):
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                       OMPI_MCA_rmaps_base_oversubscribe="1")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(map(str, command))}: {done.stderr}")
    return json.loads(done.stdout)


def measure(options):
    program, both = options.build / "bench_scaling", ["mpirun", "-n", "2"]

    def words(**given):
        return [str(program), *(f"{name}={value}" for name, value in given.items())]

    def sums(size):
        return 40 if size <= 2**20 else 15

    works = {f"part {ranks}": words(work="part", rows=ROWS, ranks=ranks, steps=30) for ranks in PART_RANKS}
    works |= {f"addition {size}": words(work="addition", bytes=size, steps=sums(size)) for size in SUM_BYTES}
    works |= {f"sum {size}": both + words(work="sum", bytes=size, steps=sums(size)) for size in SUM_BYTES}
    works["one"] = words(work="step", rows=ROWS, steps=40)
    works["strong"] = both + words(work="mpi_step", rows=ROWS, steps=100)
    works["weak"] = both + words(work="mpi_step", rows=2 * ROWS, steps=80)
    rounds = {name: [] for name in works}
    for number in range(options.rounds):
        for name, command in list(works.items())[:: -1 if number % 2 else 1]:
            seconds = run(command)["seconds"][2:]
            rounds[name].append((min(seconds), statistics.median(seconds)))
        print(f"round {number + 1} of {options.rounds}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    accuracy = []
    for what, optimizer, lr, batch, scale, steps, looks in TRAININGS:
        found = run([str(options.build / "bench_accuracy"), f"optimizer={optimizer}", f"lr={lr}", f"batch={batch}",
                     f"scale={scale}", f"steps={steps}", f"looks={looks}"])
        accuracy.append({"what": what, "lr": lr, **found})
    return {
        "machine": f"{datetime.date.today()}, {processor()}, {os.cpu_count()} CPUs",
        "load": os.getloadavg()[1],
        "rounds": options.rounds,
        "seconds": {name: (min if works[name][0] == "mpirun" else statistics.median)([best for best, _ in times])
                    for name, times in rounds.items()},
        "median_seconds": {name: statistics.median(middle for _, middle in times) for name, times in rounds.items()},
        "accuracy": accuracy,
    }


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
        found = dict(line.replace("\t", "").split(": ", 1) for line in text.splitlines() if ": " in line)
        return f"{found['model name']} (family {found['cpu family']}, model {found['model']})"
    except (OSError, KeyError):
        return platform.processor() or platform.machine()


# ---- The model ---------------------------------------------------------------------------------------------------


def line_through(points, x):
    """The value at x of the line through the two points beside it, or through the outermost two."""
    xs = [at for at, _ in points]
    i = min(max(bisect.bisect(xs, x), 1), len(points) - 1)
    (x0, y0), (x1, y1) = points[i - 1], points[i]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)


class Model:
    def __init__(self, measured):
        seconds = measured["seconds"]
        self.parts = sorted((ROWS / ranks, seconds[f"part {ranks}"]) for ranks in PART_RANKS)
        self.addition, self.sums = ([(size, seconds[f"{kind} {size}"]) for size in SUM_BYTES] for kind in ("addition", "sum"))

    @staticmethod
    def most_rows(rows, ranks):
        """Of a process. A power of two of them, up to 64, shares out whole parts of the rows."""
        if ranks & (ranks - 1) or ranks > MOST_PARTS:
            return -(-rows // ranks)
        parts = 1
        while parts < MOST_PARTS and rows // (2 * parts) >= ROWS_PER_PART:
            parts *= 2
        return rows / min(parts, ranks)

    def message(self, size, network):
        if network == SHARED:
            return line_through(self.sums, size)
        latency, bandwidth = NETWORKS[network]
        return latency + size / bandwidth + line_through(self.addition, size)

    def sum(self, size, ranks, network):
        rounds = math.ceil(math.log2(ranks))
        return rounds * (2 if ranks & (ranks - 1) else 1) * self.message(size, network)

    def step(self, rows, ranks, network):
        return (line_through(self.parts, self.most_rows(rows, ranks))
                + self.sum(gradient_bytes(), ranks, network) + self.sum(ORDER_BYTES, ranks, network))


# ---- Tables ------------------------------------------------------------------------------------------------------


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "| ---: " * len(head) + "|"
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def number(value, unit=1.0):
    return f"{value / unit:.3g}"


def tables(measured):
    model, seconds, medians = Model(measured), measured["seconds"], measured["median_seconds"]
    yield f"{measured['machine']}, load {measured['load']:.1f}, {measured['rounds']} rounds\n"
    yield "## What a process computes: its part of 60000 rows, one thread\n"
    yield from table(("processes", "rows", "ms"), [
        (str(n), f"{ROWS / n:.0f}", number(seconds[f"part {n}"], 1e-3)) for n in PART_RANKS])
    yield "## A sum over two processes\n"
    yield from table(("bytes", "us", "of them packing and adding", "median us"), [
        (str(size), number(seconds[f"sum {size}"], 1e-6), number(seconds[f"addition {size}"], 1e-6),
         number(medians[f"sum {size}"], 1e-6)) for size in SUM_BYTES])
    yield "## Steps here\n"
    yield from table(("", "ms, fastest", "ms, median", "efficiency, fastest"), [
        (what, number(seconds[name], 1e-3), number(medians[name], 1e-3), f"{100 * ideal * seconds['one'] / seconds[name]:.0f} %")
        for what, name, ideal in (("1 process, 60000 rows", "one", 1), ("2 processes, 60000 rows", "strong", 0.5),
                                  ("2 processes, 120000 rows", "weak", 1))])
    ranks = [1, 2, 4, 8, 16, 32, 64, 100, 128, 256, 500, 1000, 1024]
    networks = [SHARED, *NETWORKS]
    for what, rows_of in (("60000 rows in all", lambda n: ROWS), ("60000 rows a process", lambda n: ROWS * n)):
        yield f"## Computed: ms a step, {what}\n"
        alone = model.step(ROWS, 1, SHARED)

        def cell(n, network):
            step = model.step(rows_of(n), n, network)
            gain = alone / step if rows_of(2) == ROWS else 100 * alone / step
            return f"{number(step, 1e-3)} ({gain:.0f}{'' if rows_of(2) == ROWS else ' %'})"

        yield from table(("processes", *networks), [
            (str(n), *("" if network == SHARED and n > 64 else cell(n, network) for network in networks)) for n in ranks])
    yield "## Seconds of one thread to an accuracy on MNIST's test data\n"
    goals = (0.9, 0.95, 0.96, 0.97)
    rows = []
    for training in measured["accuracy"]:
        reached = {r["accuracy"]: f"{number(r['seconds'])} ({r['steps']})" for r in training["reached"]}
        rows.append((training["what"], str(training["lr"]), *(reached.get(goal, "") for goal in goals),
                     f"{100 * training['accuracy']:.2f} % after {number(training['seconds'])}"))
    yield from table(("", "lr", *(f"{100 * goal:.0f} %, s (steps)" for goal in goals), "at the end"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release/benchmarks"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--from", dest="source", type=pathlib.Path, help="what was measured before")
    parser.add_argument("--json", type=pathlib.Path, help="store what was measured")
    parser.add_argument("--output", type=pathlib.Path, help="store the tables")
    options = parser.parse_args()
    measured = json.loads(options.source.read_text(encoding="utf-8")) if options.source else measure(options)
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    text = "\n".join(tables(measured))
    print(text)
    if options.output:
        options.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
