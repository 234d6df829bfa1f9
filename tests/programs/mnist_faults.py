#!/usr/bin/env python3
"""What the machine does to a run of mnist: full disks, short memory, impatient users, clocks that jump.

    mnist_faults.py PATH/TO/mnist
"""

import json
import os
import resource
import signal
import subprocess
import sys
import time
import unittest

import harness
import small_disk

ROOM = small_disk.why_not()


class Faults(harness.ProgramTest):
    def limited(self, which, limit, *options, **more):
        """Runs the program with a limit of the system's. What it has run is not to be written down then."""
        env = self.environment(LLVM_PROFILE_FILE=os.devnull)
        return subprocess.run(self.command(*options), env=env, capture_output=not more, text=True,
                              timeout=120, preexec_fn=lambda: resource.setrlimit(which, (limit, limit)), **more)

    def check_io_error(self, done, text):
        self.assertEqual(done.returncode, 4, done.stderr)
        last = done.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("mnist: error: "), done.stderr)
        self.assertIn(text, last)

    @unittest.skipIf(ROOM, ROOM)
    def test_a_full_disk_is_found_before_training(self):
        disk = self.folder / "full"
        disk.mkdir()
        for option, name in (("--save", "weights"), ("--checkpoint", "checkpoint"), ("--metrics", "losses.csv"),
                             ("--metrics", "losses.jsonl"), ("--out", "report")):
            with self.subTest(option):
                done, left = small_disk.run("full", disk, self.command("--steps", 1000000, option, disk / name),
                                            env=self.environment())
                self.check_io_error(done, "No space left on device")
                self.assertIn(name, done.stderr)
                self.assertEqual((done.stdout, left), ("", []))

    @unittest.skipIf(ROOM, ROOM)
    def test_a_disk_closed_to_writing_is_found_before_training(self):
        disk = self.folder / "closed"
        disk.mkdir()
        for option in ("--save", "--checkpoint", "--out"):
            with self.subTest(option):
                done, _ = small_disk.run("read-only", disk, self.command("--steps", 1000000, option, disk / "name"),
                                         env=self.environment())
                self.check_io_error(done, "Read-only file system")
                self.assertEqual(done.stdout, "")

    def test_a_sticky_folder_with_another_users_file(self):
        """As in /tmp: one may write to the file, but put no other one in its place."""
        if os.name != "posix" or os.geteuid() != 0:
            self.skipTest("only root can become somebody else")
        somebody = lambda: os.setuid(65534)
        run = lambda *options: subprocess.run(self.command(*options), env=self.environment(LLVM_PROFILE_FILE=os.devnull),
                                              capture_output=True, text=True, timeout=120, preexec_fn=somebody)
        self.folder.chmod(0o755)
        folder, file = self.folder / "sticky", self.folder / "sticky" / "file"
        folder.mkdir()
        folder.chmod(0o1777)
        file.write_bytes(b"old")
        file.chmod(0o666)
        try:
            if run("--version").returncode != 0:
                self.skipTest("others may not run this program")
        except PermissionError:
            self.skipTest("others may not reach this program")
        done = run("--steps", 1000000, "--save", file)
        self.check_io_error(done, "file: cannot be replaced")
        self.assertEqual((done.stdout, file.read_bytes()), ("", b"old"))
        file.chmod(0o644)
        os.chown(file, 65534, -1)  # one's own
        self.assertEqual(run("--steps", 1, "--save", file).returncode, 0)

    def test_a_file_that_may_not_grow(self):
        """`ulimit -f`: the system's signal for it must not end the program."""
        folder = self.folder / "limited"
        folder.mkdir()
        for options in (["--save", folder / "w"], ["--checkpoint", folder / "c"], ["--metrics", folder / "m.csv"],
                        ["--out", folder / "o"]):
            for limit in (0, 20000):
                with self.subTest(options=options, limit=limit):
                    done = self.limited(resource.RLIMIT_FSIZE, limit, "--steps", 3000, "--batch", 1, "--hidden", "8",
                                        "--scale", 0.001, *options)
                    self.check_io_error(done, "File too large")
                    self.assertEqual([p.name for p in folder.rglob("*.tmp")], [])
                    self.assertFalse((folder / "w").exists() or (folder / "c").exists())
        with open(self.folder / "output", "wb") as output:
            done = self.limited(resource.RLIMIT_FSIZE, 100, "--steps", 50, "--log-every", 1, stdout=output,
                                stderr=subprocess.PIPE)
        self.check_io_error(done, "standard output cannot be written: File too large")

    def is_slow(self):
        """Whether the program has a sanitizer in it, which needs more memory than this."""
        return self.limited(resource.RLIMIT_AS, 1 << 30, "--version").returncode != 0

    def test_any_limit_of_memory(self):
        """Too little memory is an error of one line, wherever in the run it is too little; no file is half there."""
        if sys.platform != "linux":
            self.skipTest("not every system holds a process to such a limit")
        kilobyte = 1024
        folder = self.folder / "memory"
        folder.mkdir()
        weights, checkpoint = folder / "weights", folder / "checkpoint"
        options = ["--steps", 2, "--threads", 2, "--save", weights, "--checkpoint", checkpoint, "--out", folder / "out"]

        def run(kilobytes, *what):
            return self.limited(resource.RLIMIT_AS, kilobytes * kilobyte, *what)

        def least(good, bad, *what):
            while good - bad > 64:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if run(middle, *what).returncode == 0 else (good, middle)
            return good

        if self.is_slow():
            self.skipTest("this program does not even start in 1 GiB (a sanitizer needs more)")
        starts = least(1 << 20, 1, "--version")
        self.assertEqual(run(1 << 22, *options).returncode, 0)
        whole = {path: path.read_bytes() for path in (weights, checkpoint)}
        enough = least(1 << 22, starts, *options)
        codes = []
        for i in range(60):
            for path in whole:
                path.write_bytes(b"old")
            limit = starts + (enough - starts) * i // 59
            done = run(limit, *options)
            codes.append(done.returncode)
            with self.subTest(limit=limit):
                if done.returncode != 0:
                    self.check_io_error(done, "")
                    self.assertRegex(done.stderr.splitlines()[-1], "memory|thread|Cannot allocate|cannot run")
                for path, content in whole.items():
                    self.assertIn(path.read_bytes(), (b"old", content))
                self.assertEqual([p.name for p in folder.rglob("*.tmp")], [])
        self.assertIn(4, codes)
        self.assertEqual(codes[-1], 0)

    def test_a_second_signal_ends_the_program_at_once(self):
        weights = self.folder / "weights"
        hidden = "60,60" if self.is_slow() else "800,600"  # a step takes some seconds
        for which in (signal.SIGINT, signal.SIGTERM):
            weights.write_bytes(b"old")
            with self.subTest(which), subprocess.Popen(
                    self.command("--dataset", "synthetic", "--hidden", hidden, "--threads", 1, "--log-every", 1,
                                 "--save", weights, "--checkpoint", self.folder / "checkpoint", data=False),
                    env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
                for line in run.stdout:
                    if line.startswith("step= 0"):
                        break
                run.send_signal(which)
                time.sleep(0.1)
                run.send_signal(which)
                run.communicate(timeout=60)
                self.assertEqual(run.returncode, -which)
            self.assertEqual(weights.read_bytes(), b"old")
            self.assertEqual([p.name for p in self.folder.glob("*.tmp")], [])
            # Had the step just ended, the checkpoint may be there: whole.
            if (self.folder / "checkpoint").exists():
                self.assertIn("lo.bias", harness.read_safetensors(self.folder / "checkpoint"))

    def test_a_clock_that_jumps_back(self):
        library = os.environ.get("TINYNET_JUMPING_CLOCK", "")
        if not os.path.exists(library):
            self.skipTest("TINYNET_JUMPING_CLOCK is not the library made of jumping_clock.cpp")
        # A sanitizer's own library wants to be the first.
        jumping = {"LD_PRELOAD": library, "ASAN_OPTIONS": "verify_asan_link_order=0"}
        times = subprocess.run([sys.executable, "-c", "import time; print(time.time()); print(time.time())"],
                               env={**os.environ, **jumping}, capture_output=True, text=True).stdout.split()
        self.assertGreater(float(times[0]), float(times[1]) + 3000)
        folder = self.folder / "clock"
        start = time.monotonic()
        done = self.good("--steps", 500, "--out", folder, **jumping)
        most = time.monotonic() - start
        self.assertLess(0, float(done.stdout.split("running time=")[1].split("s")[0]))
        run = json.loads((folder / "run.json").read_text())
        self.assertTrue(0 < run["seconds"] < most, run["seconds"])


if __name__ == "__main__":
    harness.main()
