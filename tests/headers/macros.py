#!/usr/bin/env python3
"""macros.py COMPILER ALL_HEADERS FLAG...: the headers leave no macro behind but TINYNET_... and those of the libraries that
they include: what is defined after all of them is held against what is defined after these libraries."""

import pathlib
import re
import subprocess
import sys

compiler, all_headers, *flags = sys.argv[1:]
include = pathlib.Path(__file__).resolve().parents[2] / "include"
headers = re.findall(r"#include <(.*)>", pathlib.Path(all_headers).read_text())
assert len(headers) > 100, f"no list of headers in {all_headers}"


def macros(source):
    command = [compiler, "-std=c++20", "-x", "c++", "-E", "-dM", "-", f"-I{include}", *flags]
    result = subprocess.run(command, input=source, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr)
    return {re.match(r"#define (\w+)", line)[1] for line in result.stdout.splitlines()}


libraries = []
for path in [*include.glob("**/*.hpp")]:
    if str(path.relative_to(include)) in headers:
        libraries += re.findall(r"^#include <((?!tinynet/|stb_).*)>", path.read_text(), re.MULTILINE)
systems = {"windows.h", "io.h", "direct.h", "process.h", "fcntl.h"}  # behind #ifdef
have = []
for name in sorted(set(libraries)):
    test = f"#if !__has_include(<{name}>)\n#error\n#endif\n"
    command = [compiler, "-std=c++20", "-x", "c++", "-E", "-", *flags]
    if name not in systems and not subprocess.run(command, input=test, capture_output=True, text=True).returncode:
        have.append(name)
before = macros("".join(f"#include <{name}>\n" for name in have))
after = macros("".join(f"#include <{name}>\n" for name in headers))
left = sorted(name for name in after - before if not name.startswith("TINYNET_"))
if left:
    sys.exit("the headers leave macros behind: " + " ".join(left))
print(f"{len(headers)} headers leave none but {' '.join(sorted(after - before))}")
