#!/usr/bin/env python3
"""Tests what the program mnist refuses, and which data it takes.

    mnist_options.py PATH/TO/mnist
"""

import os
import re
import resource
import subprocess
import sys

from harness import ProgramTest, main, write_data

FASHION = "/usr/share/datasets/fashion-mnist"


class Options(ProgramTest):
    def test_each_file_is_its_own(self):
        file = self.folder / "one.csv"
        for first in ("--save", "--checkpoint"):
            self.bad(2, f"expected a file of its own, found '{file}', which is that of {first}", first, file,
                     "--metrics", file)
        relative = os.path.relpath(file)
        self.bad(2, "--checkpoint: expected a file of its own", "--save", file, "--checkpoint", relative)
        self.bad(2, "which is that of --out", "--out", self.folder / "o", "--save", self.folder / "o" / "run.json")
        images = next(self.data.glob("train-images*"))
        before = images.read_bytes()
        self.bad(2, "which is one of the data", "--save", images)
        self.assertEqual(images.read_bytes(), before)
        self.assertFalse(file.exists())
        self.bad(2, "which is that of --checkpoint", "--checkpoint", file, "--save", f"{file}.previous")
        out = self.folder / "own"
        for name in ("misclassified_2.png", ".lock"):
            self.bad(2, "which is that of --out", "--out", out, "--save", out / name)
        weights = self.folder / "weights.csv"
        self.good("--steps", 1, "--save", weights)
        before = weights.read_bytes()
        self.bad(2, "--init: expected a file that is not written to", "--init", weights, "--metrics", weights)
        self.bad(2, "--init: expected a file that is not written to", "--init", weights, "--checkpoint", weights)
        self.assertEqual(weights.read_bytes(), before)
        self.good("--steps", 1, "--init", weights, "--save", weights)  # fine, as is going on in the same file
        checkpoint = self.folder / "resumed"
        self.good("--steps", 2, "--checkpoint", checkpoint)
        self.bad(2, "--resume: expected a file that is not written to", "--resume", checkpoint, "--save", checkpoint)
        self.good("--steps", 4, "--checkpoint", checkpoint, "--resume", checkpoint)

    def test_numbers(self):
        for value in ("nan", "inf", "-inf", "-1", "0", "1e400", "0,003", "3e-3x", "", " 1", "1 ", "+1", "0x1", "1e-400"):
            self.bad(2, f"--lr: expected a number above 0, found '{value}'", "--lr", value)
        for value in ("-1", "5.5", "2147483648", "9223372036854775808", "1e3", "", "x"):
            self.bad(2, f"--steps: expected a whole number from 0 to 2147483647, found '{value}'", "--steps", value)
        for value in ("-3", "100000"):
            self.bad(2, "--threads: expected", "--threads", value)
        for option in ("--batch", "--log-every", "--seed"):
            self.bad(2, option, option, "1.5")
        self.bad(2, "--log-every", "--log-every", "0")
        for option in ("--scale", "--momentum", "--weight-decay"):
            self.bad(2, option, option, "-1")

    def test_options_that_would_have_no_effect(self):
        for options, partner in ((["--checkpoint-every", 5], "--checkpoint"), (["--strict-save"], "--checkpoint"),
                                 (["--override"], "--resume"), (["--convert"], "--init"),
                                 (["--allow-nonfinite"], "--init")):
            self.bad(2, f"{options[0]}: has no effect without {partner}", "--steps", 1, *options)

    def test_unknown_options_name_the_nearest(self):
        self.bad(2, "unknown option '--step'; the nearest is --steps", "--step", "5")
        self.bad(2, "the nearest is --optimizer", "--optimiser=sgd")
        self.bad(2, "the nearest is --save", "-save", "x")
        self.bad(2, "unexpected argument 'x'", "x")
        self.bad(2, "'\\x1b[31m'", "\x1b[31m")

    def test_repeated_and_missing_values(self):
        self.bad(2, "--lr: given more than once", "--lr", "1", "--lr", "2")
        self.bad(2, "--quiet: given more than once", "--quiet", "--quiet")
        self.bad(2, "--steps: needs a value", "--steps")
        for flag in ("quiet", "fingerprint", "offline", "convert", "allow-nonfinite", "help", "version"):
            for value in ("", "1", "true", "x"):
                self.bad(2, f"--{flag}: takes no value, found '{value}'", f"--{flag}={value}")
        self.bad(2, "--save: expected a name, found '--quiet'", "--save", "--quiet")

    def test_names(self):
        for option in ("--activation", "--optimizer", "--engine", "--lang", "--device", "--dataset"):
            self.bad(2, f"{option}: expected ", option, "something")
            self.bad(2, f"{option}: expected ", option, "")
        self.bad(2, ".csv or .jsonl", "--metrics", "x.txt")
        self.bad(2, "exclude each other", "--dataset", "synthetic")

    def test_hidden(self):
        for value in ("0", "-1", "1000000000", ",", "30,", "30,,30", "a", "30;30", ",".join(["1"] * 200)):
            self.bad(2, "--hidden: expected", "--hidden", value)
        self.bad(4, "bytes", "--hidden", "1000000,1000000")

    def test_not_enough_memory(self):
        def run(megabytes, *options, data=True):
            limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
            return subprocess.run(self.command(*options, data=data), env=self.environment(), capture_output=True,
                                  text=True, timeout=60, preexec_fn=limit)

        if sys.platform != "linux":
            self.skipTest("not every system holds a process to such a limit")
        if run(100, "--version", data=False).returncode != 0:
            self.skipTest("this program does not even start in 100 MiB (a sanitizer needs more)")
        # By the estimate, before anything is asked for: the weights alone do not fit, or the partial sums do not, or what
        # a layer gives for all rows.
        for options in (["--hidden", "3000,3000"], ["--hidden", "2000,1000", "--optimizer", "adam"],
                        ["--hidden", "100" + ",9000,9" * 3, "--engine", "tape"]):
            done = run(100, "--steps", 1, *options)
            self.assertEqual((done.returncode, done.stdout), (4, ""), done.stderr)
            self.assertRegex(done.stderr, r"not enough memory: this net and \d+ rows need about \d+ bytes; there are "
                                          rf"{100 << 20}\. Try --chunk-rows, or smaller --hidden or --batch\n\Z")
        # By the request that could not be met.
        done = run(50, "--steps", 1, "--dataset", "synthetic", "--threads", 1, data=False)
        self.assertEqual((done.returncode, done.stdout), (4, ""), done.stderr)
        self.assertRegex(done.stderr, r"not enough memory: \d+ bytes were asked for\n\Z")

    def test_the_estimate_of_the_memory_is_said(self):
        said = self.good("--steps", 1).stderr
        found = re.search(r"memory: about (\d+) MB are needed, (\d+) MB of them by the data", said)
        self.assertTrue(found, said)
        self.assertEqual(int(found[2]), round((300 + 600) * 785 / 1e6))
        larger = self.good("--steps", 1, "--hidden", "1000,100").stderr
        more = int(re.search(r"memory: about (\d+) MB", larger)[1]) - int(found[1])
        self.assertGreater(more, 5 * 4 * 884_000 / 1e6)

    def test_momentum(self):
        self.bad(2, "adam has none", "--optimizer", "adam", "--momentum", "0.9")
        self.bad(2, "nesterov", "--optimizer", "nesterov", "--momentum", "0")

    def test_devices_and_engines(self):
        # Built without CUDA, or there is no driver, or no GPU that may be seen.
        why = self.bad(7, "--device cuda: ", "--device", "cuda").split("--device cuda: ")[1]
        self.assertIn(why, ("built without CUDA", "no NVIDIA driver", "no GPU"))
        self.bad(7, f"--device cuda:1: {why}", "--device", "cuda:1")
        for value in ("cuda:", "cuda:x", "cuda:-1", "gpu"):
            self.bad(2, "--device: expected", "--device", value)
        self.assertIn(f"device: cpu ({why})", self.good("--steps", 1).stderr)
        self.assertNotIn("device:", self.good("--steps", 1, "--device", "cpu").stderr)
        # One step each: both engines give the same loss but for rounding.
        fused = self.good("--steps", 1, "--engine", "fused")
        tape = self.good("--steps", 1, "--engine", "tape")
        self.assertIn("fused engine", fused.stderr)
        self.assertIn("tape engine", tape.stderr)
        self.assertAlmostEqual(float(self.losses(fused)[0]), float(self.losses(tape)[0]), places=4)
        self.assertEqual(self.losses(self.good("--steps", 1)), self.losses(fused))
        self.bad(2, "too many layers", "--engine", "fused", "--hidden", ",".join(["5"] * 16))
        self.assertIn("fused engine", self.good("--steps", 1, "--engine", "fused", "--hidden", "5").stderr)

    def test_nothing_is_read_in_a_locale(self):
        self.assertEqual(self.losses(self.good("--steps", 3, "--lr", "0.001", LC_ALL="de_DE.UTF-8")),
                         self.losses(self.good("--steps", 3, "--lr", "1e-3", LC_ALL="C")))


