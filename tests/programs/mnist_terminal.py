#!/usr/bin/env python3
"""Tests what mnist shows on a terminal: the status, --show, the progress bar. mnist_terminal.py PROGRAM."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

from harness import ProgramTest, main


class TerminalTest(ProgramTest):
    STATUS = (r"mnist: note: net 784-30-30-10 relu: sizes compiled in, {} engine, cpu, ([A-Z][^,]+|no SIMD), {}, "
              r"float32, (optimised build|build without optimisation)\n")

    def test_status(self):
        self.assertRegex(self.good("--steps", 1, "--threads", 1).stderr, self.STATUS.format("fused", "1 thread"))
        self.assertRegex(self.good("--steps", 1, "--threads", 2, "--engine", "tape").stderr,
                         self.STATUS.format("tape", "2 threads"))

    def captions(self, text):
        return re.findall(r"pred (\d) is (\d)", text)

    def test_show(self):
        done = self.good("--steps", 60, "--show")
        lines = done.stdout.splitlines()
        at = lines.index(f"lab= {self.labels[0]}") + 1
        image = (self.data / "train-images-idx3-ubyte").read_bytes()[16 : 16 + 784]
        lit = [[image[28 * row + column] >= 128 for column in range(28)] for row in range(28)]
        expected = ["".join(" ▄▀█"[2 * upper + lower] for upper, lower in zip(lit[row], lit[row + 1])).rstrip()
                    for row in range(0, 28, 2)]
        self.assertEqual(lines[at : at + 14], expected)
        self.assertEqual(lines[at + 14], "MLP(")
        wrong = re.findall(r"^predicted:(\d), actual:(\d)$", done.stdout, re.M)
        self.assertTrue(wrong)
        self.assertEqual(self.captions(done.stdout), wrong[:64])
        grid = done.stdout[done.stdout.index("pred ") :]
        self.assertGreater(sum(grid.count(block) for block in "▀▄█"), 10)
        self.assertLessEqual(max(map(len, grid.splitlines())), 80)
        self.assertEqual(self.good("--steps", 60).stdout.count("█"), 0)
        self.assertRegex(self.good("--steps", 60, "--show", "--lang", "zh").stdout, r"预测\d 实际\d")

    def on_terminal(self, *options, columns=80, until=None, stdout=False, seconds=60):
        """Standard error (and output) is a terminal; what was written there until the end, or until a SIGINT that
        answers a text that has `until`."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 25, columns, 0, 0))
        process = subprocess.Popen(self.command(*options), env=self.environment(), stderr=slave,
                                   stdout=slave if stdout else subprocess.DEVNULL)
        os.close(slave)
        written, end = b"", time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([master], [], [], 0.2)[0]:
                continue
            try:
                written += os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if until and re.search(until, written):
                process.send_signal(signal.SIGINT)
                until = None
        else:
            process.kill()
        os.close(master)
        return process.wait(timeout=30), written.decode()

    def test_show_is_as_wide_as_the_terminal(self):
        for columns in (34, 52, 200):
            code, text = self.on_terminal("--steps", 0, "--show", columns=columns, stdout=True)
            self.assertEqual(code, 0, text)
            rows = [self.captions(line) for line in text.splitlines() if self.captions(line)]
            self.assertEqual(len(rows[0]), min(columns // 16, 8))
            self.assertEqual(sum(map(len, rows)), 64)

    def test_progress_on_a_terminal(self):
        bar = rb"\rtrain \[#* *\] \d+ %, loss \d[\d.e+-]*, \d[\d.e+]* steps/s, (\d+:)?\d+:\d\d left"
        code, text = self.on_terminal("--steps", 10_000_000, until=bar)
        self.assertEqual(code, 130, text)
        self.assertRegex(text.encode(), bar)
        drawn = text.rindex("train [")
        self.assertIn("\r\x1b[K", text[drawn:])  # and taken away again
        self.assertIn("mnist: note: stopped by SIGINT", text[drawn:])

    def test_progress_fits_in_a_line(self):
        for columns in (20, 60, 80):
            code, text = self.on_terminal("--steps", 10_000_000, columns=columns, until=rb"train .*train .*train ")
            self.assertEqual(code, 130, text)
            drawn = re.findall(r"\r(train [^\r\n\x1b]*)\x1b\[K", text)
            self.assertGreater(len(drawn), 1)
            self.assertLess(max(map(len, drawn)), columns)
            self.assertEqual("[" in drawn[0], columns > 20)

    def test_no_progress_elsewhere(self):
        process = subprocess.Popen(self.command("--steps", 10_000_000), env=self.environment(), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(1)  # five times what a bar on a terminal takes to appear
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143, errors)
        self.assertNotRegex(errors, "[\r\x1b]|train \\[")
        code, text = self.on_terminal("--steps", 2000, "--batch", 100, "--quiet")
        self.assertEqual((code, text), (0, ""))


if __name__ == "__main__":
    main()
