#!/usr/bin/env python3
"""Tests the scripts examples/*/run.sh, with a cmake that only says what it was asked for: run_scripts.py REPOSITORY."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

REPOSITORY = pathlib.Path()

# Stands for cmake: what it is asked to build becomes a script that prints its arguments.
CMAKE = """#!{python}
import json, os, pathlib, sys
arguments, here = sys.argv[1:], pathlib.Path.cwd()
with open(os.environ["CALLS"], "a") as calls:
    print(json.dumps(arguments), file=calls)
if arguments == ["--version"]:
    print("cmake version 3.25.1")
elif "--build" in arguments:
    preset = arguments[arguments.index("--preset") + 1]
    presets = json.loads((here / "CMakePresets.json").read_text())
    build = next(p for p in presets["buildPresets"] if p["name"] == preset)
    for target in build["targets"]:
        program = here / "build" / build["configurePreset"] / "examples" / target / target
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text('#!/bin/sh\\nprintf "%s|" "${{0##*/}}" "$@"\\n')
        program.chmod(0o755)
"""


class RunScripts(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tinynet-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.clone, self.tools = self.folder / "a clone", self.folder / "tools"
        shutil.copytree(REPOSITORY / "scripts", self.clone / "scripts")
        shutil.copy(REPOSITORY / "CMakePresets.json", self.clone)
        for script in REPOSITORY.glob("examples/*/run.sh"):
            (self.clone / script.relative_to(REPOSITORY)).parent.mkdir(parents=True)
            shutil.copy(script, self.clone / script.relative_to(REPOSITORY))
        self.tools.mkdir()
        self.tool("cmake", CMAKE.format(python=sys.executable))
        self.tool("ninja", "#!/bin/sh\nexit 0\n")
        # Every header is there; nothing is installed.
        self.tool("c++", "#!/bin/sh\ncat >/dev/null\n")
        self.tool("apt-get", "#!/bin/sh\nexit 1\n")

    def tool(self, name, text):
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def run_script(self, name, *arguments, **more):
        environment = {k: v for k, v in os.environ.items() if k not in ("CXX", "CC", "CMAKE_PREFIX_PATH")}
        environment.update(PATH=f"{self.tools}:{os.environ['PATH']}", CALLS=str(self.folder / "calls"), **more)
        return subprocess.run([self.clone / "examples" / name / "run.sh", *arguments], env=environment, cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                              preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN), restore_signals=False)

    def calls(self):
        return [json.loads(line) for line in (self.folder / "calls").read_text().splitlines()]

    def test_each_program_is_built_and_gets_the_arguments(self):
        for name in ("mnist", "sweep"):
            done = self.run_script(name, "--hidden", "30,30;64", "--out", "a folder", "")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout, f"{name}|--hidden|30,30;64|--out|a folder||")
        again = self.run_script("sweep", "--help")
        self.assertEqual((again.returncode, again.stdout), (0, "sweep|--help|"), again.stderr)

    def test_one_builds_nothing_of_the_other(self):
        self.run_script("sweep")
        self.assertEqual([path.name for path in self.clone.glob("build/*/examples/*")], ["sweep"])

    def test_readme_names_scripts_that_are_there(self):
        for page in ("README.md", "README.zh.md"):
            words = (REPOSITORY / page).read_text(encoding="utf-8").split()
            commands = {word.strip("`") for word in words if word.strip("`").endswith("run.sh")}
            self.assertIn("examples/sweep/run.sh", commands, page)
            for command in commands:
                self.assertTrue(os.access(REPOSITORY / command, os.X_OK), f"{page}: {command}")

    def test_a_compiler_that_reads_nothing_is_no_broken_pipe(self):
        """SIGPIPE is ignored under systemd and by some continuous integration; writing is an error then."""
        self.tool("c++", "#!/bin/sh\nexec <&-\nexit 1\n")
        for name in ("mnist", "sweep"):
            done = self.run_script(name)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("please install", done.stderr)
            self.assertNotIn("Broken pipe", done.stderr)
            self.assertNotIn("write error", done.stderr)


if __name__ == "__main__":
    REPOSITORY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main(module="__main__", verbosity=2)
