#!/usr/bin/env python3
"""Tests `mpirun -n N mnist --dist mpi`: many processes give what one does, and the end of one is the end of all.

    mnist_mpi.py PATH/TO/mnist PATH/TO/mpirun
"""

import os
import pathlib
import re
import signal
import struct
import sys
import time

from harness import ProgramTest, main, read_safetensors, write_data
from mpi import MpiJob

ROWS = 2100  # not a multiple of 8; they make 16 parts


def numbers(file):
    return {name: struct.unpack(f"<{len(body) // 4}f", body) for name, (_, _, body) in read_safetensors(file).items()}


class MpiTest(MpiJob, ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_data(cls.data, train=ROWS, test=100)

    def good_job(self, processes, *options):
        done = self.run_job(processes, "--threads", 1, *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def errors(self, done):
        return [line for line in done.stderr.splitlines() if line.startswith("mnist: error: ")]

    def file(self, name):
        return self.folder / f"{self.id().split('.')[-1]}-{name}"


class SameNumbers(MpiTest):
    def test_full_batches_have_the_same_bits(self):
        options = ("--steps", 30, "--fingerprint", "--quiet")
        alone = self.good(*options).stdout
        for processes in (1, 2, 4, 8):
            self.assertEqual(self.good_job(processes, *options).stdout, alone, processes)

    def test_mini_batches_have_the_same_bits(self):
        options = ("--steps", 30, "--batch", 600, "--optimizer", "adam", "--hidden", "20", "--fingerprint", "--quiet")
        alone = self.good(*options).stdout
        for processes in (2, 8):
            self.assertEqual(self.good_job(processes, *options).stdout, alone, processes)

    def test_other_numbers_of_processes_and_the_tape_are_close(self):
        for processes, engine in ((3, "fused"), (4, "tape")):
            alone, together = self.file("alone"), self.file("together")
            options = ("--steps", 30, "--scale", 0.01, "--engine", engine, "--save")
            self.good(*options, alone)
            self.good_job(processes, *options, together)
            there = numbers(together)
            for name, values in numbers(alone).items():
                for a, b in zip(values, there[name]):
                    self.assertAlmostEqual(a, b, delta=1e-5)

    def test_the_output_is_that_of_one(self):
        options = ("--steps", 41, "--log-every", 20)
        alone, together = self.good(*options), self.good_job(4, *options)
        seconds = [line for line in together.stdout.splitlines() if line.startswith("running time=")]
        self.assertEqual(len(seconds), 1)
        without = [[line for line in done.stdout.splitlines() if not line.startswith("running time=")]
                   for done in (alone, together)]
        self.assertEqual(without[0], without[1])
        self.assertIn("1 thread in each of 4 processes", together.stderr)

    def test_a_checkpoint_goes_on_with_another_number(self):
        checkpoint, options = self.file("c"), ("--optimizer", "adam", "--fingerprint", "--quiet")
        alone = self.good("--steps", 30, *options).stdout
        self.good_job(4, "--steps", 10, "--checkpoint", checkpoint, *options)
        self.good_job(2, "--steps", 20, "--checkpoint", checkpoint, "--resume", checkpoint, *options)
        self.assertEqual(self.good("--steps", 30, "--resume", checkpoint, *options).stdout, alone)
        self.assertEqual(self.good_job(8, "--steps", 30, "--resume", checkpoint, *options).stdout, alone)

    def test_only_the_first_writes(self):
        save, metrics, out = self.file("s"), self.file("m.csv"), self.file("out")
        done = self.good_job(4, "--steps", 5, "--save", save, "--metrics", metrics, "--out", out)
        self.assertEqual(len(metrics.read_text().splitlines()), 6)
        self.assertEqual(done.stdout.count("step= 0 "), 1)
        self.assertEqual(done.stderr.count("accuracy on test data"), 1)
        self.assertTrue((out / "run.json").exists())


class Refused(MpiTest):
    def refused(self, code, text, first, second, **more):
        done = self.run_two(first, second, **more)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertEqual([line for line in self.errors(done) if text in line][:1], self.errors(done)[:1], done.stderr)
        self.assertTrue(self.errors(done), done.stderr)

    def test_other_options(self):
        self.refused(8, "the processes do not have the same options: rank 1 of 2 differs from rank 0",
                     ("--steps", 5, "--lr", 0.1), (self.data, ("--steps", 5, "--lr", 0.2)))

    def test_other_data(self):
        other = self.folder / "other"
        write_data(other, train=ROWS, test=100, seed=2)
        self.refused(8, "the processes do not have the same data: rank 1 of 2 differs from rank 0",
                     ("--steps", 5), (other, ("--steps", 5)))

    def test_another_program(self):
        """The same one, but for a digit of the compiler that it says it comes from."""
        own = pathlib.Path(self.command()[0]).read_bytes()
        compiler = re.search(rb"\0(g\+\+|clang) \d+\.\d+\.\d", own)
        self.assertIsNotNone(compiler)
        other = self.folder / "another-mnist"
        other.write_bytes(own[:compiler.end() - 1] + b"x" + own[compiler.end():])
        other.chmod(0o755)
        options = ("--steps", 5)
        self.refused(8, "the processes do not have the same program: rank 1 of 2 differs from rank 0", options,
                     (self.data, options), program=other)

    def test_no_data_in_one(self):
        self.refused(4, "rank 1: ", ("--steps", 5), (self.folder / "none", ("--steps", 5)))

    def test_nccl_without_gpus_or_nccl(self):
        self.bad(8, "--dist nccl: ", "--dist", "nccl")

    def test_nowhere_to_save(self):
        done = self.run_job(3, "--threads", 1, "--steps", 5, "--save", self.folder / "none" / "file")
        self.assertEqual((done.returncode, len(self.errors(done))), (4, 1), done.stderr)

    def test_divergence_is_said_once(self):
        done = self.run_job(3, "--steps", 50, "--lr", 1e30)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertEqual(len(self.errors(done)), 1, done.stderr)
        self.assertNotIn("rank", self.errors(done)[0])

    def test_what_does_not_go_with_it(self):
        for options, text in ((("--chunk-rows", 10), "--chunk-rows"), (("--device", "cuda"), "--device cuda"),
                              (("--dist-timeout", 0), "--dist-timeout")):
            self.bad(2, text, "--dist", "mpi", *options)
        for options, text in ((("--engine", "tape"), "--engine tape"), (("--device", "cpu"), "--device cpu")):
            self.bad(2, text, "--dist", "nccl", *options)
        self.bad(2, "--dist", "--dist", "nothing")


class EndOfOne(MpiTest):
    """One of four processes is killed, stopped or asked to end."""

    def start(self, *options):
        if "--checkpoint" not in options:
            options = ("--checkpoint", self.file("c"), *options)
        process = self.start_job(4, "--threads", 1, "--steps", 1000000, "--log-every", 1, "--checkpoint-every", 10,
                                 *options)
        for line in process.stdout:
            if line.startswith("step= 25 "):
                break
        return process

    def end_of(self, job, seconds):
        start = time.monotonic()
        out, err = job.communicate(timeout=60)
        self.assertLess(time.monotonic() - start, seconds, err)
        return out, err

    def check_goes_on(self):
        """The last checkpoint is a whole one."""
        self.assertRegex(self.good("--steps", 0, "--resume", self.file("c")).stderr, r"goes on after [1-9]\d* steps")

    def test_killed(self):
        job = self.start()
        os.kill(self.member(job, 2), signal.SIGKILL)
        _, err = self.end_of(job, 10)
        self.assertNotEqual(job.returncode, 0)
        self.assertRegex(err, r"rank 2\b")
        self.check_goes_on()

    def test_stopped(self):
        job = self.start("--dist-timeout", 3)
        stopped = self.member(job, 2)
        os.kill(stopped, signal.SIGSTOP)
        _, err = self.end_of(job, 15)
        self.assertEqual(job.returncode, 8, err)
        self.assertIn("mnist: error: no answer from rank 2 of 4 for 3 s", err)
        self.check_goes_on()

    def test_the_disk_vanishes(self):
        """The first one says so; with --strict-save at the next checkpoint, else at the end."""
        for strict in ((), ("--strict-save",)):
            folder = self.file(f"folder{len(strict)}")
            folder.mkdir()
            job = self.start("--checkpoint", folder / "c", *strict)
            folder.rename(self.file(f"gone{len(strict)}"))
            if not strict:
                for line in job.stdout:
                    if line.startswith("step= 9"):
                        break
                os.kill(self.member(job, 2), signal.SIGTERM)
            _, err = self.end_of(job, 20)
            self.assertEqual(job.returncode, 4, err)
            self.assertEqual("the training goes on, but no checkpoint could be written" in err, not strict)
            self.assertIn("mnist: error: ", err)

    def test_asked_to_end(self):
        job = self.start()
        os.kill(self.member(job, 3), signal.SIGTERM)
        _, err = self.end_of(job, 10)
        self.assertEqual(job.returncode, 143, err)
        self.check_goes_on()


if __name__ == "__main__":
    MpiJob.mpirun = sys.argv.pop(2)
    main()
