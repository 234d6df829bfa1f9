#!/usr/bin/env python3
"""Prints the targets that some tests need, a line each: needed_targets.py BUILD [argument of ctest]...

The arguments choose tests as ctest's do (-R, -E, -L, --preset, ...). A test needs what its command and its environment
name of the files that ninja builds in BUILD; ninja takes these paths for targets.
"""

import json
import os
import subprocess
import sys


def main():
    build, arguments = os.path.abspath(sys.argv[1]), sys.argv[2:]
    shown = subprocess.run(["ctest", *arguments, "--show-only=json-v1"], capture_output=True, text=True, check=False)
    if shown.returncode != 0:
        sys.exit(shown.stderr)
    rules = subprocess.run(["ninja", "-C", build, "-t", "targets", "all"], capture_output=True, text=True, check=True)
    known = {line.rsplit(": ", 1)[0] for line in rules.stdout.splitlines()}
    needed = set()
    for test in json.loads(shown.stdout)["tests"]:
        words = list(test.get("command", []))
        for property in test.get("properties", []):
            if property["name"] == "ENVIRONMENT":
                words += [text.split("=", 1)[-1] for text in property["value"]]
        for word in words:
            path = os.path.relpath(word, build) if os.path.isabs(word) else ""
            needed.update({path} & known)
    print(*sorted(needed), sep="\n", end="\n" if needed else "")


if __name__ == "__main__":
    main()
