#!/usr/bin/env python3
"""How much of the code the tests have run: coverage.py BUILD [--missing PART].

BUILD is a build folder of preset asan, whose programs write what they run into BUILD/profiles. llvm-profdata and
llvm-cov read it. Prints a table, and ends with 1 if a group of files is below its goal. With --missing, the places that
no test has run of the files that have PART in their names. Where the tools or the profiles are missing, it says so and
ends with 0.

A branch of a template counts as run if any of its instantiations has; one that the compiler decides (if constexpr) does
not count.
"""

import argparse
import bisect
import collections
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
GROUPS = [  # name, files, the least part of the branches
    ("parsers, savers, options",
     r"include/tinynet/io/|include/tinynet/data/(idx|gzip|content|mnist)|"
     r"examples/mnist/(options|command_line|checkpoints)\.cpp|examples/sweep/(options|json|lists|configuration|results_file)\.cpp",
     0.95),
    ("all headers", r"include/tinynet/", 0.90),
    ("the programs", r"examples/(mnist|sweep)/", 0),
]


def tool(name):
    """The tool of clang++'s own version, if it is installed."""
    version = subprocess.run(["clang++", "-dumpversion"], capture_output=True, text=True).stdout.split(".")[0]
    return shutil.which(f"{name}-{version}") or shutil.which(name)


class Counts:
    """How often lines and branches of one file have run."""

    def __init__(self):
        self.lines = collections.Counter()
        self.branches = {}  # place: how often it was true, and false; None in place of both: decided by the compiler

    def add(self, exported, source):
        segments = exported["segments"]
        places = [tuple(s[:2]) for s in segments]
        before = None  # what goes on from the line before
        for i, (line, _, count, counted, entry, gap) in enumerate(segments):
            if before is not None:
                for inside in range(before[0] + 1, line):
                    self.lines[inside] += before[1]
            if counted and entry and not gap:
                self.lines[line] += count
            before = (line, count) if counted and not gap else None
        for line, column, *end, true, false, _, _, _ in exported.get("branches", []):
            place = (line, column, *end[:2])
            at = bisect.bisect_right(places, (line, column)) - 1
            decided = at >= 0 and segments[at][2] > 0 or "if constexpr" in source[line - 1][:column]
            if true == false == 0 and decided:
                self.branches.setdefault(place, None)
            else:
                old = self.branches.get(place) or (0, 0)
                self.branches[place] = (old[0] + true, old[1] + false)

    def summary(self):
        """Lines and branches: how many have run, and how many there are."""
        sides = [count for both in self.branches.values() if both for count in both]
        return [sum(map(bool, self.lines.values())), len(self.lines), sum(map(bool, sides)), len(sides)]

    def missing(self):
        for (line, column, *_), both in sorted(self.branches.items()):
            if both and 0 in both:
                yield line, column, "never run" if not any(both) else f"never {'false' if both[0] else 'true'}"


def programs(build):
    """All that has been built with what is needed to understand the profiles."""
    folders = [build / "tests", build / "tests" / "fuzz", *(build / "examples").glob("*")]
    for path in sorted(p for folder in folders if folder.is_dir() for p in folder.iterdir()):
        if path.is_file() and os.access(path, os.X_OK) and b"__llvm_covmap" in path.read_bytes():
            yield path


def export(cov, program, profile):
    done = subprocess.run([cov, "export", "-skip-functions", "-skip-expansions", f"-instr-profile={profile}",
                           r"-ignore-filename-regex=(^/usr/|/tests/|/build/)", program], capture_output=True, text=True)
    return json.loads(done.stdout)["data"][0]["files"] if done.returncode == 0 else []


@functools.cache
def sources(path):
    return path.read_text().splitlines()


def measure(build, profdata, cov):
    profile = build / "coverage.profdata"
    profiles = sorted((build / "profiles").glob("*.profraw"))
    (build / "profiles.txt").write_text("".join(f"{p}\n" for p in profiles))
    subprocess.run([profdata, "merge", "-sparse", "-failure-mode=all", "-f", build / "profiles.txt", "-o", profile],
                   check=True)
    found = collections.defaultdict(Counts)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for files in pool.map(lambda program: export(cov, program, profile), programs(build)):
            for file in files:
                path = pathlib.Path(file["filename"])
                if path.is_relative_to(ROOT):
                    found[str(path.relative_to(ROOT))].add(file, sources(path))
    return found


def main():
    parser = argparse.ArgumentParser(description="How much of the code the tests have run.")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--missing", metavar="PART", help="what no test has run, of the files with PART in their names")
    options = parser.parse_args()
    build = options.build.resolve()
    profdata, cov = tool("llvm-profdata"), tool("llvm-cov")
    if not profdata or not cov:
        print("coverage: not measured: llvm-profdata and llvm-cov (Debian: llvm) are not installed")
        return 0
    if not any((build / "profiles").glob("*.profraw")):
        print(f"coverage: not measured: nothing has been run in {build}")
        return 0
    found = measure(build, profdata, cov)
    if options.missing is not None:
        for name in sorted(n for n in found if options.missing in n):
            for line, column, what in found[name].missing():
                print(f"{name}:{line}:{column}: {what}")
        return 0

    def row(name, lines, all_lines, branches, all_branches):
        part = [f"{100 * n / of:6.2f} % of {of}" if of else "-" for n, of in ((lines, all_lines), (branches, all_branches))]
        print(f"  {name:<50}{part[0]:>20}{part[1]:>20}")

    print(f"coverage: {' ' * 42}{'lines':>20}{'branches':>20}")
    low = []
    for group, pattern, goal in GROUPS:
        files = {name: counts.summary() for name, counts in sorted(found.items()) if re.match(pattern, name)}
        total = [sum(column) for column in zip(*files.values())] or [0] * 4
        for name, numbers in files.items():
            if goal and numbers[2] < goal * numbers[3]:
                row(name, *numbers)
        row(group + (f" (goal {100 * goal:.0f} %)" if goal else ""), *total)
        if total[2] < goal * total[3]:
            low.append(group)
    for group in low:
        print(f"coverage: error: too few branches of {group} have been run")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
