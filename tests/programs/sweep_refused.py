#!/usr/bin/env python3
"""Tests what the program sweep refuses: sweep_refused.py PATH/TO/sweep PATH/TO/mnist."""

import json

import harness
from sweep import SweepTest, main


class Refused(SweepTest):
    def test_options(self):
        for option, value, text in (
                ("--lr", "0.1,x", "--lr: expected a number above 0, found 'x'"),
                ("--lr", "0.1,", "--lr: expected a number above 0, found ''"),
                ("--lr", "0.01,1e-2", "--lr: 0.01 is there twice"),
                ("--hidden", "30;x", "--hidden: expected"),
                ("--weight-decay", "0,-0", "--weight-decay: 0 is there twice"),
                ("--hidden", "30,30;64;30,30", "--hidden: 30,30 is there twice"),
                ("--optimizer", "sgd,magic", "--optimizer: expected sgd, momentum"),
                ("--activation", "", "--activation: expected"),
                ("--scale", "-1", "--scale: expected"),
                ("--seed", "1.5", "--seed: expected"),
                ("--batch", "-1", "--batch: expected"),
                ("--momentum", "-1", "--momentum: expected"),
                ("--weight-decay", "x", "--weight-decay: expected"),
                ("--engine", "steam", "--engine: expected auto, fused or tape"),
                ("--steps", "0", "--steps: expected a whole number above 0, found '0'"),
                ("--threads", "-1", "--threads: expected"),
                ("--dataset", "x", "--dataset: expected"),
                ("--dist", "nccl", "--dist: expected none or mpi, found 'nccl'"),
                ("--dist-timeout", "-1", "--dist-timeout: expected a number above 0, found '-1'"),
                ("--dist-timeout", "5", "--dist-timeout: has no effect without --dist"),
                ("--file", "--quiet", "--file: expected a name"),
                ("--stps", "5", "unknown option '--stps'; the nearest is --steps"),
                ("--quiet=1", "x", "--quiet: takes no value")):
            self.bad(2, text, option, value)
        self.bad(2, "--momentum: adam has none", "--optimizer", "sgd,adam", "--momentum", "0.9")
        numbers = ",".join(map(str, range(1, 400)))
        self.bad(2, "more than 100000 configurations", "--seed", numbers, "--steps", numbers)
        self.bad(2, "--lr: given more than once", "--lr", "1", "--lr", "2")
        self.bad(2, "--lr: needs a value", "--lr")
        self.bad(2, "unexpected argument 'x'", "x")
        self.assertFalse(self.out.exists())

    def test_files(self):
        for content, text in (
                ("", "at byte 0: this is not JSON"),
                ('{"lr": [0.1,]}', "at byte 12: this is not JSON"),
                ('{"lr": [1e999]}', "sweep.json: this is not JSON that can be read"),
                ('{"lr": [0.1], "lr": [0.2]}', 'the key "lr" is there twice'),
                ([1], "sweep.json: expected an object, found [1]"),
                ("[" * 300000 + "]" * 300000, "more than 8 levels of brackets"),
                ({"lr": 0.1}, "lr: expected an array of values, each a number, found 0.1"),
                ({"lr": []}, "lr: expected an array of values, each a number, found []"),
                ({"lr": ["0.1"]}, 'lr[0]: expected a number, found "0.1"'),
                ({"lr": [1, -1]}, "lr[1]: expected a number above 0, found '-1'"),
                ({"lr": [0.1, 0.10]}, "lr[1]: 0.1 is there twice"),
                ({"hidden": [30, 30]}, "hidden[0]: expected an array of numbers, found 30"),
                ({"hidden": [[30], [0]]}, "hidden[1]: expected at most 100 widths"),
                ({"steps": [1.5]}, "steps[0]: expected a whole number"),
                ({"steps": [0]}, "steps[0]: expected a whole number above 0"),
                ({"activation": ["relu\0"]}, 'activation[0]: expected a string, found "relu'),
                ({"optimizer": ["magic"]}, "optimizer[0]: expected sgd, momentum"),
                ({"optimizer": [["sgd"]]}, 'optimizer[0]: expected a string, found ["sgd"]'),
                ({"inertia": [0.9]}, "inertia: unknown key; expected runs, or some of hidden, activation"),
                ({"momentum": ["0.9"]}, 'momentum[0]: expected a number, found "0.9"'),
                ({"weight-decay": [-1]}, "weight-decay[0]: expected a number, 0 or more, found '-1'"),
                ({"engine": ["steam"]}, "engine[0]: expected auto, fused or tape, found 'steam'"),
                ({"data": ["x"]}, "data: unknown key"),
                ({"runs": [], }, "runs: expected an array of objects, found []"),
                ({"runs": [3]}, "runs[0]: expected an object, found 3"),
                ({"runs": [{}, {"lrate": 3}]}, "runs[1].lrate: unknown key; expected hidden, activation"),
                ({"runs": [{"lr": [3]}]}, "runs[0].lr: expected a number, found [3]"),
                ({"runs": [{"seed": 1}, {"seed": 0}, {}]}, "runs[2]: the same configuration as runs[1]: hidden=30,30"),
                ({"runs": [{}], "lr": [1]}, "runs: expected to be the only key, found 2 keys"),
                ({"\u001b[1m": 3}, "\\x1b[1m: unknown key")):
            with self.subTest(content):
                self.bad(3, text, "--file", self.file(content))
        self.bad(4, "nowhere", "--file", self.folder / "nowhere")
        self.bad(4, "not a regular file", "--file", self.folder)
        self.assertFalse(self.out.exists())

    def test_results_that_are_none(self):
        self.good("--seed", "0,1", "--steps", 3)
        path, lines = self.out / "results.jsonl", self.lines()
        second = json.loads(lines[1])
        def changed(**changes):
            return json.dumps({**second, **changes}) + "\n"
        place = f"results.jsonl: at byte {len(lines[0])} (line 2): "
        for line, text in ((lines[1].replace(":", ";", 5), "this is not JSON"), ("[]\n", "this is no result of a sweep: []"),
                           ("\n", "this is not JSON"), ("hello", "this is no result of a sweep, nor the beginning"),
                           (lines[0], "the same configuration as in line 1"),
                           (changed(configuration={}), "configuration: hidden is missing"),
                           (changed(configuration={"lr": 0}), "configuration.lr: expected a number above 0, found '0'"),
                           (changed(test_loss="x"), "type must be number"),
                           (changed(test_loss=1e300), "test_loss: expected a number from 0 to "),
                           (changed(accuracy=77), "accuracy: expected a number from 0 to 1, found 77"),
                           (changed(curve={**second["curve"], "step": [0, 1.5, 2]}), "curve: expected whole steps"), (changed(curve=3), "this is no result"),
                           (changed(curve={**second["curve"], "loss": []}), "curve: expected lists of one length"),
                           (changed(data="0"), "a result on other data; expected")):
            with self.subTest(line):
                path.write_text(lines[0] + line)
                before = path.read_text()
                self.bad(3, text, "--seed", "0,1", "--steps", 3)
                done = self.run_program("--seed", "0,1", "--steps", 3)
                self.assertIn("results.jsonl: at byte ", done.stderr)
                self.assertIn(" (line 2): ", done.stderr)
                if "not JSON" not in text:
                    self.assertIn(place, done.stderr)
                self.assertEqual(path.read_text(), before)

    def test_other_data_in_the_folder(self):
        self.good("--steps", 3)
        other = self.folder / "other"
        harness.write_data(other, seed=2)
        self.bad(3, "(line 1): a result on other data; expected data with the fingerprint ", "--steps", 4, "--data", other,
                 data=False)
        wide = self.folder / "wide"
        harness.write_data(wide, side=32)
        self.bad(3, "images of the wrong size; expected 784 pixels", "--data", wide, data=False)

    def test_folders_that_cannot_be_used(self):
        file = self.folder / "file"
        file.write_text("")
        self.bad(4, "file", "--steps", 1, out=file)
        self.bad(4, "file", "--steps", 1, out=file / "below")
        self.out.mkdir()
        (self.out / "sweep.html").mkdir()
        self.bad(4, "sweep.html: not a regular file", "--steps", 1)


if __name__ == "__main__":
    main()
