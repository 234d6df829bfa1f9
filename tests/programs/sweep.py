#!/usr/bin/env python3
"""Tests the program sweep: sweep.py PATH/TO/sweep PATH/TO/mnist."""

import itertools
import json
import os
import pty
import re
import resource
import signal
import struct
import subprocess
import sys
import time

import harness

MNIST = ""
TITLES = "rank hidden activation optimizer lr scale seed batch steps train loss test loss accuracy seconds parameters"


class SweepTest(harness.ProgramTest):
    program_name = "sweep"
    folders = itertools.count()

    def setUp(self):
        self.out = self.folder / f"out{next(self.folders)}"

    def command(self, *options, data=True, out=None):
        return super().command("--out", out or self.out, *options, data=data)

    def run_program(self, *options, data=True, out=None, **more):
        return subprocess.run(self.command(*options, data=data, out=out), env=self.environment(**more),
                              capture_output=True, text=True, encoding="utf-8", timeout=300)

    def file(self, content):
        path = self.folder / "sweep.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def lines(self, out=None):
        """The lines of results.jsonl as they are."""
        text = ((out or self.out) / "results.jsonl").read_text()
        self.assertTrue(text == "" or text.endswith("\n"))
        return text.splitlines(keepends=True)

    def results(self, out=None):
        return [json.loads(line) for line in self.lines(out)]

    def numbers(self, out=None):
        """All of the results that must be the same every time, in an order that is."""
        found = {}
        for result in self.results(out):
            result.pop("seconds")
            result["curve"].pop("seconds")
            found[json.dumps(result["configuration"])] = result
        return found

    def start(self, *options):
        return subprocess.Popen(self.command(*options), env=self.environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def wait_for_results(self, process, count):
        path = self.out / "results.jsonl"
        for _ in range(6000):
            if path.exists() and path.read_bytes().count(b"\n") >= count:
                return
            self.assertIsNone(process.poll(), "it ended early")
            time.sleep(0.01)
        self.fail("no results")


class Table(SweepTest):
    def test_sorted_by_test_loss(self):
        done = self.good("--hidden", "30,30;8;", "--optimizer", "sgd,adam", "--scale", "0.01", "--steps", 20)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0].split(), TITLES.split())
        rows = [re.split(r"\s{2,}", line.strip()) for line in lines[1:]]
        self.assertEqual([row[0] for row in rows], ["1", "2", "3", "4", "5", "6"])
        self.assertEqual({(row[1], row[3]) for row in rows},
                         set(itertools.product(("30,30", "8", "none"), ("sgd", "adam"))))
        losses = [float(row[10]) for row in rows]
        self.assertEqual(losses, sorted(losses))
        self.assertEqual({row[1]: row[13] for row in rows}, {"30,30": "24790", "8": "6370", "none": "7850"})
        by_configuration = {(",".join(map(str, r["configuration"]["hidden"])) or "none", r["configuration"]["optimizer"]): r
                            for r in self.results()}
        for row in rows:
            result = by_configuration[row[1], row[3]]
            self.assertEqual(row[9], f"{result['train_loss']:.5f}")
            self.assertEqual(row[10], f"{result['test_loss']:.5f}")
            self.assertEqual(row[11], f"{100 * result['accuracy']:.2f} %")
            self.assertEqual(int(row[13]), result["parameters"])

        said = [line for line in done.stderr.splitlines() if " of 6: " in line]
        self.assertEqual([line.split("note: ")[1].split(" of ")[0] for line in said], list("123456"))
        self.assertRegex(said[0], r"hidden=\S* activation=relu optimizer=\w+ lr=0.003 scale=0.01 batch=0 steps=20 seed=0: "
                                  r"test loss \d+\.\d+, accuracy \d+\.\d\d %, \d+\.\d\d s$")

    def test_settings_that_are_left_to_the_optimizer(self):
        """They have no column, and no place in a result, until somebody gives them."""
        self.good("--steps", 3)
        done = self.good("--steps", 3, "--momentum", "0.5,0.9", "--weight-decay", "0", "--engine", "auto,tape")
        first, *others = self.results()
        for name in ("momentum", "weight-decay", "engine"):
            self.assertNotIn(name, first["configuration"])
            self.assertIn(name, done.stdout.splitlines()[0].split())
        self.assertEqual({(c["momentum"], c["weight-decay"], c.get("engine")) for c in
                          (r["configuration"] for r in others)},
                         {(0.5, 0, None), (0.5, 0, "tape"), (0.9, 0, None), (0.9, 0, "tape")})
        self.assertIn("mnist --hidden 30,30 --activation relu --optimizer sgd --lr 0.003 --momentum 0.9 --weight-decay 0 "
                      "--scale 1 --batch 0 --steps 3 --seed 0 --engine tape", (self.out / "sweep.html").read_text())
        # What nobody gave and what is given as it would be are two; --engine auto is no engine.
        done = self.good("--steps", 3, "--engine", "auto")
        self.assertIn("1 configuration, 1 of them done before", done.stderr)

    def test_engines_at_the_same_time(self):
        """Each training has its own."""
        common = ("--scale", 0.01, "--steps", 60, "--seed", "0,1,2")
        self.good(*common, "--engine", "tape,auto", "--threads", 2)
        together = self.numbers()
        for engine in "tape", "auto":
            self.good(*common, "--engine", engine, "--threads", 1, out=self.folder / engine)
            for key, result in self.numbers(self.folder / engine).items():
                self.assertEqual(together[key], result)

    def test_what_is_odd_about_the_data_is_said(self):
        few = self.folder / "few"
        harness.write_data(few, classes=9)
        self.assertRegex(self.good("--steps", 1, "--data", few, data=False).stderr, "not every class.* 0 times")

    def test_not_enough_memory(self):
        """By the estimate for all that are trained at once, before the first begins."""
        limit = 700 << 20

        def run(*options):
            return subprocess.run(self.command(*options), env=self.environment(), text=True, capture_output=True,
                                  timeout=300, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

        if sys.platform != "linux":
            self.skipTest("not every system holds a process to such a limit")
        if run("--version").returncode != 0:
            self.skipTest("this program does not even start in 700 MiB (a sanitizer needs more)")
        done = run("--hidden", "3000,3000;3000,2900", "--steps", 1, "--threads", 2)
        self.assertEqual((done.returncode, done.stdout), (4, ""), done.stderr)
        self.assertRegex(done.stderr, r"not enough memory: the data and 2 trainings at once need about \d+ bytes; there are "
                                      rf"{limit}\. Try smaller --hidden, --batch or --threads\n\Z")
        self.assertEqual(self.lines(), [])

    def test_on_a_terminal_it_is_drawn_in_place(self):
        ours, theirs = pty.openpty()
        with subprocess.Popen(self.command("--seed", "0,1,2", "--steps", 5000, "--threads", 2), env=self.environment(),
                              stdout=subprocess.PIPE, stderr=theirs) as process:
            os.close(theirs)
            shown = b""
            while True:
                try:
                    part = os.read(ours, 65536)
                except OSError:  # Linux's way to say that nobody writes to it any more
                    break
                if not part:
                    break
                shown += part
            os.close(ours)
            table = process.stdout.read().decode()
        self.assertEqual(process.returncode, 0)
        text = shown.decode().replace("\r\n", "\n")
        self.assertNotIn(" of 3: ", text)
        # No wider than the 80 columns that a terminal has if it does not say: without what is the same in all rows.
        self.assertRegex(text, r"\rrank  seed +steps  train loss .*\n"
                               r"\r +0 +\d+/5000 .*\n\r +1 +\d+/5000 .*\n\r0 done, 2 in training, 1 waiting\033\[K\n"
                               r"\033\[J\033\[4A\r")
        self.assertRegex(text, r"\r +1 +\d +5000 +\d+\.\d{5} +\d+\.\d{5} +\d+\.\d\d %")
        widest = max(len(re.sub(r"\033\[\d*[A-Z]", "", line)) for line in text.splitlines() if "note:" not in line)
        self.assertLess(widest, 80)
        self.assertEqual(len(table.splitlines()), 4)

    def test_quiet_help_and_version(self):
        done = self.good("--steps", 2, "--quiet")
        self.assertEqual(done.stdout + done.stderr, "")
        self.assertEqual(len(self.lines()), 1)
        done = self.good("--help", data=False)
        for option in ("hidden activation optimizer lr momentum weight-decay scale batch steps seed engine file data dataset "
                       "offline threads out quiet help version").split():
            self.assertIn(f"--{option} ", done.stdout)
        self.assertRegex(self.good("--version").stdout, r"\Asweep \(tinynet \d+\.\d+\.\d+\)\n\Z")

    def test_a_reader_that_goes_away(self):
        done = subprocess.run(["sh", "-c", '"$@" | true', "sh", *self.command("--steps", 2)], env=self.environment(),
                              capture_output=True, text=True, timeout=100)
        self.assertNotIn("error", done.stderr)
        self.assertTrue((self.out / "sweep.html").exists())


class Together(SweepTest):
    """Nets that make their steps on the same rows. How many, depends on how many configurations a thread gets."""

    def compare(self, *options):
        self.good("--threads", 1, *options)
        alone = self.folder / (self.out.name + "-alone")
        self.good("--threads", 16, *options, out=alone)
        self.assertEqual(self.numbers(), self.numbers(alone))
        return self.results()

    def test_each_has_the_numbers_that_it_has_alone(self):
        """One that diverges, too, and the others beside it."""
        results = self.compare("--hidden", "30,30;8,7", "--lr", "0.003,1e9,0.03", "--optimizer", "sgd,adam,adadelta",
                               "--activation", "relu,tanh", "--scale", 0.01, "--steps", 12)
        self.assertEqual(len(results), 36)
        diverged = [r for r in results if "diverged" in r]
        self.assertGreater(len(diverged), 3)
        self.assertLess(len(diverged), 18)

    def test_batches(self):
        """They are drawn by the seed, so nets of one seed share them."""
        results = self.compare("--lr", "0.003,0.01,0.03,0.1", "--seed", "5,6", "--batch", 32, "--scale", 0.01, "--steps", 30)
        self.assertEqual([r["configuration"]["seed"] for r in results], [5, 5, 6, 6, 5, 5, 6, 6])
        self.assertEqual(results[0]["seconds"], results[1]["seconds"])  # each one's share

    def test_others_stay_alone(self):
        deep = ",".join(["3"] * 17)
        results = self.compare("--hidden", f"5;{deep};3000", "--engine", "auto,tape", "--lr", "0.003,0.01", "--scale",
                               0.01, "--steps", 2)
        self.assertEqual(len(results), 12)

    def test_those_that_were_stopped_begin_again(self):
        options = ("--threads", 1, "--lr", ",".join(f"{i}e-4" for i in range(1, 13)), "--scale", 0.01, "--steps", 400)
        process = self.start(*options)
        self.wait_for_results(process, 3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        before = self.lines()
        self.assertEqual(len(before) % 3, 0)  # a bundle's results come together
        self.assertLess(len(before), 12)
        self.good(*options)
        self.assertEqual(self.lines()[:len(before)], before)
        self.assertEqual(len(self.numbers()), 12)


class Numbers(SweepTest):
    def test_each_is_what_mnist_gives_alone(self):
        for options in (["--seed", 7], ["--hidden", "20", "--optimizer", "adam", "--activation", "tanh", "--lr", 0.01],
                        ["--batch", 37, "--optimizer", "nesterov", "--scale", 0.00392, "--activation", "gelu"],
                        ["--momentum", 0.7, "--weight-decay", 0.01, "--engine", "tape"]):
            with self.subTest(options):
                self.setUp()
                # Others beside it change nothing.
                self.good("--steps", "60,61", *options)
                result = [r for r in self.results() if r["configuration"]["steps"] == 60][0]
                metrics = self.folder / "metrics.jsonl"
                alone = subprocess.run([MNIST, "--data", str(self.data), "--steps", "60", "--metrics", str(metrics),
                                        *map(str, options)], env=self.environment(), capture_output=True, text=True,
                                       check=True).stdout
                bits = lambda numbers: [struct.pack("f", float(x)) for x in numbers]
                losses = [json.loads(line)["loss"] for line in metrics.read_text().splitlines()]
                self.assertEqual(result["curve"]["step"], list(range(60)))
                self.assertEqual(bits(result["curve"]["loss"]), bits(losses))
                self.assertEqual(bits([result["train_loss"], result["test_loss"]]),
                                 bits([alone.split("in the end loss= ")[1].split()[0],
                                       alone.split("loss on test data: ")[1].split()[0]]))

    def test_the_same_for_any_number_of_threads(self):
        lists = ["--hidden", "30,30;9", "--activation", "relu,sigmoid", "--batch", "0,50", "--steps", 25]
        found = []
        for threads in (1, 3, 0, 20):
            self.setUp()
            self.good(*lists, "--threads", threads)
            found.append(self.numbers())
        self.assertEqual(len(found[0]), 8)
        self.assertTrue(all(numbers == found[0] for numbers in found))

    def test_curves_are_short_and_keep_the_ends(self):
        self.good("--steps", 3000)
        curve = self.results()[0]["curve"]
        self.assertLessEqual(len(curve["step"]), 500)
        self.assertGreater(len(curve["step"]), 100)
        self.assertEqual((curve["step"][0], curve["step"][-1]), (0, 2999))
        self.assertEqual(curve["loss"][-1], self.results()[0]["train_loss"])
        for name in ("step", "seconds"):
            self.assertEqual(curve[name], sorted(curve[name]))

    def test_divergence_is_a_row(self):
        done = self.good("--lr", "1e30,0.003", "--steps", 30)
        rows = done.stdout.splitlines()
        self.assertTrue(rows[1].lstrip().startswith("1 "))
        self.assertRegex(rows[2], r"1e\+30 .* 30 +diverged +at step \d+ ")
        diverged = [r for r in self.results() if "diverged" in r][0]
        self.assertRegex(diverged["diverged"]["why"], "NaN|infinite")
        self.assertNotIn("test_loss", diverged)
        self.assertEqual(len(diverged["curve"]["loss"]), diverged["diverged"]["step"])
        self.assertIn("diverged at step", done.stderr)
        # It is done, too. The last step's loss, which no step of the training sees, is the test's.
        self.assertIn("2 of them done before", self.good("--lr", "1e30,0.003", "--steps", 30).stderr)
        self.good("--lr", "1e30", "--steps", 1)
        last = [r for r in self.results() if r["configuration"]["steps"] == 1][0]
        self.assertEqual(last["diverged"]["step"], 1)


class GoingOn(SweepTest):
    seeds = 12
    many = ["--seed", ",".join(map(str, range(seeds))), "--steps", 1500, "--threads", 2]

    def stop(self, number, count):
        """Sends a signal when there are so many results. Returns the exit code, what was said, the results' lines."""
        process = self.start(*self.many)
        self.wait_for_results(process, count)
        process.send_signal(number)
        output, errors = process.communicate(timeout=100)
        lines = (self.out / "results.jsonl").read_text().splitlines(keepends=True)
        return process.returncode, output, errors, [line for line in lines if line.endswith("\n")]

    def left(self, kept):
        return f"{self.seeds - len(kept)} configuration{'s' if self.seeds - len(kept) > 1 else ''} left"

    def expect_the_whole(self, kept):
        """Goes on with a sweep that was stopped, and finds what one without a stop gives."""
        self.assertTrue(2 <= len(kept) < self.seeds)
        done = self.good(*self.many)
        self.assertIn(f"{self.seeds} configurations, {len(kept)} of them done before", done.stderr)
        self.assertEqual(self.lines()[: len(kept)], kept)
        self.assertEqual(len(self.lines()), self.seeds)
        alone = self.folder / "alone"
        self.good(*self.many, out=alone)  # trains them for the first that asks
        self.assertEqual(self.numbers(), self.numbers(alone))

    def test_after_sigint(self):
        code, output, errors, kept = self.stop(signal.SIGINT, 2)
        self.assertEqual(code, 130, errors)
        self.assertIn(f"stopped by SIGINT with {self.left(kept)}; the same command goes on", errors)
        self.assertEqual(len(output.splitlines()), 1 + len(kept))
        self.assertIn(f"{self.seeds - len(kept)} still missing", (self.out / "sweep.html").read_text())
        self.expect_the_whole(kept)

    def test_after_sigterm_and_sigkill(self):
        code, _, errors, first = self.stop(signal.SIGTERM, 2)
        self.assertEqual(code, 143, errors)
        code, _, errors, kept = self.stop(signal.SIGKILL, len(first) + 2)
        self.assertEqual(code, -signal.SIGKILL, errors)
        self.assertEqual(kept[: len(first)], first)
        self.expect_the_whole(kept)

    def test_a_cut_last_line_is_trained_again(self):
        self.good("--seed", "0,1,2", "--steps", 5)
        path, whole, numbers = self.out / "results.jsonl", self.lines(), self.numbers()
        for cut in (1, 10, 30, len(whole[2]) // 2, len(whole[2]) - 1):
            path.write_text("".join(whole[:2]) + whole[2][:cut])
            done = self.good("--seed", "0,1,2", "--steps", 5)
            self.assertIn("the last line was cut when it was written; that configuration is trained again", done.stderr)
            self.assertIn("3 configurations, 2 of them done before", done.stderr)
            self.assertEqual(self.lines()[:2], whole[:2])
            self.assertEqual(self.numbers(), numbers)

    def test_only_what_is_missing_is_trained(self):
        self.good("--lr", "0.003,0.01", "--steps", 5)
        first = self.lines()
        done = self.good("--lr", "0.003,1e-2,0.1", "--activation", "relu,elu", "--steps", 5)
        self.assertIn("6 configurations, 2 of them done before", done.stderr)
        self.assertEqual(self.lines()[:2], first)
        self.assertEqual(len(self.lines()), 6)
        # What was there stays in the table, asked for or not.
        done = self.good("--lr", "0.01", "--steps", 5)
        self.assertIn("1 configuration, 1 of them done before", done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 7)
        self.assertEqual(len(self.lines()), 6)

    def test_another_sweep_in_the_folder(self):
        self.good("--steps", 2)
        process = self.start("--steps", "3,10000000")
        self.wait_for_results(process, 2)
        self.bad(4, f"{self.out}/results.jsonl: another sweep is at work in this folder", "--steps", 1)
        process.kill()
        process.communicate()
        self.good("--steps", 1)  # a lock dies with its process
        self.assertEqual(len(self.lines()), 3)


class Files(SweepTest):
    def test_lists(self):
        path = self.file({"hidden": [[], [6, 5]], "lr": [0.01, 1], "activation": ["tanh"], "seed": [-1], "steps": [4]})
        self.good("--file", path)
        configurations = [r["configuration"] for r in self.results()]
        self.assertEqual({(tuple(c["hidden"]), c["lr"]) for c in configurations},
                         set(itertools.product(((), (6, 5)), (0.01, 1))))
        for c in configurations:
            self.assertEqual((c["activation"], c["seed"], c["steps"], c["scale"]), ("tanh", 2**64 - 1, 4, 1))
        # The command line's in place of the file's; the others stay.
        done = self.good("--file", path, "--lr", "0.01,0.02", "--steps", "4")
        self.assertIn("4 configurations, 2 of them done before", done.stderr)

    def test_runs(self):
        path = self.file({"runs": [{"lr": 0.1}, {"optimizer": "adam", "hidden": [7]}, {}]})
        self.good("--file", path, "--steps", 3)
        self.assertEqual({(c["lr"], c["optimizer"], *c["hidden"]) for c in (r["configuration"] for r in self.results())},
                         {(0.1, "sgd", 30, 30), (0.003, "adam", 7), (0.003, "sgd", 30, 30)})
        # What the results say of a configuration is what the file takes.
        again = self.file({"runs": [r["configuration"] for r in self.results()]})
        self.assertIn("3 configurations, 3 of them done before", self.good("--file", again).stderr)


def main():
    """Runs the calling script's tests; the arguments are the paths of sweep and mnist."""
    global MNIST
    MNIST = os.path.abspath(sys.argv.pop(2))
    harness.main()


if __name__ == "__main__":
    main()
