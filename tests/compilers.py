#!/usr/bin/env python3
"""Some of the tests with every compiler that is here, C++20 and C++23, and every Eigen given: by hand, not by ctest.

compilers.py [--compiler CXX]... [--eigen FOLDER]... [TEST]...

Prints a line for each: whether it compiled without a warning, and passed. TEST is a name as ctest has it, such as
nn/linear. Needs doctest and nlohmann-json.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMPILERS = ["g++-12", "g++-13", "g++-14", "g++-15", "clang++-14", "clang++-16", "clang++-19"]
TESTS = ["autodiff/var", "core/math", "io/safetensors", "nn/linear", "optim/adam", "mlp"]
FLAGS = ["-O1", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror", "-pthread"]
FLAGS += ["-DDOCTEST_CONFIG_SUPER_FAST_ASSERTS"]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check(compiler, standard, eigen, test, folder):
    """'passed', or what went wrong."""
    program = folder / "program"
    includes = ["-I", str(ROOT / "include"), "-isystem", eigen]
    sources = [str(ROOT / "tests/main.cpp"), str(ROOT / f"tests/{test}.cpp")]
    compiled = run(compiler, f"-std={standard}", *FLAGS, *includes, *sources, "-o", str(program), "-lz")
    if compiled.returncode != 0:
        return f"does not compile:\n{compiled.stderr[:2000]}"
    tested = run(str(program))
    return "passed" if tested.returncode == 0 else f"fails:\n{tested.stdout[-2000:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", action="append")
    parser.add_argument("--eigen", action="append", help="the folder with Eigen/ and unsupported/")
    parser.add_argument("--standard", action="append")
    parser.add_argument("tests", nargs="*", default=TESTS, metavar="TEST")
    arguments = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for compiler in arguments.compiler or [name for name in COMPILERS if shutil.which(name)]:
            for standard in arguments.standard or ["c++20", "c++2b"]:
                for eigen in arguments.eigen or ["/usr/include/eigen3"]:
                    for test in arguments.tests:
                        result = check(compiler, standard, eigen, test, pathlib.Path(folder))
                        failures += result != "passed"
                        print(f"{compiler:12} {standard} {eigen} {test}: {result}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
