#!/usr/bin/env python3
"""Times tinynet against PyTorch, JAX and Eigen on the same work, in turns, and prints and stores a table of ratios.

    cmake --preset release -DTINYNET_BUILD_BENCHMARKS=ON && cmake --build --preset release
    pip install torch jax numpy
    TINYNET_DATA=folder/with/mnist benchmarks/compare.py [--build build/release] [--rounds 5] [--threads 2] [WORK ...]

A round runs every peer once, as a process of its own; each gives the median of its steps (without the first two, which
pay for compiling and warming up). The table has the median over the rounds, and the ratio to tinynet's. That all peers
compute the same losses is checked (the first ones, within 1e-4; JAX and PyTorch draw the same start).
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WORKS = {  # steps (or epochs) a process, and what one is
    "full": (12, "full-batch step, MNIST, 784-30-30-10, SGD"),
    "dense": (8, "full-batch step, random pixels, 784-30-30-10, SGD"),
    "wide": (6, "full-batch step, MNIST, 784-256-128-10, SGD"),
    "batch64": (5, "epoch, batches of 64, 784-30-30-10, Adam"),
    "batch512": (5, "epoch, batches of 512, 784-128-10, Adam"),
}


def peers(build, work):
    """Name -> command, the reference first."""
    python, program = sys.executable, str(build / "benchmarks" / "bench_tinynet")
    table = {
        "tinynet": [program, work],
        "tinynet, general tape": [program, work, "tape"],
        "PyTorch eager": [python, str(HERE / "peers" / "torch_peer.py"), work, "eager"],
        "torch.compile": [python, str(HERE / "peers" / "torch_peer.py"), work, "compile"],
        "JAX jit": [python, str(HERE / "peers" / "jax_peer.py"), work],
    }
    eigen = build / "benchmarks" / "bench_eigen"
    if eigen.exists() and not work.startswith("batch"):
        table["Eigen by hand"] = [str(eigen), work]
    return table


def run(command, steps, threads):
    environment = dict(os.environ, OMP_NUM_THREADS=str(threads))
    environment.pop("OPENBLAS_CORETYPE", None)
    full = command[:-1] if command[-1] in ("tape", "eager", "compile") else command
    mode = command[len(full):]
    done = subprocess.run([*full, str(steps), str(threads), *mode], capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip().splitlines()[-1:]}")
    return json.loads(done.stdout.splitlines()[-1])


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?") \
        if os.path.exists("/proc/cpuinfo") else platform.processor()
    return f"{model}, {os.cpu_count()} CPUs"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"of {', '.join(WORKS)} (all)")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path, help="the table as Markdown (benchmarks/results/...)")
    options = parser.parse_args()
    if "TINYNET_DATA" not in os.environ:
        parser.error("set TINYNET_DATA to a folder with MNIST's four files")

    command = " ".join(["benchmarks/compare.py", f"--rounds {options.rounds}", f"--threads {options.threads}", *options.works])
    lines = [f"{datetime.date.today()}, {machine()}, {options.threads} threads, {options.rounds} rounds in turns, medians",
             "", f"Command: `{command}`", ""]
    for work in options.works or WORKS:
        steps, title = WORKS[work]
        table = peers(options.build, work)
        times, losses, failed = {name: [] for name in table}, {}, {}
        for round_ in range(options.rounds):
            for name, command in table.items():
                if name in failed:
                    continue
                try:
                    result = run(command, steps, options.threads)
                except RuntimeError as error:
                    failed[name] = str(error)
                    continue
                times[name].append(statistics.median(result["ms"][2:]))
                losses[name] = result["losses"][:3]
            print(f"{work}: round {round_ + 1} of {options.rounds}", file=sys.stderr)
        for name, found in losses.items():
            if any(abs(a - b) > 1e-4 * abs(b) for a, b in zip(found, losses["tinynet"])):
                raise SystemExit(f"{work}: {name} computes other losses: {found}, tinynet {losses['tinynet']}")
        base = statistics.median(times["tinynet"])
        lines += [f"## {title}", "", "| | milliseconds | range | tinynet is faster by |", "| --- | ---: | ---: | ---: |"]
        for name in table:
            if name in failed:
                lines.append(f"| {name} | failed: {failed[name]} | | |")
                continue
            found = times[name]
            middle = statistics.median(found)
            lines.append(f"| {name} | {middle:.2f} | {min(found):.2f} .. {max(found):.2f} | {middle / base:.2f} |")
        lines.append("")
    text = "\n".join(lines)
    print(text)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
