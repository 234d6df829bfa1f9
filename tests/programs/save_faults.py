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
WEIGHTS = ("--save",)
CHECKPOINTS = ("--checkpoint-every", 1, "--strict-save", "--checkpoint")  # two of them, the first is kept beside


class Call(typing.NamedTuple):
    """A system call of a run: the number-th of its name."""

    name: str
    number: int
    text: str

    def __str__(self):
        return f"{self.name} number {self.number}, {self.text[:150]}"

    def new_file(self):
        """The name of the new file that it concerns, or None."""
        match = re.search(r"\.\d+\.tmp", self.text)
        return match and match[0]


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
        return sorted(path.name for path in self.out.iterdir())

    def run_of(self, how, steps=2):
        """The options of a run that saves in this way."""
        return ("--quiet", "--threads", 1, "--hidden", "", "--steps", steps, *how, self.target)

    def contents(self, how):
        """What the file holds before such a run and after each of its saves. All can be loaded."""
        def after(steps):
            self.start_with()
            self.good(*self.run_of(how, steps))
            load = ("--steps", 0, "--init") if how == WEIGHTS else ("--steps", steps + 1, "--resume")
            self.good("--quiet", "--hidden", "", *load, self.target)
            return self.target.read_bytes()

        found = [after(3), *map(after, (2,) if how == WEIGHTS else (1, 2))]
        self.assertEqual(len(set(found)), len(found))
        return found

    def check_end(self, how):
        """A run has ended well, and cleared away what others left."""
        self.assertEqual(self.names(), [self.target.name] + [f"{self.target.name}.previous"] * (how == CHECKPOINTS))

    def check_failed(self, done):
        """One line that names the file, and code 4."""
        self.assertEqual((done.returncode, done.stdout), (4, ""), done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn(f"mnist: error: {self.target}", done.stderr)


class FullDisk(SavingTest):
    def test_a_file_that_may_not_grow_that_far(self):
        """The system writes what fits, and refuses the rest: short writes, then errors."""
        for how in (WEIGHTS, CHECKPOINTS):
            old, *_, new = self.contents(how)
            for limit in (0, 1, 8, 9, len(new) // 2, len(new) - 1, len(new)):
                with self.subTest(how=how, limit=limit):
                    self.start_with(old)

                    def limited():
                        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

                    # What measures coverage must not run into the limit.
                    done = subprocess.run(self.command(*self.run_of(how)), text=True, capture_output=True, timeout=300,
                                          env=self.environment(LLVM_PROFILE_FILE=os.devnull), preexec_fn=limited)
                    if limit < len(new):
                        self.check_failed(done)
                        self.assertIn("File too large", done.stderr)
                        self.assertIn(f"at byte {limit}:", done.stderr)
                        self.assertEqual(self.names(), [self.target.name])
                    else:
                        self.assertEqual(done.returncode, 0, done.stderr)
                        self.check_end(how)
                    self.assertEqual(self.target.read_bytes(), old if limit < len(new) else new)


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

    def in_place_before(self, calls, contents):
        """For each call what is in the file before it. A rename puts the next content there."""
        saves = [re.search(rf'\.\d+\.tmp", "{re.escape(str(self.target))}"', call.text) is not None for call in calls]
        self.assertEqual(sum(saves), len(contents) - 1)
        return [contents[sum(saves[:i])] for i in range(len(calls))]

    def test_killed_at_every_call(self):
        """The file is always one that was saved, and the next run clears away what is left."""
        for how in (WEIGHTS, CHECKPOINTS):
            old, *later = contents = self.contents(how)
            abandoned = self.target.with_name(f"{self.target.name}.17.tmp")  # to be swept, too
            self.start_with(old)
            abandoned.write_bytes(b"half")
            calls = self.calls(*self.run_of(how))
            left = 0
            for call, expected in zip(calls, self.in_place_before(calls, contents)):
                with self.subTest(how=how, call=str(call)):
                    self.start_with(old)
                    abandoned.write_bytes(b"half")
                    done = self.inject(call, "signal=KILL", *self.run_of(how))
                    self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
                    self.assertEqual(self.target.read_bytes(), expected)
                    for kept in self.out.glob("*.previous*"):
                        self.assertEqual(kept.read_bytes(), later[0])
                    left += len(list(self.out.glob("*.tmp")))
                    self.good(*self.run_of(how))
                    self.assertEqual(self.target.read_bytes(), later[-1])
                    self.check_end(how)
            self.assertGreater(left, len(calls) // 4)

    def test_every_call_fails(self):
        """Code 4, one line, the file is the last one that was saved, and nothing is left. Or it did not matter."""
        for how in (WEIGHTS, CHECKPOINTS):
            contents = self.contents(how)
            self.start_with(contents[0])
            calls = self.calls(*self.run_of(how))
            before = self.in_place_before(calls, contents)
            renamed = {call.new_file() for call in calls if call.name == "rename"} - {None}
            for error in (errno.EIO, errno.ENOSPC):
                for i, call in enumerate(calls):
                    # Closing matters where something has been written that is to stay.
                    written = {earlier.new_file() for earlier in calls[:i] if earlier.name == "write"}
                    vital = call.new_file() and (call.name in ("openat", "write", "fchmod", "fsync", "rename") or
                                                 (call.name == "close" and call.new_file() in written & renamed))
                    if error == errno.ENOSPC and not vital:
                        continue
                    with self.subTest(how=how, error=errno.errorcode[error], call=str(call)):
                        self.start_with(contents[0])
                        done = self.inject(call, f"error={errno.errorcode[error]}", *self.run_of(how))
                        if vital or done.returncode != 0:
                            self.check_failed(done)
                            self.assertIn(os.strerror(error), done.stderr)
                        self.assertEqual(self.target.read_bytes(), contents[-1] if done.returncode == 0 else before[i])
                        self.assertEqual(list(self.out.glob("*.tmp")), [])

    def test_a_checkpoint_that_fails_does_not_stop_the_training(self):
        lenient = [option for option in CHECKPOINTS if option != "--strict-save"]
        contents = self.contents(CHECKPOINTS)
        self.start_with(contents[0])
        calls = self.calls(*self.run_of(lenient))
        renamed = {call.new_file() for call in calls if call.name == "rename"} - {None}  # others are only tried
        for call in calls:
            if call.new_file() in renamed and call.name in ("write", "fsync", "rename"):
                with self.subTest(call=str(call)):
                    self.start_with(contents[0])
                    done = self.inject(call, "error=ENOSPC", *self.run_of(lenient))
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(self.target.read_bytes(), contents[-1])

    def test_a_link_stays_one_even_if_it_cannot_be_looked_at(self):
        old, new = self.contents(WEIGHTS)

        def start():
            self.start_with()
            (self.out / "real").write_bytes(old)
            self.target.symlink_to("real")

        start()
        calls = [call for call in self.calls(*self.run_of(WEIGHTS)) if re.search("stat|readlink", call.name)]
        self.assertGreater(len(calls), 4)
        for call in calls:
            with self.subTest(call=str(call)):
                start()
                done = self.inject(call, "error=EIO", *self.run_of(WEIGHTS))
                self.assertEqual(os.readlink(self.target), "real")
                self.assertEqual(self.target.read_bytes(), new if done.returncode == 0 else old)

    def test_interrupted_calls_are_made_again(self):
        for how in (WEIGHTS, CHECKPOINTS):
            old, *_, new = self.contents(how)
            self.start_with(old)
            for call in self.calls(*self.run_of(how)):
                if call.new_file() and call.name in ("openat", "write", "flock", "close"):
                    with self.subTest(how=how, call=str(call)):
                        self.start_with(old)
                        done = self.inject(call, "error=EINTR", *self.run_of(how))
                        self.assertEqual((done.returncode, done.stderr), (0, ""))
                        self.assertEqual(self.target.read_bytes(), new)
                        self.check_end(how)


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
        previous = self.target.with_name(f"{self.target.name}.previous")
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
            left += len(list(self.out.glob("*.tmp")))
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
                    if previous.exists():
                        self.assertEqual(self.checkpoint(last, other, "--resume", previous), expected)
                    self.assertEqual(self.checkpoint(last, self.target, "--resume", self.target), expected)
                self.assertLessEqual(set(self.names()), {self.target.name, previous.name})
        print(f"after {len(seen)} different numbers of steps, {left} of them within a save ...", end=" ", flush=True)
        self.assertGreater(len(seen), min(KILLS, 20) // 5)


if __name__ == "__main__":
    harness.main()
