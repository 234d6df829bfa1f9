#!/usr/bin/env python3
"""Compiles and runs the C++ in the pages of docs/, and compares what they print with what the pages show.

    check_docs.py [--full] [--keep DIR] [--cxx COMMAND] [--flag FLAG]... [--include DIR]... [PAGE.md...]

Without pages it takes all. --full runs trainings as long as the page says (else as `quick` says, see below). Every
```cpp block is checked; what else a page may say to this program (in comments, which the site does not show):

    ```cpp title="NAME.cpp"      begins the program NAME.cpp; blocks without a title go on with it. #include and
                                 `namespace x = ...;` go to its top, blocks that begin with `template`, `struct`,
                                 `class`, `inline` or `constexpr`, or that have main, stay as they are, all else goes
                                 into main in order
    ```text title="Output"       what the program prints from there on ("..." stands for any lines). Numbers with a
                                 point may be 1 % off, all else must be the same
    <!-- cpp                     code that is not shown, up to -->; right before a block with a title it belongs to that
    <!-- rows -->                before a table: each `code` in its last column is a statement of the program
    <!-- quick: A => B -->       before a block: without --full, B takes A's place in it, and of the outputs only the
                                 next is compared, up to its first "...", if it has one
    <!-- flags: ... -->          before a block with a title: more flags for this program
    <!-- must not compile -->    before a block: it alone does not compile, and the compiler says the lines of the next
                                 ```text block
    <!-- not compiled: WHY -->   before a block that is left out

A program that includes dist/mpi.hpp is compiled by mpicxx and run as two processes by mpirun; where these are not, it is
left out, which is said.

A program that mentions data/mnist finds there MNIST, if $TINYNET_DATA is MNIST; else pictures of bars, and then outputs
are not compared. PAGE.zh.md must have the code of PAGE.md but for comments, and the same outputs.
"""

import argparse
import dataclasses
import gzip
import math
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
FLAGS = "-std=c++20 -O2 -Wall -Wextra -Wpedantic -Werror".split()
FILE_SCOPE = re.compile(r"\s*(template|struct|class|inline|constexpr)\b")
MAIN = re.compile(r"^int main\b", re.M)
TOP = re.compile(r"\s*(#include|namespace \w+ = )")
MNIST_BEGINS = bytes([5, 0, 4, 1, 9, 2, 1, 3, 1, 4])  # the first training labels


class Mistake(Exception):
    """In a page, or in what a program of it does."""


@dataclasses.dataclass
class Block:
    line: int
    kind: str  # cpp, hidden, rows, output or error
    code: str
    title: str = ""
    quick: str = ""
    flags: str = ""


@dataclasses.dataclass
class Program:
    name: str
    flags: list = dataclasses.field(default_factory=list)
    top: list = dataclasses.field(default_factory=list)
    outside: list = dataclasses.field(default_factory=list)
    inside: list = dataclasses.field(default_factory=list)
    outputs: list = dataclasses.field(default_factory=list)
    shortened: bool = False

    def add(self, block, page, code):
        """Sorts a block's lines into the program's parts; returns those that are neither top nor empty."""
        rest = []
        for line in code.splitlines():
            if TOP.match(line):
                if line.strip() not in self.top:
                    self.top.append(line.strip())
                rest.append("")
            else:
                rest.append(line)
        first = next((r for r in rest if r.strip() and not r.lstrip().startswith("//")), "")
        part = self.outside if FILE_SCOPE.match(first) or MAIN.search(code) else self.inside
        if first:
            part.append(f'#line {block.line + 1} "{page}"\n' + "\n".join(rest))

    def needs_mpi(self):
        return "#include <tinynet/dist/mpi.hpp>" in self.top

    def source(self):
        text = "\n".join(self.top + self.outside) + "\n"
        if any(MAIN.search(part) for part in self.outside):
            if self.inside:
                raise Mistake(f"{self.name} has a main of its own and statements outside of it")
            return text
        return text + "int main() {\n" + "\n".join(self.inside) + "\n}\n"


