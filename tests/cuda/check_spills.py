#!/usr/bin/env python3
"""Compiles compile.cu for several GPUs and fails if a kernel does not keep all its variables in registers.

Needs nvcc, not a GPU. Prints a line for each kernel: its registers, its stack and what it spills, in bytes.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ENTRY = re.compile(r"Compiling entry function '(\S+)'")
MEMORY = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")


def short_name(mangled):
    """What an instance is of, from its mangled name: fused_step 784x30 30x30 30x10 fh32 is computed in float, from
    bytes (h), in tiles of 32 rows.
    """
    kernel = "fused_step" if "fused_step" in mangled else "fused_update" if "fused_update" in mangled else mangled
    rule = re.findall(r"rules\d+([A-Za-z]+?)E", mangled)[:1]
    sizes = [f"{a}x{b}" for a, b in re.findall(r"ILi(\d+)ELi(\d+)E", mangled)]
    types = ["".join(match) for match in re.findall(r"E([fd])([hfd])Li(\d+)E", mangled)[:1]]
    return " ".join([kernel] + rule + sizes + types)


def compile_for(arch, arguments):
    """What ptxas says about the kernels, compiled for an architecture such as sm_90."""
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments.nvcc, "-std=c++20", "--expt-relaxed-constexpr", "-diag-suppress", "3189,20011,20012"]
        command += ["-I", arguments.include, "-isystem", arguments.eigen, f"-arch={arch}", "-Xptxas", "-v"]
        command += ["-cubin", str(HERE / "compile.cu"), "-o", str(pathlib.Path(folder) / "compile.cubin")]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def kernels(text):
    """(name, registers, (stack, stores, loads)) of each kernel."""
    name, memory = None, None
    for line in text.splitlines():
        if match := ENTRY.search(line):
            name = short_name(match.group(1))
        elif match := MEMORY.search(line):
            memory = tuple(int(number) for number in match.groups())
        elif (match := REGISTERS.search(line)) and name:
            yield name, int(match.group(1)), memory
            name = None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nvcc", default="nvcc")
    parser.add_argument("--include", default=str(HERE.parent.parent / "include"))
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--arch", nargs="+", default=["sm_75", "sm_80", "sm_90"])
    arguments = parser.parse_args()
    failed, found = False, 0
    for arch in arguments.arch:
        for name, registers, (stack, stores, loads) in kernels(compile_for(arch, arguments)):
            found += 1
            spills = stores + loads > 0
            failed = failed or spills
            verdict = "SPILLS" if spills else "ok"
            print(f"{arch} {verdict:6} {registers:3} registers, {stack} stack, {stores} + {loads} spilled  {name}")
    if found == 0:
        sys.exit("no kernel was compiled")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
