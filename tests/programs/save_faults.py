#!/usr/bin/env python3
"""Kills mnist at every system call of a save, lets every one fail, and kills trainings: save_faults.py PROGRAM.

strace makes the faults; where it is missing, the tests that need it are left out. TINYNET_KILLS says how many
trainings are killed at a random moment (20).
"""

import errno
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time
import typing
import unittest

import harness

KILLS = int(os.environ.get("TINYNET_KILLS", "20"))
OPTIONS = ("--save", "--checkpoint")


class Call(typing.NamedTuple):
    """A system call of a run: the number-th of its name."""

    name: str
    number: int
    text: str

    def __str__(self):
        return f"{self.name} number {self.number}, {self.text[:150]}"

    def is_on_new_file(self):
        return ".tmp" in self.text


class SavingTest(harness.ProgramTest):
    """A folder with nothing but the file that is saved, which tells the system calls of saving from others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        harness.write_data(cls.data, train=40, test=20)
        cls.out = cls.folder / "out"
        cls.target = cls.out / "file"

    def start_with(self, content=None):
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        if content is not None:
            self.target.write_bytes(content)

    def names(self):
        """What is there, but for the checkpoint before the newest one, which is whole at any time."""
        before = self.out / (self.target.name + ".previous")
        if before.exists():
            self.assertIn("l1.weight", harness.read_safetensors(before))
        return sorted(path.name for path in self.out.iterdir() if path != before)

    def save(self, option, steps=2):
        """The options of a run that saves once, at its end."""
        return ("--quiet", "--threads", 1, "--hidden", "8", "--steps", steps, option, self.target)

    def old_and_new(self, option):
        """What is in the file before, and what save(option) leaves there. Both can be loaded."""
        contents = []
        for steps in (1, 2):
            self.start_with()
            self.good(*self.save(option, steps))
            contents.append(self.target.read_bytes())
            if option == "--save":
                self.good("--quiet", "--hidden", "8", "--steps", 0, "--init", self.target)
            else:
                self.good("--quiet", "--hidden", "8", "--steps", 3, "--resume", self.target)
        self.assertNotEqual(*contents)
        return contents

    def check_failed(self, done):
        """One line that names the file, and code 4."""
        self.assertEqual((done.returncode, done.stdout), (4, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(f"mnist: error: {self.target}", done.stderr)


class FullDisk(SavingTest):
    def test_a_file_that_may_not_grow_that_far(self):
        """The system writes what fits, and refuses the rest: short writes, then errors."""
        for option in OPTIONS:
            old, new = self.old_and_new(option)
            for limit in (0, 1, 8, 9, len(new) // 2, len(new) - 1, len(new)):
                with self.subTest(option=option, limit=limit):
                    self.start_with(old)

                    def limited():
                        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

                    done = subprocess.run(self.command(*self.save(option)), env=self.environment(), text=True,
                                          capture_output=True, timeout=300, preexec_fn=limited)
                    if limit < len(new):
                        self.check_failed(done)
                        self.assertIn("File too large", done.stderr)
                        self.assertIn(f"at byte {limit}:", done.stderr)
                    else:
                        self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(self.target.read_bytes(), old if limit < len(new) else new)
                    self.assertEqual(self.names(), [self.target.name])


class SystemCalls(SavingTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            done = subprocess.run(["strace", "-o", os.devnull, "-e", "inject=getppid:error=EIO", "true"],
                                  capture_output=True, text=True, timeout=60)
        except FileNotFoundError:
            raise unittest.SkipTest("strace is not installed") from None
        if done.returncode != 0:
            raise unittest.SkipTest(f"strace may not trace here: {done.stderr.strip()}")

    def environment(self, **more):  # the search for leaks is no use to a traced process
        options = [os.environ.get("ASAN_OPTIONS", ""), "detect_leaks=0"]
        return super().environment(ASAN_OPTIONS=":".join(filter(None, options)), **more)

    def traced(self, arguments, *options):
        return subprocess.run(["strace", "-y", *arguments, *self.command(*options)], env=self.environment(),
                              capture_output=True, text=True, timeout=300)

    def inject(self, call, what, *options):
        return self.traced(["-o", os.devnull, "-e", f"inject={call.name}:{what}:when={call.number}"], *options)

    def calls(self, *options):
        """All calls of such a run that concern the folder of the file, also by descriptor."""
        log = self.folder / "log"
        done = self.traced(["-o", log, "-e", "trace=%file,%desc"], *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        counts, found = {}, []
        for line in log.read_text(errors="replace").splitlines():
            match = re.match(r"(\w+)\((.*)", line)
            if match:
                name, text = match.groups()
                counts[name] = counts.get(name, 0) + 1
                if str(self.out) in text and name != "execve":  # whose arguments name the file
                    found.append(Call(name, counts[name], text))
        names = {call.name for call in found}
        self.assertTrue({"openat", "write", "fchmod", "fsync", "close", "rename", "unlink"} <= names, names)
        return found

    def test_killed_at_every_call(self):
        """Killed before the rename, the file is the old one; after it, the new one. The next run clears away the rest."""
        for option in OPTIONS:
            old, new = self.old_and_new(option)
            abandoned = self.target.with_name(f"{self.target.name}.17.tmp")  # to be swept, too
            self.start_with(old)
            abandoned.write_bytes(b"half")
            calls = self.calls(*self.save(option))
            renamed = [call.name for call in calls].index("rename")
            left = 0
            for i, call in enumerate(calls):
                with self.subTest(option=option, call=str(call)):
                    self.start_with(old)
                    abandoned.write_bytes(b"half")
                    done = self.inject(call, "signal=KILL", *self.save(option))
                    self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
                    self.assertEqual(self.target.read_bytes(), old if i <= renamed else new)
                    left += len(self.names()) - 1
                    self.good(*self.save(option))
                    self.assertEqual(self.target.read_bytes(), new)
                    self.assertEqual(self.names(), [self.target.name])
            self.assertGreater(left, len(calls) // 4)

    def test_every_call_fails(self):
        for option in OPTIONS:
            old, new = self.old_and_new(option)
            self.start_with(old)
            calls = self.calls(*self.save(option))
            names = [call.name for call in calls]
            renamed, first_write = names.index("rename"), names.index("write")
            for error in (errno.EIO, errno.ENOSPC):
                for i, call in enumerate(calls):
                    # Closing matters once something has been written.
                    vital = call.is_on_new_file() and (call.name in ("openat", "write", "fchmod", "fsync", "rename") or
                                                       (call.name == "close" and i > first_write))
                    if error == errno.ENOSPC and not vital:
                        continue
                    with self.subTest(option=option, error=errno.errorcode[error], call=str(call)):
                        self.start_with(old)
                        done = self.inject(call, f"error={errno.errorcode[error]}", *self.save(option))
                        if vital or done.returncode != 0:
                            self.check_failed(done)
                            self.assertIn(os.strerror(error), done.stderr)
                        is_old = done.returncode != 0 and i <= renamed
                        self.assertEqual(self.target.read_bytes(), old if is_old else new)
                        self.assertEqual(self.names(), [self.target.name])

    def test_interrupted_calls_are_made_again(self):
        for option in OPTIONS:
            old, new = self.old_and_new(option)
            self.start_with(old)
            calls = [call for call in self.calls(*self.save(option)) if call.is_on_new_file()]
            for call in calls:
                if call.name in ("openat", "write", "flock", "close"):
                    with self.subTest(option=option, call=str(call)):
                        self.start_with(old)
                        done = self.inject(call, "error=EINTR", *self.save(option))
                        self.assertEqual((done.returncode, done.stderr), (0, ""))
                        self.assertEqual(self.target.read_bytes(), new)
                        self.assertEqual(self.names(), [self.target.name])


class RandomKills(SavingTest):
    def checkpoint(self, steps, file, *more):
        return self.good("--quiet", "--fingerprint", "--batch", 16, "--optimizer", "adam", "--steps", steps,
                         "--checkpoint", file, *more).stdout

    def test_training_goes_on_after_being_killed_at_any_moment(self):
        first, last = 3, 60
        seed = random.randrange(1 << 32)
        print(f"\n  seed {seed}, {KILLS} kills", end=" ", flush=True)
        numbers = random.Random(seed)
        self.start_with()
        expected = self.checkpoint(last, self.target)
        self.checkpoint(first, self.target)
        start = self.target.read_bytes()
        options = ("--quiet", "--batch", 16, "--optimizer", "adam", "--steps", last, "--checkpoint-every", 1,
                   "--checkpoint", self.target, "--resume", self.target)
        begun = time.monotonic()
        self.good(*options)
        seconds = time.monotonic() - begun
        killed = left = 0
        seen = set()
        while killed < KILLS:
            self.start_with(start)
            process = subprocess.Popen(self.command(*options), env=self.environment(), stderr=subprocess.DEVNULL)
            time.sleep(numbers.uniform(0, seconds))
            process.kill()
            if process.wait(timeout=300) == 0:  # it was faster
                continue
            killed += 1
            left += len(self.names()) - 1
            found = self.target.read_bytes()
            steps = int(re.search(rb'"tinynet\.checkpoint\.steps":"(\d+)"', found)[1])
            seen.add(steps)
            with self.subTest(seed=seed, steps=steps):
                # Every bit is that of a checkpoint of a training that ended there by itself.
                other = self.folder / "other"
                other.unlink(missing_ok=True)
                self.checkpoint(steps, other)
                self.assertEqual(found, other.read_bytes())
                if steps < last:
                    self.assertEqual(self.checkpoint(last, self.target, "--resume", self.target), expected)
                    self.assertEqual(self.names(), [self.target.name])
        print(f"after {len(seen)} different numbers of steps, {left} of them within a save ...", end=" ", flush=True)
        self.assertGreater(len(seen), min(KILLS, 20) // 5)


if __name__ == "__main__":
    harness.main()