def blocks_of(page):
    """The blocks of a page that this program looks at, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    blocks, note, quick, flags, i = [], "", "", "", 0

    def until(end):
        nonlocal i
        start = i = i + 1
        while i < len(lines) and lines[i].strip() != end:
            i += 1
        if i == len(lines):
            raise Mistake(f"{page.name}:{start}: no {end} to the end")
        return "\n".join(lines[start:i])

    while i < len(lines):
        at, line = i + 1, lines[i].strip()
        if line == "<!-- cpp":
            blocks.append(Block(at, "hidden", until("-->")))
        elif line.startswith("```"):
            title = re.search(r'title="([^"]*)"', line)
            title = title.group(1) if title else ""
            indent = len(lines[i]) - len(lines[i].lstrip())
            code = "\n".join(row[indent:] for row in until("```").split("\n"))
            if re.match(r"```cpp\b", line):
                if note != "not compiled":
                    kind = "error" if note == "must not compile" else "cpp"
                    blocks.append(Block(at, kind, code, title, quick, flags))
            elif re.match(r"```text\b", line) and (title in ("Output", "输出") or blocks and blocks[-1].kind == "error"):
                blocks.append(Block(at, "output", code))
            note = quick = flags = ""
        elif match := re.fullmatch(r"<!-- (quick|flags|not compiled): (.+) -->", line):
            word, text = match.groups()
            quick, flags = (text, flags) if word == "quick" else (quick, text) if word == "flags" else (quick, flags)
            note = word if word == "not compiled" else note
        elif match := re.fullmatch(r"<!-- (must not compile|rows) -->", line):
            note = match.group(1)
        elif line.startswith("|") and note == "rows":
            code = []
            while i < len(lines) and lines[i].strip().startswith("|"):
                cell = re.split(r"(?<!\\)\|", lines[i].strip())[-2]
                code += ["{ " + text.replace("\\|", "|") + " }" for text in re.findall(r"`([^`]+)`", cell)] or [""]
                i += 1
            blocks.append(Block(at - 1, "rows", "\n".join(code)))
            note = ""
        elif line.startswith("<!--"):
            raise Mistake(f"{page.name}:{at}: what does this comment mean? {line}")
        i += 1
    return blocks


def same_word(shown, printed):
    """Equal, or numbers that differ by 1 % at most (those without a point must be equal)."""
    if shown == printed:
        return True
    number = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")
    if number.sub("#", shown) != number.sub("#", printed):
        return False
    pairs = zip(number.findall(shown), number.findall(printed))
    return all(
        a == b or (("." in a + b or "e" in a + b) and math.isclose(float(a), float(b), rel_tol=0.01, abs_tol=1e-12))
        for a, b in pairs
    )


def same_line(shown, printed):
    a, b = shown.split(), printed.split()
    return len(a) == len(b) and all(map(same_word, a, b))


def compare(shown, printed, start, where):
    """Finds the lines that a page shows in what was printed, from line `start` on; returns where they end."""
    position, skip = start, False
    for line in shown:
        if line.strip() == "...":
            skip = True
            continue
        while skip and position < len(printed) and not same_line(line, printed[position]):
            position += 1
        if position == len(printed) or not same_line(line, printed[position]):
            found = repr(printed[position]) if position < len(printed) else "the end"
            raise Mistake(f"{where}: the page shows {line!r}, the program prints {found}")
        position, skip = position + 1, False
    return len(printed) if skip else position


def first_labels(folder):
    for name in ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte", "train_labs"):
        for opener, path in ((open, folder / name), (gzip.open, folder / f"{name}.gz")):
            if path.exists():
                with opener(path, "rb") as file:
                    return file.read(18)[8:]
    return b""


def prepare_mnist(folder):
    """Puts a data set where the pages have theirs; returns whether it is MNIST."""
    target = folder / "data" / "mnist"
    target.parent.mkdir(parents=True, exist_ok=True)
    data = os.environ.get("TINYNET_DATA", "")
    if data and pathlib.Path(data).is_dir():
        target.symlink_to(pathlib.Path(data).resolve())
        return first_labels(target) == MNIST_BEGINS
    sys.path.insert(0, str(ROOT / "tests" / "programs"))
    import harness

    harness.write_data(target, train=2000, test=600)
    return False


class Checker:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.is_mnist = None
        # The compiler of mpicxx (Open MPI's, MPICH's); and for Open MPI that we may be root, with few processors.
        self.environment = {**os.environ, "OMPI_CXX": options.cxx, "MPICH_CXX": options.cxx, "OMPI_ALLOW_RUN_AS_ROOT": "1",
                            "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1"}

    def compile(self, program):
        source = self.folder / program.name
        source.write_text(program.source(), encoding="utf-8")
        executable = self.folder / pathlib.Path(program.name).stem
        compiler = ["mpicxx"] if program.needs_mpi() else shlex.split(self.options.cxx)
        command = compiler + FLAGS + self.options.flag
        command += ["-I", str(ROOT / "include"), "-I", str(self.folder)]
        for directory in self.options.include:
            command += ["-isystem", directory]
        command += program.flags + [str(source), "-o", str(executable), "-pthread", "-lz"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=600, check=False)
        return executable, done

    def run(self, program, page):
        mpi = program.needs_mpi()
        if mpi and not (shutil.which("mpicxx") and shutil.which("mpirun")):
            return "left out, there is no MPI"
        executable, done = self.compile(program)
        if done.returncode != 0:
            raise Mistake(f"{page}: {program.name} does not compile:\n{done.stderr}")
        data = "data/mnist" in (self.folder / program.name).read_text(encoding="utf-8")
        if data and self.is_mnist is None:
            self.is_mnist = prepare_mnist(self.folder)
            if not self.is_mnist:
                print(f"{page}: MNIST is not at hand ($TINYNET_DATA): what is printed is not compared")
        ran = subprocess.run(
            [*(["mpirun", "-n", "2"] if mpi else []), executable],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=1200, check=False
        )
        if ran.returncode != 0:
            raise Mistake(f"{page}: {program.name} ends with {ran.returncode}:\n{ran.stdout[-2000:]}{ran.stderr}")
        if self.options.print:
            print(ran.stdout)
        if data and not self.is_mnist:
            return "run"
        position = 0
        for block in program.outputs:
            shown = block.code.split("\n")
            quick = block.quick == "quick"
            if quick:
                shown = shown[: shown.index("...")] if "..." in shown else []
            position = compare(shown, ran.stdout.splitlines(), position, f"{page}:{block.line}")
            if quick:
                return "run, compared in part (all of it: --full)"
        return f"run, {len(program.outputs)} outputs compared"

    def must_not_compile(self, top, block, text, page):
        program = Program("must_not_compile.cpp", top=list(top))
        program.add(block, page, block.code)
        said = " ".join(self.compile(program)[1].stderr.split())
        if not said:
            raise Mistake(f"{page}:{block.line}: this compiles")
        for line in text.code.splitlines():
            if " ".join(line.split()) not in said:
                raise Mistake(f"{page}:{block.line}: the compiler does not say {line!r}:\n{said[:3000]}")

    def check(self, path):
        page = path.name
        blocks = blocks_of(path)
        programs, errors = [], []
        for index, block in enumerate(blocks):
            # Hidden code right before a block with a title is of the program that begins there.
            named = blocks[index + 1] if block.kind == "hidden" and index + 1 < len(blocks) else block
            begun = index > 0 and blocks[index - 1].kind == "hidden" and programs and programs[-1].name == block.title
            if named.title and not begun or (not programs and block.kind in ("cpp", "hidden", "rows")):
                programs.append(Program(named.title or f"{path.stem}.cpp", shlex.split(named.flags)))
            if block.kind in ("cpp", "hidden", "rows"):
                code = block.code
                if block.quick and not self.options.full:
                    before, after = block.quick.split(" => ")
                    if before not in code:
                        raise Mistake(f"{page}:{block.line}: {before!r} is not in the block")
                    code = code.replace(before, after)
                    programs[-1].shortened = True
                programs[-1].add(block, page, code)
            elif block.kind == "error":
                if index + 1 == len(blocks) or blocks[index + 1].kind != "output":
                    raise Mistake(f"{page}:{block.line}: no ```text block with the compiler's words follows")
                errors.append((list(programs[-1].top) if programs else [], block, blocks[index + 1]))
            elif block.kind == "output" and blocks[index - 1].kind != "error":
                if not programs:
                    raise Mistake(f"{page}:{block.line}: an output without a program")
                block.quick = "quick" if programs[-1].shortened else ""
                programs[-1].outputs.append(block)
        for program in programs:
            print(f"{page}: {program.name}: {self.run(program, page)}", flush=True)
        for top, block, text in errors:
            self.must_not_compile(top, block, text, page)
            print(f"{page}:{block.line}: does not compile, as it should", flush=True)


def bare(block):
    """A block without comments, for the comparison of languages."""
    if block.kind == "output":
        return block.kind, block.code
    lines = (re.sub(r"\s*//.*$", "", line) for line in block.code.splitlines())
    return block.kind, block.title, "\n".join(line for line in lines if line.strip())


def check_translation(path):
    original = path.with_name(path.name.replace(".zh.md", ".md"))
    ours, theirs = blocks_of(path), blocks_of(original)
    for a, b in zip(ours, theirs):
        if bare(a) != bare(b):
            raise Mistake(f"{path.name}:{a.line}: not the code (or output) of {original.name}:{b.line}")
    if len(ours) != len(theirs):
        raise Mistake(f"{path.name} has {len(ours)} blocks, {original.name} {len(theirs)}")
    print(f"{path.name}: {len(ours)} blocks, the same as {original.name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", type=pathlib.Path)
    parser.add_argument("--full", action="store_true", help="run everything as long as the pages say")
    parser.add_argument("--print", action="store_true", help="print what the programs print")
    parser.add_argument("--keep", type=pathlib.Path, help="work in this folder, and leave it")
    parser.add_argument("--cxx", default=os.environ.get("CXX", "g++"))
    parser.add_argument("--flag", action="append", default=[])
    parser.add_argument("--include", action="append", default=[])
    options = parser.parse_args()
    if not options.include:
        options.include = [d for d in ("/usr/include/eigen3", "/usr/include/stb") if os.path.isdir(d)]
    try:
        for page in options.pages or sorted(DOCS.glob("*.md")):
            if page.name.endswith(".zh.md"):
                check_translation(page)
                continue
            if options.pages and not blocks_of(page):
                print(f"skipped: nothing in {page.name} is compiled")
                return 77
            with tempfile.TemporaryDirectory(prefix="tinynet-docs-") as temporary:
                folder = options.keep or pathlib.Path(temporary)
                folder.mkdir(parents=True, exist_ok=True)
                Checker(options, folder).check(page)
    except Mistake as mistake:
        print(mistake, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
