#!/usr/bin/env python3
"""Follows "Adding an operation" of CONTRIBUTING.md to the letter, in a copy: contributing.py CXX [FLAG]...

The blocks go where the text before them says, and the new test must pass.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEP = re.compile(r"in\s+(?:the new file )?`([\w/.]+)`(?:,\s+above\s+`([^`]+)`)?,\n\n    ```cpp\n(.*?)    ```\n", re.DOTALL)


def follow(text, tree):
    """Does what the steps say in the folder `tree`; returns the files that were new."""
    made = []
    for name, place, block in STEP.findall(text):
        path, code = tree / name, textwrap.dedent(block)
        if not place:
            if path.exists():
                sys.exit(f"{name} exists already")
            path.write_text(code, encoding="utf-8")
            made.append(path)
            continue
        content = path.read_text(encoding="utf-8")
        if content.count(place) != 1:
            sys.exit(f"{name} has {content.count(place)} places {place!r}, expected one")
        path.write_text(content.replace(place, code + place), encoding="utf-8")
    return made


def main():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    text = text[text.index("## Adding an operation"):]
    with tempfile.TemporaryDirectory(prefix="tinynet-contributing-") as folder:
        tree = pathlib.Path(folder)
        shutil.copytree(ROOT / "include", tree / "include")
        shutil.copytree(ROOT / "tests", tree / "tests")
        made = follow(text, tree)
        if len(made) != 1:
            sys.exit(f"CONTRIBUTING.md makes {len(made)} new files, expected one test")
        program = tree / "program"
        command = [*sys.argv[1:], "-std=c++20", "-I", str(tree / "include"), str(made[0]), str(tree / "tests/main.cpp")]
        for step in ([*command, "-o", str(program), "-pthread"], [str(program)]):
            if subprocess.run(step, check=False).returncode != 0:
                sys.exit(f"failed: {' '.join(step)}")


if __name__ == "__main__":
    main()