class Data(ProgramTest):
    def test_environment(self):
        done = self.good("--steps", 0, data=False, TINYNET_DATA=str(self.data))
        self.assertIn(f"data: 300 + 600 images from {self.data} (TINYNET_DATA)", done.stderr)
        self.assertIn("(--data)", self.good("--steps", 0, TINYNET_DATA="/nonexistent").stderr)

    def test_a_missing_folder_in_the_environment_is_passed_over_and_said(self):
        done = self.good("--steps", 0, data=False, TINYNET_DATA="/nonexistent")
        self.assertIn("NOT MNIST", done.stderr)
        self.assertIn("TINYNET_DATA: /nonexistent", done.stderr)

    def test_a_data_set_that_is_asked_for_is_insisted_on(self):
        for name, how in (("mnist", {}), ("fashion", {}), ("mnist", {"data": False, "TINYNET_DATA": str(self.data)})):
            line = self.bad(3, f"--dataset {name} was asked for", "--steps", 0, "--dataset", name, **how)
            self.assertRegex(line, r"t10k-labels-idx1-ubyte: at byte 0 \(content\): .*; expected SHA-256 [0-9a-f]{64}, "
                                   r"found [0-9a-f]{64}\. Without --dataset")
        real = os.environ.get("TINYNET_DATA")
        if real:
            done = self.good("--steps", 0, "--dataset", "mnist", data=False, TINYNET_DATA=real)
            self.assertIn(f"data: MNIST, 60000 + 10000 images from {real} (TINYNET_DATA)", done.stderr)

    def test_a_damaged_folder_is_an_error(self):
        folder = self.folder / "damaged"
        write_data(folder)
        path = folder / "train-images-idx3-ubyte"
        path.write_bytes(path.read_bytes()[:-1])
        self.bad(3, str(path), "--data", folder, data=False)
        self.bad(3, str(path), data=False, TINYNET_DATA=str(folder))
        self.bad(4, "nowhere", "--data", "nowhere", data=False)

    def test_images_of_another_size(self):
        folder = self.folder / "large"
        write_data(folder, side=32)
        path = folder / "train-images-idx3-ubyte"
        line = self.bad(3, f"{path}: at byte 8 (height and width): images of the wrong size", "--data", folder, data=False)
        self.assertIn("expected 784 pixels, as the net has inputs, found 32 x 32 = 1024", line)

    def test_the_places_where_others_put_the_files(self):
        def copy(folder, prefix=""):
            folder.mkdir(parents=True)
            for part in ("train", "t10k"):
                for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
                    name = f"{prefix}-{part.replace('t10k', 'test')}-{kind}" if prefix else f"{part}-{kind}"
                    (folder / name).write_bytes((plain / f"{part}-{kind}").read_bytes())

        plain = self.folder / "plain"
        write_data(plain)
        expected = self.good("--steps", 2, "--data", plain, data=False)
        self.assertIn(f" from {plain} (--data)", expected.stderr)
        torchvision = self.folder / "torchvision"
        copy(torchvision / "MNIST" / "raw")
        done = self.good("--steps", 2, "--data", torchvision, data=False)
        self.assertIn(f" from {torchvision}, its files in {torchvision}/MNIST/raw (--data)", done.stderr)
        self.assertEqual(self.losses(done), self.losses(expected))

        emnist = self.folder / "emnist"
        copy(emnist / "raw", "emnist-digits")
        done = self.good("--steps", 2, "--data", emnist, data=False)
        self.assertEqual(self.losses(done), self.losses(expected))
        copy(emnist / "letters", "emnist-letters")
        line = self.bad(3, f"{emnist}: more than one data set", "--data", emnist, data=False)
        self.assertIn(f"{emnist}/letters/emnist-letters, {emnist}/raw/emnist-digits. Give one of these paths", line)
        self.good("--steps", 2, "--data", emnist / "raw" / "emnist-digits", data=False)
        line = self.bad(3, "another number of classes", "--data", emnist / "letters", data=False)
        self.assertIn("expected 10, as the net has outputs, found 26", line)

    def test_a_class_that_never_occurs(self):
        folder = self.folder / "few"
        write_data(folder, classes=9)
        self.assertRegex(self.good("--steps", 1, "--data", folder, data=False).stderr, "not every class.* 0 times")

        write_data(folder, classes=1)
        self.assertIn("0 to 9 occur 300 0 0 0 0 0 0 0 0 0 times",
                      self.good("--steps", 1, "--data", folder, data=False).stderr)

    def test_blank_images(self):
        folder = self.folder / "blank"
        write_data(folder)
        path = folder / "train-images-idx3-ubyte"
        header = path.read_bytes()[:16]
        path.write_bytes(header + bytes([7]) * (300 * 784))
        done = self.good("--steps", 3, "--data", folder, data=False)
        self.assertIn("all training images are blank", done.stderr)
        self.assertNotIn("nan", done.stdout.lower())

    def test_a_set_in_the_place_of_the_other(self):
        real = os.environ.get("TINYNET_DATA")
        if not real or not os.path.exists(os.path.join(real, "train-images-idx3-ubyte.gz")):
            self.skipTest("$TINYNET_DATA has no MNIST")
        for (took, gave), text in {("t10k", "train"): "the test data are MNIST's training data",
                                   ("train", "t10k"): "the training data are MNIST's test data"}.items():
            folder = self.folder / f"{gave} twice"
            folder.mkdir()
            for kind in ("images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"):
                (folder / f"{took}-{kind}").symlink_to(os.path.join(real, f"{gave}-{kind}"))
                (folder / f"{gave}-{kind}").symlink_to(os.path.join(real, f"{gave}-{kind}"))
            self.assertIn(text, self.good("--steps", 0, "--data", folder, data=False).stderr)

    def test_more_threads_than_processors(self):
        done = self.good("--steps", 1, "--threads", 4096)
        self.assertRegex(done.stderr, r"4096 threads on \d+ CPUs")

    def test_drawn_digits(self):
        done = self.good("--steps", 200, "--batch", 500, "--dataset", "synthetic", data=False)
        self.assertIn("digits drawn by this program, 60000 + 10000 images", done.stderr)
        self.assertGreater(float(done.stderr.split("accuracy on test data: ")[1].split(" %")[0]), 60)

    def test_fashion(self):
        if not os.path.exists("/usr/share/datasets/fashion-mnist"):
            self.bad(4, "dataset-fashion-mnist", "--dataset", "fashion", data=False)
            return
        done = self.good("--steps", 1, "--dataset", "fashion", data=False)
        self.assertIn("Fashion-MNIST, 60000 + 10000 images", done.stderr)
        self.assertIn("lab= 9\n", done.stdout)
        # A folder that has them is known by its content.
        for how in ({"TINYNET_DATA": FASHION}, {"link": True}):
            options = []
            if how.pop("link", False):
                (self.folder / "clothes").symlink_to(FASHION)
                options = ["--data", self.folder / "clothes"]
            lines = self.good("--steps", 0, *options, data=False, **how).stderr.splitlines()
            self.assertRegex(lines[0], r"^mnist: note: data: Fashion-MNIST, 60000 \+ 10000 images from ")
            self.assertRegex(lines[-1], r"^mnist: note: accuracy on Fashion-MNIST's test data: \d+\.\d\d %; \d+ of the first 500")

    def test_what_takes_the_place_of_mnist_is_said_first_and_last(self):
        for options in (["--show"], ["--out", self.folder / "instead"]):
            done = self.good("--steps", 1, "--batch", 64, *options, data=False)
            lines = [line.removeprefix("mnist: note: ") for line in done.stderr.splitlines()]
            self.assertLess(len(lines[0]), 100)
            self.assertRegex(lines[1], r"^MNIST was not found: TINYNET_DATA is not set; .*--data DIR or TINYNET_DATA=DIR")
            if os.path.exists(FASHION):
                self.assertEqual(lines[0], "data: NOT MNIST but Fashion-MNIST: clothes, not handwritten digits, "
                                           "60000 + 10000 images")
                self.assertRegex(lines[-1], r"^accuracy on Fashion-MNIST's test data: \d")
                if "--show" in options:
                    self.assertRegex(done.stdout, r"(?m)^(T-shirt/top|Trouser|Pullover|Dress|Coat|Sandal|Shirt|Sneaker|Bag|"
                                                  r"Ankle boot)\? ")
                    self.assertRegex(done.stdout, r"(?m)^is [A-Z]")
            else:
                self.assertEqual(lines[0], "data: NOT MNIST but digits drawn by this program, not handwritten ones, "
                                           "60000 + 10000 images")
                self.assertRegex(lines[-1], r"\d % \(digits drawn by this program\); ")
            self.assertRegex(done.stdout, r"(?m)^predicted:\d, actual:\d$")  # as scripts read it
        done = self.good("--steps", 1, "--batch", 64, "--dataset", "synthetic", data=False)
        self.assertRegex(done.stderr.splitlines()[0], "data: digits drawn by this program")
        self.assertRegex(done.stderr.splitlines()[-1], r"\d % \(digits drawn by this program\); ")


if __name__ == "__main__":
    main()
