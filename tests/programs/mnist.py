#!/usr/bin/env python3
"""Tests what the program mnist prints and writes, and how it ends.

    mnist.py PATH/TO/mnist
"""

import hashlib
import json
import os
import signal
import struct
import subprocess
import time

from harness import ProgramTest, main, read_safetensors

START = """train_img num:  300
test_img num:  600
lab= {label}
MLP(
  (l1): Linear(in_features=784, out_features=30, bias=True)
  (l2): Linear(in_features=30, out_features=30, bias=True)
  (lo): Linear(in_features=30, out_features=10, bias=True)
)
X.device: cpu
Y.device: cpu
"""


class Output(ProgramTest):
    def test_order_and_words(self):
        done = self.good("--steps", 41, "--log-every", 20)
        start = START.format(label=self.labels[0])
        self.assertTrue(done.stdout.startswith(start), done.stdout)
        number = r"\d+(\.\d+)?(e-\d+)?"
        self.assertRegex(
            done.stdout[len(start) :],
            rf"\Astep= 0 loss= {number}\nstep= 20 loss= {number}\nstep= 40 loss= {number}\nin the end loss= {number}\n"
            rf"running time=\d+\.\d+s\nloss on test data:  {number}\n(predicted:\d, actual:\d\n)*\Z")
        lines = done.stdout.splitlines()
        last = [line for line in lines if line.startswith("step= 40 ")][0]
        self.assertIn(last.replace("step= 40 loss= ", "in the end loss= "), lines)

    def test_misclassified_are_those_of_the_first_500(self):
        done = self.good("--steps", 0)
        shown = done.stdout.count("predicted:")
        self.assertRegex(done.stderr, f"; {shown} of the first 500 misclassified")
        self.assertTrue(0 < shown <= 500)
        for line in done.stdout.splitlines():
            if line.startswith("predicted:"):
                predicted, actual = line.replace("predicted:", "").split(", actual:")
                self.assertNotEqual(predicted, actual)

    def test_chinese(self):
        english = self.good("--steps", 0).stdout
        chinese = self.good("--steps", 0, "--lang", "zh").stdout
        self.assertRegex(chinese, r"预测值:\d, 实际值:\d")
        self.assertEqual(chinese.replace("预测值", "predicted").replace("实际值", "actual").replace("running", ""),
                         english.replace("running", ""))

    def test_zero_steps_evaluate_only(self):
        done = self.good("--steps", 0)
        self.assertNotIn("step= ", done.stdout)
        self.assertRegex(done.stdout, r"loss on test data:  \d")

    def test_quiet(self):
        self.assertEqual(self.good("--steps", 3, "--quiet").stdout, "")
        self.assertIn("█", self.good("--steps", 3, "--quiet", "--show").stdout)  # asked for
        done = self.good("--steps", 3, "--quiet", "--fingerprint")
        self.assertRegex(done.stdout, r"\Afingerprint: [0-9a-f]{64}\n\Z")
        self.assertEqual(done.stderr, "")

    def test_help_and_version(self):
        done = self.run_program("--help", data=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for option in ("data dataset device threads hidden activation optimizer lr momentum weight-decay steps batch scale "
                       "seed engine log-every metrics init convert allow-nonfinite save lang fingerprint quiet help version").split():
            self.assertIn(f"--{option} ", done.stdout)
        self.assertEqual(self.run_program("-h", data=False).stdout, done.stdout)
        done = self.run_program("--version", data=False)
        self.assertRegex(done.stdout, r"\Amnist \(tinynet \d+\.\d+\.\d+\)\n\Z")
        self.assertEqual(done.returncode, 0)

    def test_training_works(self):
        done = self.good("--steps", 400, "--lr", "0.01", "--scale", "0.01")
        losses = [float(x) for x in self.losses(done)]
        self.assertLess(losses[-1], 0.8 * losses[0])


class Files(ProgramTest):
    def test_metrics(self):
        for name in ("m.csv", "m.jsonl"):
            path = self.folder / name
            done = self.good("--steps", 5, "--log-every", 1, "--metrics", path)
            lines = path.read_text().splitlines()
            if name.endswith(".csv"):
                self.assertEqual(lines[0], "step,loss")
                rows = [line.split(",") for line in lines[1:]]
            else:
                rows = [(str(row["step"]), repr(row["loss"])) for row in map(json.loads, lines)]
            self.assertEqual([int(step) for step, _ in rows], [0, 1, 2, 3, 4])
            for (_, loss), printed in zip(rows, self.losses(done)):
                self.assertEqual(struct.pack("f", float(loss)), struct.pack("f", float(printed)))

    def test_save_init_and_fingerprint(self):
        path = self.folder / "model.safetensors"
        done = self.good("--steps", 7, "--save", path, "--fingerprint")
        tensors = read_safetensors(path)
        self.assertEqual({name: t[:2] for name, t in tensors.items()},
                         {"l1.weight": ("F32", [30, 784]), "l1.bias": ("F32", [30]), "l2.weight": ("F32", [30, 30]),
                          "l2.bias": ("F32", [30]), "lo.weight": ("F32", [10, 30]), "lo.bias": ("F32", [10])})
        weights = b"".join(tensors[f"{layer}.{kind}"][2] for layer in ("l1", "l2", "lo") for kind in ("weight", "bias"))
        self.assertIn(f"fingerprint: {hashlib.sha256(weights).hexdigest()}\n", done.stdout)

        again = self.good("--steps", 0, "--init", path, "--fingerprint", "--seed", 5)
        tail = done.stdout[done.stdout.index("loss on test data") :]
        self.assertTrue(again.stdout.endswith(tail))

        # The weights after 7 steps are those that the eighth starts from. (What rounding took from the steps before is
        # the optimizer's to remember, and not in this file, so what follows differs in the last digits.)
        more = self.losses(self.good("--steps", 1, "--log-every", 1, "--init", path))
        self.assertEqual(self.losses(self.good("--steps", 8, "--log-every", 1))[7], more[0])

    def test_names_of_any_net(self):
        path = self.folder / "other.safetensors"
        self.good("--steps", 1, "--hidden", "5,6,7", "--save", path)
        self.assertEqual([t[1] for t in read_safetensors(path).values()],
                         [[5, 784], [5], [6, 5], [6], [7, 6], [7], [10, 7], [10]])
        self.good("--steps", 1, "--hidden", "", "--save", path)
        self.assertEqual({n: t[1] for n, t in read_safetensors(path).items()}, {"lo.weight": [10, 784], "lo.bias": [10]})

    def narrow(self):
        path = self.folder / "narrow.safetensors"
        self.good("--steps", 0, "--hidden", "20", "--save", path)
        return path

    def test_init_that_does_not_fit(self):
        self.bad(3, "l1.weight", "--init", self.narrow())

    def write_linear(self, dtype="F32", pack="f", bias=(0.5,) * 10, more=None):
        """The file of a net without hidden layers, as another program would write it."""
        path = self.folder / "other-program.safetensors"
        tensors = [("lo.weight", dtype, [10, 784], struct.pack(f"<7840{pack}", *[0.25] * 7840)),
                   ("lo.bias", dtype, [10], struct.pack(f"<10{pack}", *bias)), *(more or [])]
        header, body = {}, b""
        for name, kind, shape, data in tensors:
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
            body += data
        text = json.dumps(header).encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + body)
        return path

    def test_what_loading_did_is_said(self):
        plain = ("--steps", 0, "--hidden", "", "--init")
        path = self.write_linear(more=[("bn.num_batches_tracked", "I64", [], bytes(8))])
        said = self.good(*plain, path).stderr
        self.assertIn(f"{path}: has no checksum", said)
        self.assertIn("not used, since no net here has it: bn.num_batches_tracked", said)
        ours = self.folder / "ours.safetensors"
        self.assertNotIn("checksum", self.good(*plain, path, "--save", ours).stderr.split("mnist: note: net")[1])
        self.assertNotIn("checksum", self.good(*plain, ours).stderr)

    def test_other_types_and_numbers_are_loaded_if_asked_for(self):
        plain = ("--steps", 0, "--hidden", "", "--init")
        expected = self.good(*plain, self.write_linear()).stdout
        path = self.write_linear("F64", "d")
        self.assertIn("--convert takes it", self.bad(3, "has type F64 instead of F32", *plain, path))
        done = self.good(*plain, path, "--convert")
        self.assertIn("rounded to float: lo.weight, lo.bias", done.stderr)
        self.assertEqual(done.stdout.replace("running", ""), expected.replace("running", ""))

        path = self.write_linear(bias=(float("-inf"),) + (0.5,) * 9)
        self.assertIn("--allow-nonfinite takes it", self.bad(6, "lo.bias[0]", *plain, path))
        # The logit of class 0 is -inf: a net that is never right about it has an infinite loss, and is told from ours.
        done = self.run_program(*plain, path, "--allow-nonfinite")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("the loss on the test data is infinite. A smaller --scale or other weights may help", done.stderr)

    def test_places_that_cannot_be_written_are_found_before_training(self):
        missing = self.folder / "missing" / "x"
        for option, name in (("--save", "x.safetensors"), ("--metrics", "x.csv")):
            self.bad(4, str(missing), option, str(missing) + name)
        self.bad(4, "directory", "--save", self.folder)
        if os.path.exists("/dev/null"):
            self.bad(4, "not a regular file", "--save", "/dev/null")
        self.bad(4, "too long", "--save", self.folder / ("x" * 300))
        fixed = self.folder / "fixed.safetensors"
        fixed.write_text("")
        fixed.chmod(0o444)
        if not os.access(fixed, os.W_OK):  # not as root
            self.bad(4, "write-protected", "--save", fixed)

    def test_a_look_at_the_place_leaves_nothing_there(self):
        folder = self.folder / "looked"
        folder.mkdir()
        self.bad(3, "l1.weight", "--init", self.narrow(), "--save", folder / "x")
        self.assertEqual(list(folder.iterdir()), [])

    def test_a_link_to_a_file_that_is_not_there_yet_is_followed(self):
        link = self.folder / "latest"
        link.symlink_to("first.safetensors")
        self.good("--steps", 1, "--save", link)
        self.assertTrue(link.is_symlink())
        self.assertEqual(len(read_safetensors(self.folder / "first.safetensors")), 6)

    def test_full_disk(self):
        if os.path.exists("/dev/full"):
            link = self.folder / "full.csv"
            link.symlink_to("/dev/full")
            done = self.run_program("--steps", 3, "--metrics", link)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("full.csv", done.stderr)

    def test_what_was_trained_is_saved_when_the_losses_cannot_be_written(self):
        if os.path.exists("/dev/full"):
            link, path = self.folder / "full.jsonl", self.folder / "kept.safetensors"
            link.symlink_to("/dev/full")
            done = self.run_program("--steps", 3, "--metrics", link, "--save", path)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("full.jsonl", done.stderr.splitlines()[-1])
            self.assertIn(f"the weights are in {path}", done.stderr)
            self.assertEqual(len(read_safetensors(path)), 6)


