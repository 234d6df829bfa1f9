#!/usr/bin/env python3
"""Reads the PTX that nvcc has left in folders, and fails if a kernel stores nothing: check_stores.py FOLDER...

A constexpr function may run on the GPU, another one not, and nvcc does not always say so if a kernel calls one: it then
takes the call for something that never happens, and leaves nothing of the kernel. Needs no GPU.
"""

import pathlib
import re
import sys

STORE = re.compile(r"\bst\.global")
MEANT_TO_BE_EMPTY = "any_kernel"  # gpus.cuh asks CUDA about it


def main():
    failed = False
    for folder in map(pathlib.Path, sys.argv[1:]):
        files = sorted(folder.glob("*.ptx"))
        kernels = [text for file in files for text in file.read_text().split(".entry ")[1:]]
        if not kernels:
            sys.exit(f"{folder}: no kernel was compiled")
        empty = [kernel.split("(")[0] for kernel in kernels if not STORE.search(kernel)]
        empty = [name for name in empty if MEANT_TO_BE_EMPTY not in name]
        print(f"{folder.name}: {len(kernels)} kernels in {len(files)} files, {len(empty)} that store nothing")
        for name in empty:
            print(f"  {name}")
        failed = failed or bool(empty)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
