#!/usr/bin/env python3
"""Times tinynet against its peers on the same work, in turns, and prints and stores a table of ratios.

    cmake --preset release -DTINYNET_BUILD_BENCHMARKS=ON && cmake --build --preset release
    pip install torch jax onnxruntime onnx numpy
    TINYNET_DATA=folder/with/mnist benchmarks/compare.py [--rounds 5] [--threads 2] [WORK ...]

A round runs every peer once, as a process of its own, every other round in the opposite order. A process gives the
median of its steps, without the first two, which pay for compiling and warming up. The table has the median over the
rounds and its ratio to the first row; the peak of the resident memory, too. That all peers compute the same numbers
(the first three losses of a training, the outputs for a row, the length of a gradient) is checked. The work `gpu` needs
a CUDA GPU, and runs only if it is named.
"""
import argparse
import datetime
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from works import PACKAGES, PEERS, UNITS, WORKS

HERE = pathlib.Path(__file__).resolve().parent
MORE = {"loss": ("loss at the end", ".5g"), "gradient_error": ("gradient's error", ".1e")}  # columns of some works


def command_of(peer, work, options):
    """The command that does a peer's part of a work, or None if it is not installed."""
    owner, extra = PEERS[peer]
    words = {**work.arguments, "steps": options.steps or work.steps, "threads": options.threads, "mode": "", **extra}
    if work.kind == "program":
        program = options.build / "examples" / "mnist" / "mnist"
        command = [str(program), "--data", os.environ.get("TINYNET_DATA", ""), "--device", "cpu",
                   "--steps", str(words["steps"]), "--threads", str(words["threads"])]
        return (command, words) if program.exists() else None
    if owner in PACKAGES:
        installed = all(importlib.util.find_spec(package) for package in PACKAGES[owner])
        command = [sys.executable, str(HERE / "peers" / f"{owner}_{work.kind}.py")]
    else:
        kind = "gpu" if words.get("device") == "cuda" else work.kind
        program = options.build / "benchmarks" / f"bench_{owner}_{kind}"
        installed = program.exists()
        command = [str(program)]
    return (command + [f"{name}={value}" for name, value in words.items()], words) if installed else None


def run(command, words, work):
    """Runs one process; returns the seconds that count, its peak memory in MB and its check numbers."""
    threads = str(words["threads"])
    environment = dict(os.environ, OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads)
    begin = time.time()
    with tempfile.TemporaryFile("w+") as errors, subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True) as child:
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)  # in place of child.wait(), which does not tell the memory
        end = time.time()
        child.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        complaints = errors.read().strip().splitlines()
    if child.returncode != 0:
        complaints.insert(0, f"exit code {child.returncode}")
        named = [line for line in complaints if line.split(":")[0].endswith("Error")]  # Python's, which others may follow
        raise RuntimeError((named or complaints)[-1])
    megabytes = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
    if work.measure == "process":
        return {"seconds": end - begin, "peak_mb": megabytes, "check": []}
    result = json.loads(output.splitlines()[-1])
    steps = result["seconds"]
    seconds = result["first_step"] - begin if work.measure == "start" else statistics.median(steps[2:] or steps)
    return {"seconds": seconds, "peak_mb": megabytes, "check": result["check"],
            **{key: result[key] for key in MORE if key in result}}


def check(name, work, rounds):
    """That the numbers of all processes are those of the first, but for some part of the largest of them."""
    expected = next(iter(rounds.values()), [{"check": []}])[0]["check"]
    for peer, results in rounds.items():
        for result in results:
            limit = work.tolerance * max(map(abs, expected), default=0)
            if len(result["check"]) != len(expected) or any(
                    not abs(a - b) <= limit for a, b in zip(result["check"], expected)):
                raise SystemExit(f"{name}: {peer} computes {result['check']}, {next(iter(rounds))} {expected}")