class Nets(ProgramTest):
    def test_every_activation_at_run_time_and_compiled_in(self):
        seen = set()
        for activation in ("relu", "leaky_relu", "elu", "sigmoid", "tanh", "silu", "gelu"):
            done = self.good("--steps", 9, "--log-every", 4, "--activation", activation)
            self.assertIn("sizes compiled in", done.stderr)
            seen.add(done.stdout.split("in the end")[1])
            done = self.good("--steps", 3, "--hidden", "12", "--activation", activation)
            self.assertIn("sizes at run time", done.stderr)
        self.assertEqual(len(seen), 7)

    def test_every_optimizer(self):
        seen = {}
        for optimizer in ("sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta"):
            done = self.good("--steps", 12, "--log-every", 1, "--optimizer", optimizer, "--scale", "0.01")
            self.assertEqual(len(self.losses(done)), 12)
            seen[optimizer] = tuple(self.losses(done))
        self.assertEqual(len(set(seen.values())), 8)
        same = self.good("--steps", 12, "--log-every", 1, "--momentum", "0.9", "--scale", "0.01")
        self.assertEqual(tuple(self.losses(same)), seen["momentum"])

    def test_seeds(self):
        one, two, top = (self.good("--steps", 2, "--seed", seed, "--fingerprint", "--quiet").stdout
                         for seed in (0, 1, 4294967296))
        self.assertNotEqual(one, two)
        self.assertEqual(one, top)  # the generator takes 32 bits, as PyTorch's does
        self.good("--steps", 1, "--seed", "-1")

    def test_batches(self):
        whole = self.losses(self.good("--steps", 4, "--log-every", 1))
        part = self.losses(self.good("--steps", 4, "--log-every", 1, "--batch", 7))
        self.assertNotEqual(whole, part)
        self.assertEqual(part, self.losses(self.good("--steps", 4, "--log-every", 1, "--batch", 7, "--threads", 1)))
        # More rows than there are: all of them.
        huge = self.losses(self.good("--steps", 2, "--log-every", 1, "--batch", 100000))
        self.assertAlmostEqual(float(huge[0]), float(whole[0]), places=4)

    def test_chunks_of_rows_add_up(self):
        losses = lambda *options: [float(x) for x in self.losses(self.good("--steps", 4, "--log-every", 1, *options))]
        for engine in ("fused", "tape"):
            for batch in (0, 50):
                options = ("--engine", engine, "--batch", batch)
                for chunk in (1, 7, 1000):
                    with self.subTest(engine=engine, batch=batch, chunk=chunk):
                        for part, whole in zip(losses("--chunk-rows", chunk, *options), losses(*options)):
                            self.assertAlmostEqual(part, whole, delta=1e-4 * whole)

    def test_scale(self):
        plain = float(self.losses(self.good("--steps", 1))[0])
        small = float(self.losses(self.good("--steps", 1, "--scale", "0.001"))[0])
        self.assertGreater(plain, 3)
        self.assertAlmostEqual(small, 2.3, delta=0.2)

    def test_same_bits_for_any_number_of_threads(self):
        prints = {self.good("--steps", 20, "--threads", threads, "--fingerprint", "--quiet").stdout
                  for threads in (0, 1, 2, 3, 8)}
        self.assertEqual(len(prints), 1)


