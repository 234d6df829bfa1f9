#!/usr/bin/env python3
"""Stops mnist's training and goes on with it: mnist_checkpoint.py PROGRAM."""

import json
import math
import os
import signal
import struct
import subprocess
import time

import harness


class CheckpointTest(harness.ProgramTest):
    def setUp(self):
        self.file = self.folder / "checkpoint"
        for file in self.folder.glob("checkpoint*"):
            file.unlink()

    def fingerprint(self, *options):
        return self.good("--quiet", "--fingerprint", *options).stdout

    def test_a_training_goes_on_as_if_it_had_never_stopped(self):
        for optimizer in ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta"):
            for batch in (0, 70):
                options = ["--optimizer", optimizer, "--batch", batch, "--scale", 0.004, "--hidden", "8"]
                whole = self.fingerprint("--steps", 12, *options)
                for stop in (1, 7, 11):
                    with self.subTest(optimizer=optimizer, batch=batch, stop=stop):
                        self.fingerprint("--steps", stop, "--checkpoint", self.file, *options)
                        self.assertEqual(self.fingerprint("--steps", 12, "--resume", self.file, *options), whole)

    def test_the_last_one_of_several_is_kept_and_resumed_again(self):
        whole = self.fingerprint("--steps", 30)
        self.fingerprint("--steps", 10, "--checkpoint", self.file, "--checkpoint-every", 3)
        self.fingerprint("--steps", 20, "--checkpoint", self.file, "--resume", self.file)
        done = self.good("--steps", 30, "--resume", self.file, "--fingerprint", "--log-every", 7)
        self.assertIn(whole, done.stdout)
        self.assertIn("goes on after 20 steps", done.stderr)
        self.assertEqual([line.split()[1] for line in done.stdout.splitlines() if line.startswith("step=")],
                         ["21", "28"])

    def test_stopped_by_a_signal(self):
        for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
            with self.subTest(number), subprocess.Popen(
                    self.command("--steps", 1000000, "--checkpoint", self.file, "--checkpoint-every", 1000000),
                    env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
                for line in run.stdout:
                    if line.startswith("step= 200"):
                        break
                time.sleep(0.05)
                run.send_signal(number)
                _, errors = run.communicate(timeout=100)
                self.assertEqual(run.returncode, code, errors)
                self.assertRegex(errors, r"stopped by SIG\w+, the checkpoint after \d+ steps is ")
                steps = int(errors.split("the checkpoint after ")[1].split()[0])
                self.assertEqual(self.fingerprint("--steps", steps + 5, "--resume", self.file),
                                 self.fingerprint("--steps", steps + 5))

    def test_another_training_is_refused(self):
        self.fingerprint("--steps", 5, "--checkpoint", self.file)
        name = self.file.name
        for option, value, then in (("--lr", 0.1, "0.003"), ("--optimizer", "adam", "sgd"), ("--hidden", "5", "30,30"),
                                    ("--activation", "tanh", "relu"), ("--batch", 10, "0"), ("--seed", 1, "0"),
                                    ("--momentum", 0.5, "default"), ("--scale", 2, "1"),
                                    ("--weight-decay", 0.1, "default")):
            self.bad(3, f"{name}: a checkpoint of another training; expected {option} {value}, found {option} {then}",
                     "--resume", self.file, option, value)
        self.bad(3, "expected --lr 0.1, --seed 1, found --lr 0.003, --seed 0", "--resume", self.file, "--lr", 0.1,
                 "--seed", 1)
        self.bad(2, "--resume and --init", "--resume", self.file, "--init", self.file)
        other = self.folder / "other"
        harness.write_data(other, seed=2)
        self.bad(3, "a checkpoint of another training; expected data ", "--resume", self.file, "--data", other,
                 data=False)

    def test_another_learning_rate_if_that_is_wanted(self):
        self.fingerprint("--steps", 5, "--checkpoint", self.file)
        go_on = lambda *options: self.fingerprint("--steps", 9, "--resume", self.file, "--override", *options)
        self.assertEqual(go_on(), self.fingerprint("--steps", 9))
        self.assertNotEqual(go_on("--lr", 0.01), go_on())
        self.bad(3, "expected --seed 1, found --seed 0", "--resume", self.file, "--override", "--seed", 1)

    def change_metadata(self, **changes):
        """Writes other texts into the file, which then has no checksum any more."""
        data = self.file.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + size])
        about = header["__metadata__"]
        about.pop("tinynet.checksum", None)
        for key, value in changes.items():
            self.assertIn(key.replace("_", " "), [k.replace(".", " ") for k in about])
            about[next(k for k in about if k.replace(".", " ") == key.replace("_", " "))] = value
        text = json.dumps(header).encode()
        self.file.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + size :])

    def test_another_version_of_tinynet(self):
        """Another version may round in another way, so it goes on only if that is wanted."""
        self.fingerprint("--steps", 5, "--checkpoint", self.file)
        whole, version = self.fingerprint("--steps", 9), self.good("--version").stdout.split()[-1].strip(")")
        self.change_metadata()
        self.assertEqual(self.fingerprint("--steps", 9, "--resume", self.file), whole)
        self.change_metadata(mnist_tinynet="0.0.1")
        line = self.bad(3, f"a checkpoint of another training; expected tinynet {version}, found tinynet 0.0.1",
                        "--resume", self.file)
        self.assertIn("--override", line)
        self.assertEqual(self.fingerprint("--steps", 9, "--resume", self.file, "--override"), whole)

    def test_any_number_of_steps_in_the_file_takes_no_time(self):
        options = ["--batch", 70, "--hidden", "8"]
        self.fingerprint("--steps", 3, "--checkpoint", self.file, *options)
        start = time.monotonic()
        for steps in (1 << 31, 10**15, (1 << 62) - 1):
            self.change_metadata(tinynet_checkpoint_steps=str(steps))
            self.bad(3, f"no training of this program: metadata tinynet.checkpoint.steps; expected at most 2147483647, "
                        f"found {steps}", "--resume", self.file, *options)
        for steps in ("-1", "1e3", "", str(1 << 63)):
            self.change_metadata(tinynet_checkpoint_steps=steps)
            self.bad(3, "metadata tinynet.checkpoint.steps; expected a number", "--resume", self.file, *options)
        self.change_metadata(tinynet_checkpoint_steps="2147483647")
        self.assertIn("nothing is left to do", self.good("--steps", 5, "--resume", self.file, *options).stderr)
        self.change_metadata(tinynet_checkpoint_steps="1000000")
        self.assertIn("goes on after 1000000 steps",
                      self.good("--steps", 1000003, "--resume", self.file, *options).stderr)
        self.assertLess(time.monotonic() - start, 60)

    def test_nothing_is_left_to_do(self):
        whole = self.good("--steps", 5, "--checkpoint", self.file, "--fingerprint")
        for steps in (5, 3):
            done = self.good("--resume", self.file, "--steps", steps, "--fingerprint")
            self.assertIn(f"goes on after 5 steps; --steps is {steps}, nothing is left to do", done.stderr)
            self.assertEqual(done.stdout.splitlines()[-1], whole.stdout.splitlines()[-1])
            self.assertNotIn("step=", done.stdout)

    def test_the_last_loss_is_that_of_a_training_that_never_stopped(self):
        options = ["--steps", 40, "--batch", 64, "--lr", 0.0005]
        whole = self.good(*options, "--checkpoint", self.file).stdout
        self.assertIn("in the end loss= ", whole)
        again = self.good(*options, "--resume", self.file).stdout
        last = lambda text: text.split("in the end loss= ")[1].split()[0]
        self.assertEqual(last(again), last(whole))

    def test_a_checkpoint_without_a_step(self):
        self.fingerprint("--steps", 4, "--checkpoint", self.file)
        other = self.folder / "checkpoint2"
        for steps, start in ((4, ["--resume", self.file]), (0, [])):
            self.fingerprint("--steps", steps, "--checkpoint", other, *start)
            self.assertEqual(self.fingerprint("--steps", 6, "--resume", other), self.fingerprint("--steps", 6))
            other.unlink()

    def losses_of(self, path):
        return [int(line.split(",")[0]) for line in path.read_text().splitlines()[1:]]

    def test_losses_outlast_kill_9(self):
        """Those before the checkpoint from which the training goes on."""
        metrics = self.folder / "checkpoint.csv"
        for resume in ([], ["--resume", self.file]):
            with subprocess.Popen(
                    self.command("--steps", 10_000_000, "--checkpoint", self.file, "--checkpoint-every", 7, "--log-every", 1,
                                 "--metrics", metrics, *resume),
                    env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
                for count, _ in enumerate(run.stdout):
                    if count == 60:
                        break
                run.kill()
                run.communicate()
            self.assertTrue(self.file.exists())
        done = self.good("--steps", 1, "--resume", self.file)  # says how many there are
        steps = int(done.stderr.split("goes on after ")[1].split()[0])
        self.assertGreaterEqual(steps, 50)
        done = self.good("--steps", steps + 3, "--resume", self.file, "--metrics", metrics)
        self.assertNotIn("missing", done.stderr)
        self.assertEqual(self.losses_of(metrics), list(range(steps + 3)))

    def test_half_a_line_is_no_loss(self):
        metrics = self.folder / "checkpoint.csv"
        self.good("--steps", 10, "--checkpoint", self.file, "--metrics", metrics)
        whole = metrics.read_bytes()
        metrics.write_bytes(whole[:-4])
        done = self.good("--steps", 12, "--resume", self.file, "--metrics", metrics)
        self.assertIn("checkpoint.csv: of the 10 steps before, the losses of 1 are missing", done.stderr)
        self.assertEqual(self.losses_of(metrics), [*range(9), 10, 11])
        self.assertEqual(metrics.read_bytes()[:len(whole) - 20], whole[:-20])

    def test_losses_to_a_pipe(self):
        self.good("--steps", 5, "--checkpoint", self.file)
        pipe = self.folder / "checkpoint-pipe.csv"
        os.mkfifo(pipe)
        with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True) as reader:
            self.good("--steps", 9, "--resume", self.file, "--metrics", pipe)
            lines = reader.communicate(timeout=60)[0].splitlines()
        self.assertEqual([line.split(",")[0] for line in lines], ["step", "5", "6", "7", "8"])

    def test_the_one_before_is_kept_where_the_name_is_a_link(self):
        real = self.folder / "checkpoint-real"
        self.file.symlink_to(real.name)
        self.fingerprint("--steps", 9, "--checkpoint", self.file, "--checkpoint-every", 3)
        real.write_bytes(b"damaged")
        done = self.good("--steps", 12, "--resume", self.file, "--fingerprint")
        self.assertIn("goes on after 6 steps", done.stderr)
        self.assertIn(self.fingerprint("--steps", 12), done.stdout)

    def test_a_damaged_one_gives_way_to_the_one_before(self):
        options = ["--checkpoint", self.file, "--checkpoint-every", 3]
        before = self.folder / "checkpoint.previous"
        self.fingerprint("--steps", 10, *options)
        good = self.file.read_bytes()
        self.file.write_bytes(good[:-50] + bytes([good[-50] ^ 1]) + good[-49:])
        done = self.good("--steps", 12, "--resume", self.file, "--fingerprint", *options)
        self.assertIn("goes on with", done.stderr)
        self.assertIn("goes on after 9 steps", done.stderr)
        self.assertIn(self.fingerprint("--steps", 12), done.stdout)
        self.assertIn("goes on after 12 steps", self.good("--steps", 13, "--resume", self.file).stderr)
        self.file.write_bytes(good[:100])
        before.write_bytes(good[:200])
        self.bad(3, self.file.name + ":", "--resume", self.file)

    def test_a_checkpoint_that_cannot_be_written(self):
        for strict in ([], ["--strict-save"]):
            folder = self.folder / "vanishing"
            folder.mkdir()
            with self.subTest(strict), subprocess.Popen(
                    self.command("--steps", 100000, "--log-every", 1, "--save", self.folder / "saved", "--checkpoint",
                                 folder / "file", "--checkpoint-every", 20, *strict),
                    env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
                for line in run.stdout:
                    if line.startswith("step= 50"):
                        break
                folder.rename(self.folder / f"gone{len(strict)}")
                if not strict:
                    for line in run.stdout:
                        if line.startswith("step= 9"):
                            break
                    time.sleep(0.1)
                    run.send_signal(signal.SIGTERM)
                _, errors = run.communicate(timeout=100)
                self.assertEqual(run.returncode, 4, errors)
                self.assertEqual("the training goes on, but no checkpoint could be written" in errors, not strict)
                self.assertRegex(errors.splitlines()[-1], "mnist: error: .*file: cannot be written")
                self.assertRegex(errors, r"the checkpoint after \d+ steps is ")
                self.assertIn("the weights are in", errors)
                (self.folder / "saved").unlink()

    def test_what_is_no_checkpoint_is_refused(self):
        self.fingerprint("--steps", 5, "--checkpoint", self.file)
        whole = self.file.read_bytes()
        for damaged in (whole[: len(whole) // 2], whole[:-1], whole[:-50] + bytes([whole[-50] ^ 1]) + whole[-49:], b""):
            self.file.write_bytes(damaged)
            self.bad(3, self.file.name, "--resume", self.file)
        weights = self.folder / "weights"
        self.good("--steps", 1, "--save", weights)
        self.bad(3, "found --hidden (none), --activation (none)", "--resume", weights)
        self.bad(4, "nowhere", "--resume", self.folder / "nowhere")
        self.bad(4, "no folder", "--checkpoint", self.folder / "no folder" / "file")

    def test_a_training_that_diverges_leaves_the_last_good_one(self):
        done = self.run_program("--steps", 50, "--lr", 1e20, "--checkpoint", self.file, "--checkpoint-every", 1)
        self.assertEqual(done.returncode, 6, done.stderr)
        tensors = harness.read_safetensors(self.file)
        self.assertIn("l1.weight", tensors)
        for name, (dtype, _, data) in tensors.items():
            self.assertEqual(dtype, "F32")
            numbers = struct.unpack(f"<{len(data) // 4}f", data)
            self.assertTrue(all(map(math.isfinite, numbers)), name)


if __name__ == "__main__":
    harness.main()
