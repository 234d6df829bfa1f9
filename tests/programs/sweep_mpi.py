#!/usr/bin/env python3
"""Tests `mpirun -n N sweep --dist mpi`: the results are those of one process, also if one of many is lost.

    sweep_mpi.py PATH/TO/sweep PATH/TO/mpirun
"""

import json
import os
import signal
import sys
import time

from harness import ProgramTest, main, write_data
from mpi import MpiJob

CONFIGURATIONS = ("--hidden", "8;6,5", "--optimizer", "sgd,adam", "--lr", "0.003,0.01", "--scale", 0.01)


class SweepJob(MpiJob, ProgramTest):
    program_name = "sweep"

    def options(self, folder, steps=40):
        return (*CONFIGURATIONS, "--steps", steps, "--out", self.folder / folder)

    def results(self, folder):
        """By configuration, without what depends on the clock."""
        found = {}
        for line in (self.folder / folder / "results.jsonl").read_text().splitlines():
            result = json.loads(line)
            result.pop("seconds")
            result["curve"].pop("seconds")
            key = json.dumps(result["configuration"])
            self.assertNotIn(key, found)
            found[key] = result
        return found


class SameResults(SweepJob):
    def test_the_results_are_those_of_one_process(self):
        self.good(*self.options("alone"))
        done = self.run_job(3, "--threads", 1, *self.options("together"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.results("together"), self.results("alone"))
        self.assertEqual(len(self.results("alone")), 8)
        self.assertIn("8 configurations", done.stderr)
        self.assertTrue((self.folder / "together" / "sweep.html").exists())
        again = self.run_job(2, "--threads", 1, *self.options("together"))
        self.assertIn("8 of them done before", again.stderr)

    def test_nets_that_are_trained_together(self):
        rates = ("--hidden", "8;6", "--lr", ",".join(f"{i}e-3" for i in range(1, 13)), "--scale", 0.01, "--steps", 40)
        self.good(*rates, "--threads", 16, "--out", self.folder / "each-alone")
        done = self.run_job(2, "--threads", 1, *rates, "--out", self.folder / "bundles")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.results("bundles"), self.results("each-alone"))
        self.assertEqual(len(self.results("bundles")), 24)

    def test_other_data(self):
        other = self.folder / "other"
        write_data(other, seed=2)
        done = self.run_two(self.options("refused"), (other, self.options("refused")))
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertIn("sweep: error: rank 1 has other data than rank 0", done.stderr)


class OneIsLost(SweepJob):
    def lose(self, how, folder):
        self.good(*self.options("alone-" + folder, steps=3000))
        job = self.start_job(3, "--threads", 1, "--dist-timeout", 3, *self.options(folder, steps=3000),
                             mpirun=("--enable-recovery",))
        file = self.folder / folder / "results.jsonl"
        for _ in range(600):  # until trainings go on
            if file.exists() and file.stat().st_size > 0:
                break
            if job.poll() is not None:
                self.fail(job.stderr.read())
            time.sleep(0.05)
        lost = self.member(job, 2)
        os.kill(lost, how)
        for line in job.stderr:
            if "sweep.html" in line:  # the last note
                break
            if "no answer" in line:
                self.assertRegex(line, "from rank 2 for 3 s; of its trainings [01] begins? again elsewhere")
        self.assertEqual(self.results(folder), self.results("alone-" + folder))
        if how == signal.SIGSTOP:
            os.kill(lost, signal.SIGCONT)  # it sees that all is over
        job.communicate(timeout=60)
        self.assertEqual(job.returncode, 0)

    def test_killed(self):
        self.lose(signal.SIGKILL, "killed")

    def test_stopped(self):
        self.lose(signal.SIGSTOP, "stopped")


if __name__ == "__main__":
    MpiJob.mpirun = sys.argv.pop(2)
    main()
