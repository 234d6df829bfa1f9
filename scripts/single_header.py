#!/usr/bin/env python3
"""Writes tinynet.hpp, the whole library that needs nothing but Eigen, as one file: single_header.py OUTPUT.

It is include/tinynet/tinynet.hpp with every header of tinynet's put in place of the first #include of it.
"""

import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r"#include <(tinynet/[\w/.]+)>")
VERSION = re.compile(r'version = "([\d.]+)"')


def inline(name, seen):
    """The lines of a header, and of those that it includes and that are not in `seen` yet."""
    seen.add(name)
    for line in (ROOT / "include" / name).read_text(encoding="utf-8").splitlines():
        if match := INCLUDE.fullmatch(line.strip()):
            if match[1] not in seen:
                yield from inline(match[1], seen)
        elif line != "#pragma once":
            yield line


def single_header():
    """The text of the one file."""
    version = VERSION.search((ROOT / "include/tinynet/core/version.hpp").read_text(encoding="utf-8"))
    if version is None:
        sys.exit("single_header.py: include/tinynet/core/version.hpp has no version")
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8").rstrip().splitlines()
    lines = [f"// tinynet {version[1]} in one file, made by scripts/single_header.py; needs Eigen 3.4 or later and C++20.", "//"]
    lines += [f"// {line}".rstrip() for line in licence]
    lines += ["#pragma once", "", *inline("tinynet/tinynet.hpp", set())]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=pathlib.Path)
    arguments = parser.parse_args()
    try:
        arguments.output.write_text(single_header(), encoding="utf-8")
    except OSError as error:
        sys.exit(f"single_header.py: {error.filename}: {error.strerror}")


if __name__ == "__main__":
    main()
