#!/usr/bin/env python3
"""The weights after 50 steps have the same bits however mnist is run: same_bits.py PROGRAM.

TINYNET_REPEATS says how often one and the same command is run (20).
"""

import itertools
import os
import platform
import shutil
import subprocess
import sys
import unittest

import harness

REPEATS = int(os.environ.get("TINYNET_REPEATS", "20"))
LINUX = sys.platform == "linux"
THREADS = (1, 2, 3, 4, 7, 8, 16)


def darken(path):
    """Makes three of four pixels 0, as in MNIST, where the fused step then reads lists of the others."""
    data = path.read_bytes()
    path.write_bytes(data[:16] + data[16:].translate(bytes(x if x >= 90 else 0 for x in range(256))))


class SameBits(harness.ProgramTest):
    """Rows are summed in parts of at least 128 whose number follows from that of the rows; 16 groups of parts and more
    are summed as trees. So there are few rows, and so many that a group has two parts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.many = cls.folder / "many"
        harness.write_data(cls.many, train=4200, test=20)
        darken(cls.many / "train-images-idx3-ubyte")
        # data, engine, rows a step, net: one that is compiled in, and one whose sizes are known at run time
        cls.jobs = list(itertools.product((cls.data, cls.many), ("fused", "tape"), (0, 64),
                                          (("30,30", "relu"), ("24", "gelu"))))
        cls.known = {}

    def print_of(self, job, *options, steps=50, optimizer="momentum", before=(), **process):
        data, engine, batch, (hidden, activation) = job
        environment = {**self.environment(), **process.pop("environment_too", {})}
        command = [*before, harness.PROGRAM, "--data", data, "--engine", engine, "--batch", batch, "--hidden", hidden,
                   "--activation", activation, "--scale", 0.01, "--steps", steps,
                   "--optimizer", optimizer, "--quiet", "--fingerprint", *options]
        done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=300,
                              **process)
        assert (done.returncode, done.stderr) == (0, ""), (done.returncode, done.stderr)
        return done.stdout

    def expected(self, job):
        if job not in self.known:
            self.known[job] = self.print_of(job, "--threads", 1)
        return self.known[job]

    def check(self, jobs, *options, **more):
        for job in jobs:
            with self.subTest(job=list(map(str, job)), options=options, **more):
                self.assertEqual(self.print_of(job, *options, **more), self.expected(job))

    def test_they_are_the_weights_of_these_jobs(self):
        """No fingerprint stands for two of the jobs: the engines, the batches, the nets and the data do differ."""
        self.assertEqual(len({self.expected(job) for job in self.jobs}), len(self.jobs))
        for job in self.jobs:
            self.assertNotEqual(self.print_of(job, "--seed", 1), self.expected(job))

    def test_threads(self):
        for threads in THREADS:
            self.check(self.jobs, "--threads", threads)

    def test_one_command_again_and_again(self):
        for i in range(REPEATS):
            self.check([self.jobs[i % len(self.jobs)]])

    def test_where_the_stack_lies(self):
        for i in range(16):
            self.check([self.jobs[i]], environment_too={"PADDING": "x" * (17 * i)})

    def test_where_the_heap_lies_and_what_was_there(self):
        tunables = "GLIBC_TUNABLES"
        for environment in ({"MALLOC_PERTURB_": "165"},
                            {"MALLOC_PERTURB_": "90", "MALLOC_MMAP_THRESHOLD_": "1000000000"},
                            {"MALLOC_MMAP_THRESHOLD_": "64"},
                            {"MALLOC_TOP_PAD_": "1048592", "MALLOC_ARENA_MAX": "1"},
                            {tunables: "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1"},
                            {tunables: "glibc.malloc.mxfast=0:glibc.malloc.tcache_max=32:glibc.malloc.hugetlb=1"}):
            self.check(self.jobs[::3], environment_too=environment)

    @unittest.skipUnless(shutil.which("setarch"), "there is no setarch")
    def test_addresses_that_are_not_random(self):
        before = ("setarch", platform.machine(), "--addr-no-randomize")
        if subprocess.run([*before, "true"], capture_output=True).returncode != 0:
            self.skipTest("setarch may not switch off the randomness of addresses here")
        for also in ((), ("--addr-compat-layout",)):
            self.check(self.jobs[::3], before=(*before, *also))

    @unittest.skipUnless(LINUX, "glibc on Linux only")
    def test_which_of_its_functions_the_c_library_chooses_for_the_processor(self):
        for without in ("-AVX512F", "-AVX512F,-AVX2,-FMA,-FMA4", "-AVX512F,-AVX2,-FMA,-FMA4,-ERMS,-SSE4_1"):
            self.check(self.jobs[1::2], environment_too={"GLIBC_TUNABLES": f"glibc.cpu.hwcaps={without}"})

    @unittest.skipUnless(LINUX, "Linux only")
    def test_on_one_processor(self):
        one = min(os.sched_getaffinity(0))
        for threads in (0, 1, 4):
            self.check(self.jobs[::2], "--threads", threads, preexec_fn=lambda: os.sched_setaffinity(0, {one}))

    def test_beside_others_who_use_the_processors(self):
        count = min(os.cpu_count() or 1, 8) + 1
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
        try:
            for threads in (3, 8):
                self.check(self.jobs[threads % 2 :: 2], "--threads", threads)
        finally:
            for other in others:
                other.kill()
                other.wait()

    def test_resumed_after_every_step(self):
        file = self.folder / "checkpoint"
        for optimizer, job in (("adam", self.jobs[2]), ("momentum", self.jobs[5])):
            whole = self.print_of(job, optimizer=optimizer)
            for stop in range(1, 50):
                with self.subTest(optimizer=optimizer, stop=stop):
                    file.unlink(missing_ok=True)
                    self.print_of(job, "--checkpoint", file, steps=stop, optimizer=optimizer)
                    self.assertEqual(self.print_of(job, "--resume", file, optimizer=optimizer), whole)


if __name__ == "__main__":
    harness.main()