class Endings(ProgramTest):
    def test_dead_units(self):
        done = self.good("--steps", 60, "--lr", 10, "--hidden", "20")
        self.assertRegex(done.stderr, r"the net has learned nothing: .*l1: 20 of 20\. A smaller --lr may help")
        self.assertNotIn("learned nothing", self.good("--steps", 60, "--hidden", "20").stderr)

    def test_divergence(self):
        path = self.folder / "diverged.safetensors"
        done = self.run_program("--steps", 50, "--lr", "1e30", "--save", path)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertRegex(done.stderr, r"mnist: error: the loss is (NaN|infinite) at step \d+; it was finite until step \d+")
        self.assertRegex(done.stderr, r"; (output \d+ of l\w for training image \d+|l\w\.\w+'s number \d+) is (NaN|infinite)")
        self.assertFalse(path.exists())
        done = self.run_program("--steps", 50, "--scale", "1e38")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertRegex(done.stderr, r"at step 0; .*\. A smaller --scale or other weights may help\n\Z")
        # The weights are lost in the last step, which no loss has seen; or they are numbers still, but their loss is not.
        for lr, what in (("1e300", r"l1\.weight's number \d+ is (NaN|infinite) after step 0"),
                         ("1e30", "test data is .* after training; .* is not written")):
            done = self.run_program("--steps", 1, "--lr", lr, "--save", path)
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertRegex(done.stderr, what + r"\. A smaller --lr may help\n\Z")
            self.assertFalse(path.exists())

    def start(self, *options, **more):
        return subprocess.Popen(self.command("--steps", 10_000_000, "--log-every", 1, *options), env=self.environment(),
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def wait_for_training(self, process):
        for line in process.stdout:
            if line.startswith("step= 3 "):
                return

    def test_signals(self):
        for which, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)):
            path = self.folder / f"{code}.safetensors"
            metrics = self.folder / f"{code}.csv"
            process = self.start("--save", path, "--metrics", metrics)
            self.wait_for_training(process)
            process.send_signal(which)
            _, errors = process.communicate(timeout=30)
            self.assertEqual(process.returncode, code, errors)
            self.assertIn(f"the weights are in {path}", errors)
            self.assertEqual(len(read_safetensors(path)), 6)
            self.assertRegex(metrics.read_text().splitlines()[-1], r"\A\d+,\d")

    def test_an_ignored_hangup_stays_ignored(self):
        process = self.start(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.wait_for_training(process)
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 143)

    def test_a_reader_that_goes_away(self):
        path, checkpoint = self.folder / "piped.safetensors", self.folder / "piped.checkpoint"
        process = self.start("--save", path, "--checkpoint", checkpoint, "--out", self.folder / "piped")
        self.wait_for_training(process)
        process.stdout.close()
        with process.stderr:
            errors = process.stderr.read()
        self.assertEqual(process.wait(timeout=30), 0, errors)
        self.assertTrue(path.exists())
        self.assertTrue(checkpoint.exists())
        run = json.loads((self.folder / "piped" / "run.json").read_text())
        self.assertEqual(run["stopped_by"], "SIGPIPE")
        self.assertNotIn("error", errors)

    def test_standard_output_that_cannot_be_written(self):
        for redirection in (">/dev/full", ">&-"):
            if redirection == ">/dev/full" and not os.path.exists("/dev/full"):
                continue
            done = subprocess.run(["sh", "-c", f'"$@" {redirection}', "sh", *self.command("--steps", 2)],
                                  env=self.environment(), capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertIn("mnist: error: standard output cannot be written", done.stderr)
            for option in ("--help", "--version"):
                done = subprocess.run(["sh", "-c", f'"$@" {redirection}', "sh", *self.command(option, data=False)],
                                      capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 4, option)
                self.assertIn("mnist: error: standard output cannot be written", done.stderr)

    def test_no_standard_streams_at_all(self):
        metrics = self.folder / "alone.csv"
        done = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh",
                               *self.command("--steps", 2, "--quiet", "--metrics", metrics)],
                              env=self.environment(), timeout=60)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(metrics.read_text().splitlines()), 3)


if __name__ == "__main__":
    main()
