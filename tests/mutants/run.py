#!/usr/bin/env python3
"""Puts faults into the headers, one at a time, and looks whether the tests notice: tests/mutants/run.py --all.

    run.py              checks only that each fault's text is still there, exactly once (an instant)
    run.py NAME...      tries these faults; faults.py lists them
    run.py --all        tries all (about a quarter of an hour)

Works on a copy of include/. A test is compiled by $CXX (c++) with $CXXFLAGS; it must pass without a fault, and with one
it must be compiled and then fail. Tests that run for more than five minutes have failed.
"""

import argparse
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

from faults import FAULTS

TESTS = pathlib.Path(__file__).resolve().parent.parent
SOURCES = TESTS.parent / "include"


def rotten(fault):
    """Why the fault cannot be put in any more; empty if it can."""
    file = SOURCES / "tinynet" / fault.file
    if not file.is_file():
        return f"there is no {file}"
    if not (TESTS / f"{fault.test}.cpp").is_file():
        return f"there is no test {fault.test}"
    count = file.read_text(encoding="utf-8").count(fault.text)
    if count != 1:
        return f"{fault.file} has its text {count} times, not once: {fault.text!r}"
    return "nothing is changed" if fault.text == fault.replacement else ""


class Workshop:
    """A copy of the headers, and the tests compiled with it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.include = self.folder / "include"
        shutil.copytree(SOURCES, self.include)
        self.compiler = [os.environ.get("CXX", "c++"), "-std=c++20", "-O1", "-DDOCTEST_CONFIG_SUPER_FAST_ASSERTS", "-I",
                         self.include, "-isystem", "/usr/include/eigen3", *shlex.split(os.environ.get("CXXFLAGS", ""))]
        self.main = self.folder / "main.o"
        self.compile("-c", TESTS / "main.cpp", "-o", self.main)

    def compile(self, *arguments):
        done = subprocess.run([*self.compiler, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"does not compile: {shlex.join(map(str, [*self.compiler, *arguments]))}\n{done.stderr[:3000]}")

    def passes(self, test):
        program = self.folder / "test"
        self.compile(TESTS / f"{test}.cpp", self.main, "-o", program, "-pthread", "-lz")
        try:
            done = subprocess.run([program], capture_output=True, timeout=300)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def notices(self, fault):
        file = self.include / "tinynet" / fault.file
        original = file.read_text(encoding="utf-8")
        file.write_text(original.replace(fault.text, fault.replacement), encoding="utf-8")
        try:
            return not self.passes(fault.test)
        finally:
            file.write_text(original, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true", help="try all faults")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - {fault.name for fault in FAULTS}
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")

    problems = [f"{fault.name}: {why}" for fault in FAULTS if (why := rotten(fault))]
    if len({fault.name for fault in FAULTS}) != len(FAULTS):
        problems.append("two faults have the same name")
    if problems:
        sys.exit("\n".join(problems))
    chosen = [fault for fault in FAULTS if arguments.all or fault.name in arguments.names]
    if not chosen:
        print(f"{len(FAULTS)} faults can be put in")
        return

    with tempfile.TemporaryDirectory(prefix="tinynet-mutants-") as folder:
        workshop = Workshop(folder)
        for test in sorted({fault.test for fault in chosen}):
            if not workshop.passes(test):
                sys.exit(f"{test} fails without any fault")
        noticed = 0
        for fault in chosen:
            start = time.monotonic()
            found = workshop.notices(fault)
            noticed += found
            print(f"{'noticed ' if found else 'SURVIVED'} {fault.name}: {fault.why} ({fault.test}, "
                  f"{time.monotonic() - start:.0f} s)", flush=True)
    print(f"{noticed} of {len(chosen)} faults noticed")
    sys.exit(noticed != len(chosen))


if __name__ == "__main__":
    main()
