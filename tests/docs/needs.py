#!/usr/bin/env python3
"""What README.md, CONTRIBUTING.md, docs/reference.md and docs/embedding.md say of which header needs which library is what
the headers include, themselves and through one another: no header too few, none too many."""

import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
include = root / "include" / "tinynet"
libraries = {r"zlib\.h": "zlib", "nlohmann/.*": "nlohmann-json", "stb_.*": "stb", r"mpi\.h": "MPI", r"nccl\.h": "NCCL",
             "cuda.*": "CUDA"}
known = {}


def needs(header):
    if header not in known:
        known[header] = set()
        for name in re.findall(r"^#\s*include <(.*)>", (include / header).read_text(), re.MULTILINE):
            if name.startswith("tinynet/"):
                known[header] |= needs(name.removeprefix("tinynet/"))
            known[header] |= {library for pattern, library in libraries.items() if re.fullmatch(pattern, name)}
    return known[header]


def headers_in(text):
    return [name.removeprefix("tinynet/") for name in re.findall(r"`([\w/]+\.(?:hpp|cuh))`", text)]


def libraries_in(text):
    return {name for name in libraries.values() if re.search(rf"\b{name}\b", text)}


def said_in_table(page, column):
    said = {}
    for line in (root / page).read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and libraries_in(cells[column]):
            said.update({header: libraries_in(cells[column]) for header in headers_in(cells[0])})
    return said


def said_in_sentence(page, begin, end, library_first):
    """Headers and then their library, or the other way round: `a`, `b` and `c` LIBRARY, `d` OTHER."""
    text = re.search(re.escape(begin) + ".*?" + re.escape(end), (root / page).read_text(), re.DOTALL)
    assert text, f"{page}: no sentence '{begin} ... {end}'"
    names = r"`[^`]+`(?:(?:,| and|, and)\s+`[^`]+`)*"
    library = "|".join(libraries.values())
    words = rf"(?P<library>(?:{library})(?:(?: with| and|,) (?:{library}))*)"
    pattern = rf"{words}\s+(?:is needed )?by\s+(?P<names>{names})" if library_first else rf"(?P<names>{names})\s+{words}"
    said = {}
    for found in re.finditer(pattern, text[0]):
        said.update({header: libraries_in(found["library"]) for header in headers_in(found["names"])})
    return said


# What a program includes; the rest is for these to include.
inner = {"io/safetensors_header.hpp", "plot/stb_image_write.hpp"}
public = {}
for path in sorted([*include.glob("**/*.hpp"), *include.glob("**/*.cuh")]):
    header = str(path.relative_to(include))
    if needs(header) and header not in inner and not header.startswith("cuda/"):
        public[header] = needs(header)

wrong = []


def check(page, said, only=None):
    expected = {header: public[header] for header in only} if only else public
    for header in sorted({*said, *expected}):
        found, right = said.get(header, set()), needs(header) if (include / header).exists() else None
        if found != right:
            wrong.append(f"{page}: {header} needs {right}, not {found}")


sentence = ["data/mnist.hpp", "io/safetensors.hpp", "plot/html.hpp", "plot/png.hpp", "plot/text.hpp", "dist/mpi.hpp"]
check("docs/reference.md", said_in_table("docs/reference.md", 2))
check("docs/embedding.md", said_in_table("docs/embedding.md", 1))
check("README.md", said_in_sentence("README.md", "Each header says what it needs", "MPI.", False), sentence)
check("CONTRIBUTING.md", said_in_sentence("CONTRIBUTING.md", "The core needs Eigen alone.", ": only who", True),
      sentence + ["data/gzip.hpp", "dist/nccl.cuh"])
for header in public:  # each header says it itself, or another one for it
    comment = "".join(re.match(r"(?://.*\n)*", (include / header).read_text())[0].replace("\n//", "").splitlines())
    said = libraries_in(comment[comment.find("Needs"):]) if "Needs" in comment else None
    if said is not None and said != public[header]:
        wrong.append(f"{header}: its first lines say that it needs {said}, not {public[header]}")
if wrong:
    sys.exit("\n".join(wrong))
print(f"{len(public)} headers need what is said")
