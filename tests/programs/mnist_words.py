#!/usr/bin/env python3
"""Tests that mnist --lang zh says, draws and reports all in Chinese: mnist_words.py PROGRAM."""

import gzip
import json
import os
import pathlib
import re
import signal
import subprocess
import xml.etree.ElementTree

from formats import Page, png_pixels
from harness import ProgramTest, main, read_safetensors, write_data

# Names stay as they are: of options and their values, of formats, files, functions, programs and companies.
NAMES = set("""mnist tinynet cpu cuda auto fused tape relu leaky_relu elu sigmoid tanh silu gelu sgd momentum nesterov adam
    adamw rmsprop adagrad adadelta fashion synthetic none mpi nccl en zh csv jsonl safetensors gzip zlib float dtype shape
    data_offsets ubyte step loss lab curl sha256sum shasum stb nvcc lr of Shift bias weight state_dict NVIDIA Debian PyTorch
    Python pickle npy NumPy zip torch manual_seed log MB GB NaN not Fashion dataset HTML JSON PNG""".split())


def english(text, *names):
    """The words of English in a text."""
    for name in names:
        text = text.replace(str(name), " ")
    text = re.sub(r"https?://[^\s；，。]+|'[^']*'|\S*[/\\]\S*|--?[a-z][a-z-]*|\$?[A-Z][A-Z0-9_]+|\S*\d\S*|\S*\.\w+|\S*_\S*", " ", text)
    return [word for word in re.findall(r"[A-Za-z]+", text) if len(word) > 1 and word not in NAMES]