def compare(name, work, options):
    """Runs all peers in turns; after every round yields name -> results so far, and name -> why there are none."""
    rounds, absent = {}, {}
    commands = {peer: command_of(peer, work, options) for peer in work.peers}
    for peer, command in commands.items():
        if command is None:
            absent[peer] = "not installed"
    for number in range(options.rounds):
        for peer in work.peers if number % 2 == 0 else reversed(work.peers):
            if peer in absent:
                continue
            try:
                rounds.setdefault(peer, []).append(run(*commands[peer], work))
            except RuntimeError as error:
                absent[peer] = f"failed: {error}"
                rounds.pop(peer, None)
        print(f"{name}: round {number + 1} of {options.rounds}", file=sys.stderr)
        in_order = {peer: rounds[peer] for peer in work.peers if peer in rounds}
        check(name, work, in_order)
        yield in_order, absent


def table(work, rounds, absent):
    more = [key for key in MORE if any(key in results[0] for results in rounds.values())]
    heads = [work.unit, "range", "ratio", "peak MB", "ratio", *(MORE[key][0] for key in more)]
    lines = [f"## {work.title}", "", f"| | {' | '.join(heads)} |", f"| --- |{' ---: |' * len(heads)}"]
    base = rounds.get(work.peers[0])
    for peer in work.peers:
        if peer in absent:
            lines.append(f"| {peer} | {absent[peer]} |{' |' * (len(heads) - 1)}")
            continue
        times = [result["seconds"] * UNITS[work.unit] for result in rounds[peer]]
        cells = [f"{statistics.median(times):.4g}", f"{min(times):.4g} .. {max(times):.4g}"]
        for key in ("seconds", "peak_mb"):
            middle = statistics.median(result[key] for result in rounds[peer])
            if key == "peak_mb":
                cells.append(f"{middle:.0f}")
            cells.append(f"{middle / statistics.median(result[key] for result in base):.2f}" if base else "")
        cells += [f"{statistics.median(result[key] for result in rounds[peer]):{MORE[key][1]}}" for key in more]
        lines.append(f"| {peer} | {' | '.join(cells)} |")
    return lines + [""]


def machine():
    model = platform.processor()
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo") as lines:
            model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    found = subprocess.run(query, capture_output=True, text=True) if shutil.which(query[0]) else None
    gpus = found.stdout.strip().splitlines() if found and found.returncode == 0 else []
    return "; ".join([f"{model}, {os.cpu_count()} CPUs", *gpus])


def versions():
    packages = [package for names in PACKAGES.values() for package in names if importlib.util.find_spec(package)]
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("works", nargs="*", metavar="WORK", help=f"of {', '.join(WORKS)} (all but gpu)")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build" / "release")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, help="a process, in place of each work's own number: to try things out")
    parser.add_argument("--output", type=pathlib.Path, help="the tables as Markdown (benchmarks/results/...)")
    parser.add_argument("--json", type=pathlib.Path, help="every round's numbers, for plot.py")
    options = parser.parse_args()
    if unknown := set(options.works) - set(WORKS):
        parser.error(f"no work is called {', '.join(sorted(unknown))}; there are {', '.join(WORKS)}")
    if "TINYNET_DATA" not in os.environ:
        parser.error("set TINYNET_DATA to a folder with MNIST's four files")
    if not (options.build / "benchmarks" / "bench_tinynet_train").exists():
        parser.error(f"{options.build} has no benchmarks; configure with -DTINYNET_BUILD_BENCHMARKS=ON and build")

    about = {
        "date": str(datetime.date.today()), "machine": machine(), "threads": options.threads, "rounds": options.rounds,
        "versions": versions(),
        "command": " ".join(["benchmarks/compare.py", f"--rounds {options.rounds}", f"--threads {options.threads}",
                             *([f"--steps {options.steps}"] if options.steps else []), *options.works]),
    }
    lines = [f"{about['date']}, {about['machine']}, {options.threads} threads, {options.rounds} rounds in turns, medians",
             "", about["versions"], "", f"Command: `{about['command']}`", ""]
    stored = {"about": about, "works": {}}
    for name in options.works or [name for name in WORKS if name != "gpu"]:
        work = WORKS[name]
        before = lines
        for rounds, absent in compare(name, work, options):
            lines = before + table(work, rounds, absent)
            stored["works"][name] = {"title": work.title, "unit": work.unit, "rounds": rounds, "absent": absent}
            for path, text in [(options.output, "\n".join(lines)), (options.json, json.dumps(stored, indent=1) + "\n")]:
                if path:  # after every round, so that little is lost if a later one is stopped
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
