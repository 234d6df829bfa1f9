#!/usr/bin/env python3
"""Compiles the tests of a GPU to PTX and fails if a kernel of theirs stores nothing.

A constexpr function may run on the GPU, another one not, and nvcc does not always say so if a kernel calls one: it then
takes the call for something that never happens, and leaves nothing of the kernel. Needs nvcc, not a GPU.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STORE = re.compile(r"\bst\.global")
MEANT_TO_BE_EMPTY = "any_kernel"  # gpus.cuh asks CUDA about it


def ptx_of(source, arguments):
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "kernels.ptx"
        command = [arguments.nvcc, "-std=c++20", "--expt-relaxed-constexpr", "-diag-suppress", "3189,20011,20012"]
        command += ["-I", arguments.include, "-isystem", arguments.eigen, f"-arch={arguments.arch}", "-ptx"]
        result = subprocess.run(command + [str(HERE / source), "-o", str(output)], capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            sys.exit(f"{' '.join(command)} {source}\n{result.stdout}{result.stderr}")
        return output.read_text()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nvcc", default="nvcc")
    parser.add_argument("--include", default=str(HERE.parent.parent / "include"))
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--arch", default="sm_90")
    arguments = parser.parse_args()
    failed = False
    for source in ["gpu_tape.cu", "gpu_nets.cu"]:
        kernels = ptx_of(source, arguments).split(".entry ")[1:]
        if not kernels:
            sys.exit(f"{source}: no kernel was compiled")
        empty = [kernel.split("(")[0] for kernel in kernels if not STORE.search(kernel)]
        empty = [name for name in empty if MEANT_TO_BE_EMPTY not in name]
        print(f"{source}: {len(kernels)} kernels, {len(empty)} that store nothing")
        for name in empty:
            print(f"  {name}")
        failed = failed or bool(empty)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