class Words(ProgramTest):
    def chinese(self, code, *options, more=(), **how):
        """Runs it; what it says on standard error, all in Chinese."""
        done = self.run_program("--lang", "zh", *options, **how)
        self.assertEqual(done.returncode, code, done.stderr)
        for line in done.stderr.splitlines():
            self.assertRegex(line, r"\Amnist: (note|error): ")
            said = line.split(": ", 2)[2]
            self.assertRegex(said, "[\u4e00-\u9fff]", line)
            self.assertEqual(english(said, self.folder, *more), [], line)
            self.assertNotRegex(said, "[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\\.", line)
        return done

    def test_a_whole_run(self):
        for options in ((), ("--threads", 1), ("--threads", 4096), ("--hidden", "5,6"), ("--engine", "tape"),
                        ("--lr", 1e-3, "--dataset", "synthetic")):
            done = self.chinese(0, "--steps", 3, *options, data="synthetic" not in options)
            self.assertIn("准确率：", done.stderr)
            self.assertRegex(done.stdout, r"(?m)^step= 0 loss= \d")  # the lines that scripts read are the notebook's
            self.assertIn("loss on test data:  ", done.stdout)
            self.assertRegex(done.stdout, r"预测值:\d, 实际值:\d")
        self.assertIn("本程序自己画的数字", done.stderr)

    def test_help(self):
        done = self.run_program("--lang", "zh", "--help", data=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        lines = done.stdout.splitlines()
        for line in lines:
            if line.strip():
                self.assertEqual(english(re.sub(r"\A\s+-.*?\s{2,}", "", line), "NAME.bad"), [], line)
        options = lambda text: re.findall(r"^\s+(?:-h,)?(--[a-z-]+)", text, re.M)
        self.assertEqual(options(done.stdout), options(self.run_program("--help", data=False).stdout))
        self.assertEqual(self.run_program("--help", "--lang=zh", data=False).stdout, done.stdout)

    def test_refused_options(self):
        for options in (["--lr", "x"], ["--lr=-1"], ["--steps", "1.5"], ["--momentum", "x"], ["--hidden", "a"],
                        ["--hidden", "0"], ["--device", "gpu"], ["--activation", "x"], ["--optimizer", "x"],
                        ["--engine", "x"], ["--dataset", "x"], ["--seed", "x"], ["--metrics", "x.txt"], ["--save", ""],
                        ["--save", "--quiet"], ["--step", "5"], ["word"], ["--lr"], ["--quiet=1"], ["--lr", "1", "--lr", "2"],
                        ["--convert"], ["--checkpoint-every", "5"], ["--dist-timeout", "3"], ["--dist", "x"],
                        ["--optimizer", "adam", "--momentum", "0.9"], ["--optimizer", "nesterov", "--momentum", "0"],
                        ["--resume", "a", "--init", "b"], ["--dist", "mpi", "--device", "cuda"],
                        ["--dist", "nccl", "--engine", "tape"], ["--dist", "mpi", "--chunk-rows", "5"],
                        ["--dataset", "synthetic"], ["--engine", "fused", "--hidden", ",".join(["5"] * 16)],
                        ["--save", self.folder / "same", "--metrics", self.folder / "same" / ".." / "same.csv",
                         "--checkpoint", self.folder / "same.csv"]):
            with self.subTest(options):
                self.chinese(2, *options, more=("word",))
        self.chinese(7, "--device", "cuda")
        self.chinese(4, "--hidden", "1000000,1000000")
        # The language is known whichever option is wrong, and only if it is one.
        self.assertIn("应为", self.run_program("--lr", "x", "--lang", "zh").stderr)
        self.assertIn("expected en or zh", self.run_program("--lang", "de").stderr)

    def test_data_that_are_no_good(self):
        folder = self.folder / "bad"
        images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
        def check(name, change, code=3):
            write_data(folder)
            path = folder / name
            path.write_bytes(change(path.read_bytes()))
            with self.subTest(name):
                self.chinese(code, "--data", folder, data=False)
        check(images, lambda b: b[:-1])
        check(images, lambda b: b + b"x")
        check(images, lambda b: b[:3])
        check(images, lambda b: b[:10])
        check(images, lambda b: b"<!DOCTYPE html><html>")
        check(images, lambda b: b"\x01\x02\x03\x04")
        check(images, lambda b: b[3::-1] + b[4:])
        check(images, lambda b: b[:2] + b"\x0d" + b[3:])
        check(images, lambda b: b[:4] + bytes(4) + b[8:])
        check(labels, lambda b: b[:-1] + b"\x0a")
        check(labels, lambda b: (folder / images).read_bytes())
        check(labels, lambda b: gzip.compress(b)[:-5])
        check(labels, lambda b: gzip.compress(b) + b"more")
        check(labels, lambda b: gzip.compress(b)[:-8] + bytes(4) + gzip.compress(b)[-4:])
        write_data(folder, side=32)
        self.chinese(3, "--data", folder, data=False)
        (folder / images).unlink()
        self.chinese(4, "--data", folder, data=False)
        self.chinese(4, "--data", self.folder / "nowhere", data=False)
        self.chinese(3, "--dataset", "mnist")
        self.chinese(5, "--dataset", "mnist", data=False)
        self.chinese(5, "--dataset", "mnist", data=False, TINYNET_OFFLINE="0",
                     TINYNET_MNIST_MIRRORS="http://127.0.0.1:9/ ftp://127.0.0.1/")
        write_data(folder, classes=9)
        self.assertIn("不是每个类别都有", self.chinese(0, "--steps", 0, "--data", folder, data=False).stderr)

    def test_weights_that_do_not_fit(self):
        path, other = self.folder / "w.safetensors", self.folder / "o.safetensors"
        self.good("--steps", 0, "--save", path)
        whole = path.read_bytes()
        for content in (whole[:-1], whole[:5], whole[:9], whole[:8] + b"[" + whole[9:], whole[:-1] + b"\0",
                        whole.replace(b"F32", b"F99", 1), whole.replace(b"shape", b"chape", 1), b"<html>", b"PK\x03\x04 " * 9,
                        b'{"a": 1}', b"step,loss\n0,1\n", b"\x80\x02}q\x01(X", b"\x89PNG\r\n\x1a\n\0\0"):
            other.write_bytes(content)
            with self.subTest(content[:12]):
                self.chinese(3, "--init", other, more=("chape",))
                self.chinese(3, "--resume", other, more=("chape",))
        self.assertIn("而是 HTML 网页", self.chinese(3, "--init", self.write("page.html", "<!DOCTYPE html>\n<p>x")).stderr)
        self.chinese(3, "--hidden", "7", "--init", path)
        self.chinese(3, "--resume", path)
        self.chinese(4, "--init", self.folder / "nowhere")
        self.chinese(4, "--init", self.folder)
        checkpoint = self.folder / "c"
        self.chinese(0, "--steps", 4, "--checkpoint", checkpoint, "--checkpoint-every", 2)
        self.chinese(0, "--steps", 4, "--resume", checkpoint)
        self.chinese(0, "--steps", 6, "--resume", checkpoint, "--metrics", self.folder / "m.csv")
        self.chinese(3, "--steps", 6, "--resume", checkpoint, "--lr", 1)

    def test_a_file_keeps_its_name_in_an_error(self):
        for name in ("a; b", "one. more", "none: class, text", "at byte 3 (end): end; expected more, found nothing"):
            self.assertIn(f"mnist: error: {self.folder}/{name}：无法打开；实为没有那个文件或目录\n",
                          self.run_program("--lang", "zh", "--init", self.folder / name).stderr)

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return self.folder / name

    def test_trainings_that_go_wrong(self):
        for lr in (1e300, 1e30, 1e20):
            self.chinese(6, "--steps", 30, "--lr", lr)
            self.chinese(6, "--steps", 1, "--lr", lr, "--save", self.folder / "lost")
        self.chinese(6, "--steps", 5, "--lr", 1e300, "--checkpoint", self.folder / "lost", "--checkpoint-every", 1)
        self.assertIn("什么也没有学到", self.chinese(0, "--steps", 30, "--lr", 3).stderr)
        for option in ("--save", "--checkpoint", "--out"):
            self.chinese(4, option, self.folder / "no" / ("x" * 300) / "y")
        process = subprocess.Popen(self.command("--lang", "zh", "--steps", 10_000_000, "--log-every", 1, "--save", self.folder / "s"),
                                   env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        next(line for line in process.stdout if line.startswith("step= 3 "))
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1].splitlines()[-1]
        self.assertEqual(said, f"mnist: note: 被 SIGINT 中止，权重在 {self.folder}/s")

    def test_names_are_not_translated(self):
        for name in ("text", "none", "data; more", "a: at byte 3 (x): y", "class"):
            path = self.folder / name
            done = self.run_program("--lang", "zh", "--steps", 1, "--out", path)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"报告是 {path}/report.html", done.stderr)
            page = Page((path / "report.html").read_text(encoding="utf-8"))
            self.assertIn(name, page.texts["pre"][-1])
        json.loads((path / "run.json").read_text())
        self.assertEqual((path / "metrics.csv").read_text().splitlines()[0], "step,loss")

    def test_report_and_pictures(self):
        out, plain = self.folder / "report", self.folder / "plain"
        self.chinese(0, "--steps", 20, "--out", out)
        self.good("--steps", 20, "--out", plain)
        page = Page((out / "report.html").read_text(encoding="utf-8"))
        for tag in ("h1", "h2", "title", "p", "th", "summary", "figcaption", "div", "span", "td"):
            for text in page.texts.get(tag, []):
                self.assertEqual(english(text, self.folder, self.data), [], (tag, text))
        for tag, attributes in page.tags:
            self.assertEqual(english(attributes.get("alt", "")), [])
        svg = xml.etree.ElementTree.parse(out / "loss.svg").getroot()
        self.assertEqual(english(" ".join(svg.itertext()).split("}")[-1]), [])
        # Other words are drawn, in ink and not as question marks: a "?" at this size has fewer pixels than a character.
        for name in ("misclassified.png", "confusion.png", "weights.png", "first_image.png"):
            self.assertNotEqual((out / name).read_bytes(), (plain / name).read_bytes(), name)
        self.assertEqual(read_safetensors(out / "model.safetensors"), read_safetensors(plain / "model.safetensors"))

    def test_no_character_of_the_pictures_is_missing(self):
        """Each Chinese word that a picture may have is drawn with the strokes of characters.hpp."""
        source = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "mnist")
        drawn = set(re.findall(r"U'(.)'", pathlib.Path(source, "characters.hpp").read_text(encoding="utf-8")))
        words = dict(re.findall(r'{"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"}',
                                pathlib.Path(source, "words_chinese.cpp").read_text(encoding="utf-8")))
        names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
        for english_words in (*names, "predicted", "actual", "predicted {*}", "actual {*}", "lab= {*}", "first layer's weights",
                              "{} of the first {} misclassified", "{} of the first {} misclassified, page {}"):
            for character in re.findall("[^ -~]", words[english_words]):
                self.assertIn(character, drawn, english_words)


if __name__ == "__main__":
    main()
