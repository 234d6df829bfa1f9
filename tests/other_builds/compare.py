#!/usr/bin/env python3
"""D6 of docs/reliability.md: how far other compilers and other instructions take the losses of 60 steps.

    compare.py CXX [FLAG]...

CXX builds the program for this machine, g++ and clang++ (what there is of them) for any of its kind.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# What of the losses, and how far, relative, they may be apart; in float a unit that is on or off by a hair makes more of a difference than rounding does.
PARTS = [("float", 2e-4, slice(0, 60)), ("double", 1e-9, slice(60, 120))]


def losses(folder, name, command):
    program = folder / name
    subprocess.run([*command, str(HERE / "first_steps.cpp"), "-o", str(program), "-pthread", "-lz"], check=True)
    data = os.environ.get("TINYNET_DATA")
    run = subprocess.run([str(program), *([data] if data else [])], check=True, capture_output=True, text=True)
    return [float(line) for line in run.stdout.split()]


def main():
    own, flags = sys.argv[1], ["-std=c++20", "-O2", "-DNDEBUG", *sys.argv[2:]]
    builds = {f"{own} -march=native": [own, "-march=native"]}
    builds |= {name: [path] for name in ("g++", "clang++") if (path := shutil.which(name))}
    found = {}
    with tempfile.TemporaryDirectory(prefix="tinynet-builds-") as folder:
        for number, (name, command) in enumerate(builds.items()):
            found[name] = losses(pathlib.Path(folder), str(number), [*command, *flags])
    first, *others = found
    failed = False
    for name in others:
        for number, most, part in PARTS:
            pairs = zip(found[name][part], found[first][part], strict=True)
            difference = max(abs(a - b) / abs(b) for a, b in pairs)
            print(f"{name}, {number}: {difference:.2g} from {first}, {most:g} at most")
            failed = failed or not difference <= most
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
