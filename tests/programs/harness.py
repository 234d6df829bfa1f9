"""What the tests of the programs share: a small data set, and running a program on it."""

import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
TRAIN, TEST = 300, 600


def write_data(folder, train=TRAIN, test=TEST, side=28, classes=10, seed=1):
    """A folder like MNIST's, where a bright bar says the class. Returns the labels of the training set."""
    numbers = random.Random(seed)
    folder.mkdir(exist_ok=True)
    all_labels = []
    for name, count in (("train", train), ("t10k", test)):
        labels = [numbers.randrange(classes) for _ in range(count)]
        pixels = bytearray()
        for label in labels:
            image = bytearray(numbers.randrange(120) for _ in range(side * side))
            for row in range(2 * label + 4, 2 * label + 6):
                image[row * side + 4 : row * side + 20] = bytes([250] * 16)
            pixels += image
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, side, side) + pixels)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + bytes(labels))
        all_labels.append(labels)
    return all_labels[0]


def read_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {name: (t["dtype"], t["shape"], body[slice(*t["data_offsets"])]) for name, t in header.items()}


class ProgramTest(unittest.TestCase):
    program_name = "mnist"  # as its lines on standard error begin

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="tinynet-"))
        cls.data = cls.folder / "data"
        cls.labels = write_data(cls.data)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def environment(self, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith("TINYNET_")}
        env.update(TINYNET_OFFLINE="1", XDG_CACHE_HOME=str(self.folder / "cache"), CUDA_VISIBLE_DEVICES="")
        env.update(more)
        return env

    def command(self, *options, data=True):
        # Threads that count the same lines of code for the coverage make each other eight times as slow.
        one = ["--threads", "1"] if os.environ.get("TINYNET_TEST_ONE_THREAD") and "--threads" not in options else []
        return [PROGRAM, *(["--data", str(self.data)] if data else []), *one, *map(str, options)]

    def run_program(self, *options, data=True, **more):
        return subprocess.run(self.command(*options, data=data), env=self.environment(**more), capture_output=True,
                              text=True, encoding="utf-8", timeout=300)

    def good(self, *options, **more):
        done = self.run_program(*options, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in done.stderr.splitlines():
            self.assertTrue(line.startswith(f"{self.program_name}: note: "), line)
        return done

    def bad(self, code, text, *options, **more):
        done = self.run_program(*options, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        lines = [line for line in done.stderr.splitlines() if not line.startswith(f"{self.program_name}: note: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith(f"{self.program_name}: error: "), lines[0])
        self.assertIn(text, lines[0])
        return lines[0]

    def losses(self, done):
        return [line.split("loss= ")[1] for line in done.stdout.splitlines() if line.startswith("step= ")]


def main():
    """Runs the calling script's tests on the program that the first argument names."""
    global PROGRAM
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__", verbosity=2)
