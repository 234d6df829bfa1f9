#!/usr/bin/env python3
"""Tests what mnist --out writes: mnist_report.py PROGRAM."""

import calendar
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import time
import xml.etree.ElementTree

from formats import Page, png_pixels, read_metrics, read_png, same_float
from harness import ProgramTest, main, read_safetensors

FILES = ["confusion.png", "first_image.png", "loss.svg", "metrics.csv", "misclassified.png", "model.safetensors",
         "report.html", "run.json", "weights.png"]
GOOD_NET = ("--optimizer", "adam", "--lr", "0.01", "--scale", "0.01")  # makes no mistake after 300 steps


class ReportTest(ProgramTest):
    def out(self, name, *options, **more):
        """Runs the program with --out; what it printed, and the folder."""
        folder = self.folder / name
        return self.good("--out", folder, *options, **more), folder

    def start(self, *options):
        process = subprocess.Popen(self.command("--steps", 10_000_000, "--log-every", 1, *options), text=True,
                                   env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in process.stdout:
            if line.startswith("step= 3 "):
                break
        return process

    def page(self, folder):
        return Page((folder / "report.html").read_text(encoding="utf-8"))

    def more_pages(self, folder):
        return [f.name for f in folder.glob("misclassified_*.png")]

    def check_files(self, folder, files=()):
        """All are there and good. Returns what run.json has."""
        self.assertEqual(sorted(f.name for f in folder.iterdir() if f.name != ".lock"), sorted([*FILES, *files]))
        for path in folder.glob("*.png"):
            with self.subTest(path.name):
                read_png(path)
        svg = xml.etree.ElementTree.parse(folder / "loss.svg").getroot()
        self.assertEqual(svg.tag, "{http://www.w3.org/2000/svg}svg")
        self.assertTrue(read_safetensors(folder / "model.safetensors"))
        self.page(folder)
        return json.loads((folder / "run.json").read_text(encoding="utf-8"))
    def test_all_files_and_what_they_say(self):
        done, folder = self.out("plain", "--steps", 60, "--seed", 3, "--log-every", 1)
        self.assertIn(f"mnist: note: the report is {folder}/report.html", done.stderr)
        run = self.check_files(folder, self.more_pages(folder))
        printed = dict(re.findall(r"^(in the end loss|running time|loss on test data)[=:] *([^\s]*?)s?$", done.stdout, re.M))
        metrics = read_metrics(folder / "metrics.csv")
        self.assertEqual([step for step, _ in metrics], list(range(60)))
        for (_, loss), text in zip(metrics, self.losses(done), strict=True):
            self.assertTrue(same_float(loss, text))
        self.assertTrue(same_float(run["loss"], printed["in the end loss"]))
        self.assertTrue(same_float(run["loss"], metrics[-1][1]))
        self.assertTrue(same_float(run["test_loss"], printed["loss on test data"]))
        self.assertAlmostEqual(run["seconds"], float(printed["running time"]), delta=0.001)
        self.assertAlmostEqual(run["steps_per_second"] * run["seconds"], 60, places=6)
        self.assertEqual((run["steps"], run["first_step"], run["first_tests"]), (60, 0, 500))
        self.assertEqual(run["command"], [str(word) for word in self.command("--out", folder, "--steps", 60, "--seed", 3,
                                                                              "--log-every", 1)])
        options = run["options"]
        self.assertEqual((options["hidden"], options["seed"], options["lr"], options["optimizer"], options["batch"]),
                         ([30, 30], 3, 0.003, "sgd", 0))
        self.assertEqual((run["device"], run["precision"], run["data"]["train"], run["data"]["test"]),
                         ("cpu", "float32", 300, 600))
        self.assertEqual(run["net"]["parameters"], 784 * 30 + 30 + 30 * 30 + 30 + 30 * 10 + 10)
        for name in ("engine", "simd", "compiler"):
            self.assertTrue(run[name])
        self.assertEqual([f"predicted:{m['predicted']}, actual:{m['actual']}" for m in run["misclassified"]],
                         [line for line in done.stdout.splitlines() if line.startswith("predicted:")])
        confusion = run["confusion"]
        self.assertEqual([len(row) for row in confusion], [10] * 10)
        self.assertEqual(sum(map(sum, confusion)), 600)
        self.assertAlmostEqual(sum(confusion[i][i] for i in range(10)) / 600, run["accuracy"], places=9)
        labels = (self.data / "t10k-labels-idx1-ubyte").read_bytes()[8:]
        self.assertEqual([sum(row) for row in confusion], [labels.count(i) for i in range(10)])
        for m in run["misclassified"]:
            self.assertEqual(m["actual"], labels[m["index"]])
            self.assertNotEqual(m["actual"], m["predicted"])
        self.assertEqual([t[1] for t in read_safetensors(folder / "model.safetensors").values()][0], [30, 784])

    def test_the_first_image_is_drawn_pixel_for_pixel(self):
        _, folder = self.out("first", "--steps", 0)
        width, height, rows = png_pixels(folder / "first_image.png")
        image = (self.data / "train-images-idx3-ubyte").read_bytes()[16 : 16 + 784]
        bright = [(r, c) for r in range(28) for c in range(28) if image[28 * r + c] == 250]
        drawn = {(r, c) for r in range(height) for c in range(width) if rows[r][3 * c : 3 * c + 3] == bytes([250] * 3)}
        self.assertEqual(len(drawn), 100 * len(bright))  # each pixel is a square of ten
        top, left = min(drawn)
        self.assertEqual({((r - top) // 10, (c - left) // 10) for r, c in drawn},
                         {(r - bright[0][0], c - bright[0][1]) for r, c in bright})

    def test_the_page_needs_nothing_else(self):
        _, folder = self.out("page", "--steps", 30)
        page = self.page(folder)
        for tag, attributes in page.tags:
            for name in ("src", "href", "data", "srcset", "poster", "action"):
                if name in attributes:
                    self.assertTrue(attributes[name].startswith("data:"), (tag, attributes[name][:80]))
            self.assertFalse("style" in attributes and "url(" in attributes["style"])
        for style in page.texts["style"]:
            self.assertNotRegex(style, r"@import|url\(\s*['\"]?(?!data:)")
        self.assertEqual(sum(tag == "h1" for tag, _ in page.tags), 1)
        for tag, attributes in page.tags:
            if tag == "img":
                self.assertTrue(attributes["alt"])
        self.assertEqual(page.curves()[0]["x"], list(range(30)))

    def test_what_is_first_wanted_comes_first(self):
        _, folder = self.out("summary", "--steps", 30)
        text, page, run = (folder / "report.html").read_text(), self.page(folder), json.loads((folder / "run.json").read_text())
        head = text[: text.index("<h2>")]
        self.assertIn(f"<b>{100 * run['accuracy']:.2f} %</b>accuracy on test data", head)
        self.assertIn(f"<b>{len(run['misclassified'])} / 500</b>", head)
        # When it was made, there and in run.json.
        self.assertRegex(run["date"], r"^\d{4}-\d\d-\d\d \d\d:\d\d UTC$")
        self.assertLess(abs(time.time() - calendar.timegm(time.strptime(run["date"], "%Y-%m-%d %H:%M UTC"))), 180)
        self.assertIn(run["date"], head)
        # No number is written with an exponent.
        for number in page.texts["b"]:
            self.assertNotRegex(number, r"\de[+-]?\d")
        self.assertIn("24\u202f790", page.texts["b"])
        self.assertNotIn("figure", "".join(page.texts["h2"] + page.texts["p"] + page.texts["th"]))
        self.assertEqual(page.texts["h1"], ["Image recognition with a fully connected net"])  # who knows what they show

    def test_the_lock_goes_with_the_run(self):
        _, folder = self.out("lock", "--steps", 1)
        self.assertFalse((folder / ".lock").exists())
        self.run_program("--steps", 9, "--lr", "1e30", "--out", folder)
        self.assertFalse((folder / ".lock").exists())
        # One that a killed run has left is no obstacle, and is removed.
        (folder / ".lock").write_text("process 1 on nowhere\n")
        self.good("--steps", 1, "--out", folder)
        self.assertFalse((folder / ".lock").exists())

    def test_many_runs_want_one_folder(self):
        """The file of the lock comes and goes; there is never a second one at work."""
        folder = self.folder / "wanted"
        runs = [subprocess.Popen(self.command("--steps", 60, "--quiet", "--threads", 1, "--out", folder),
                                 env=self.environment(), stderr=subprocess.PIPE, text=True) for _ in range(12)]
        codes = set()
        for run in runs:
            errors = run.communicate(timeout=120)[1]
            codes.add(run.returncode)
            if run.returncode != 0:
                self.assertIn("another run is writing there", errors)
        self.assertIn(0, codes)
        self.assertLessEqual(codes, {0, 4})
        self.check_files(folder, self.more_pages(folder))
        self.assertFalse((folder / ".lock").exists())

    def test_the_misclassified_fold_after_forty(self):
        _, folder = self.out("folded", "--steps", 0)
        text, wrong = (folder / "report.html").read_text(), json.loads((folder / "run.json").read_text())["misclassified"]
        self.assertGreater(len(wrong), 40)
        before, after = text.split("<details>")
        self.assertEqual(before.count('<span class="bad">'), 40)
        self.assertEqual(after.split("</details>")[0].count('<span class="bad">'), len(wrong) - 40)
        self.assertIn(f"<summary>the other {len(wrong) - 40}</summary>", after)

    def test_fashion_is_called_so(self):
        if not os.path.exists("/usr/share/datasets/fashion-mnist"):
            self.skipTest("no Fashion-MNIST (Debian: dataset-fashion-mnist)")
        _, folder = self.out("fashion", "--steps", 20, "--batch", 64, "--dataset", "fashion", data=False)
        text, page = (folder / "report.html").read_text(), self.page(folder)
        for title in page.texts["h1"] + page.texts["title"][:1]:
            self.assertEqual(title, "Recognition of Fashion-MNIST's clothes with a fully connected net")
        self.assertIn("This is not MNIST but Fashion-MNIST: clothes, not handwritten digits.", page.texts["p"])
        self.assertIn("label 9: Ankle boot", text)
        names = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
        self.assertEqual([text.strip() for text in page.texts["th"][-10:]], [f"{i} {name}" for i, name in enumerate(names)])
        run = json.loads((folder / "run.json").read_text())
        self.assertEqual((run["classes"], run["data"]["content"]), (names, "fashion"))
        wrong = run["misclassified"][0]
        self.assertIn(f"predicted {names[wrong['predicted']]} (", text)
        self.assertIn(f"actual {names[wrong['actual']]}<", text)
        self.assertNotIn("digit recognition", text)
        _, folder = self.out("drawn", "--steps", 20, "--batch", 64, "--dataset", "synthetic", data=False)
        page = self.page(folder)
        self.assertEqual(page.texts["h1"], ["Recognition of drawn digits with a fully connected net"])
        self.assertIn("This is not MNIST but digits drawn by this program, not handwritten ones.", page.texts["p"])

    def test_the_command_is_written_as_a_shell_takes_it(self):
        name = "it's a <folder> & more"
        _, folder = self.out(name, "--steps", 1)
        command = self.page(folder).texts["pre"][-1]
        self.assertEqual(shlex.split(command), [str(word) for word in self.command("--out", folder, "--steps", 1)])

    def test_chinese(self):
        _, folder = self.out("zh", "--steps", 20, "--lang", "zh")
        self.check_files(folder, self.more_pages(folder))
        page = self.page(folder)
        self.assertEqual(page.tags[0][1]["lang"], "zh-Hans")
        for heading in page.texts["h1"] + page.texts["h2"]:
            self.assertRegex(heading, "[\u4e00-\u9fff]")
        text = (folder / "report.html").read_text(encoding="utf-8")
        for word in ("预测值", "实际值", "混淆矩阵"):
            self.assertIn(word, text)
        self.assertEqual(page.curves()[0]["name"], "损失")

    def test_more_than_a_page_of_misclassified(self):
        _, folder = self.out("many", "--steps", 0)
        wrong = json.loads((folder / "run.json").read_text())["misclassified"]
        self.assertGreater(len(wrong), 128)
        pages = (len(wrong) + 63) // 64
        self.check_files(folder, [f"misclassified_{i}.png" for i in range(2, pages + 1)])
        sizes = [read_png(folder / name)[:2] for name in ("misclassified.png", "misclassified_2.png")]
        self.assertEqual(*sizes)
        text = (folder / "report.html").read_text()
        self.assertEqual(text.count('<span class="bad">'), len(wrong))
        for m in wrong:
            self.assertIn(f'no. {m["index"]}<', text)

    def test_none_misclassified_and_no_pages_of_a_run_before(self):
        _, folder = self.out("none", "--steps", 0)
        self.assertTrue((folder / "misclassified_2.png").exists())
        done, folder = self.out("none", "--steps", 300, *GOOD_NET)
        self.assertNotIn("predicted:", done.stdout)
        run = self.check_files(folder)
        self.assertEqual((run["misclassified"], run["accuracy"]), ([], 1))
        text = (folder / "report.html").read_text()
        self.assertIn("Nothing.", text)
        self.assertNotIn('class="bad"', text)

    def test_without_a_step(self):
        done, folder = self.out("untrained", "--steps", 0)
        run = self.check_files(folder, self.more_pages(folder))
        self.assertEqual((run["steps"], run["steps_per_second"]), (0, 0))
        self.assertTrue(same_float(run["loss"], done.stdout.split("in the end loss= ")[1].split()[0]))
        self.assertEqual(read_metrics(folder / "metrics.csv"), [])
        self.assertIn("No step was made.", (folder / "report.html").read_text())

    def test_stopped(self):
        folder = self.folder / "stopped"
        process = self.start("--out", folder)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, errors)
        self.assertIn("stopped by SIGINT", errors)
        run = self.check_files(folder, self.more_pages(folder))
        self.assertEqual(run["stopped_by"], "SIGINT")
        metrics = read_metrics(folder / "metrics.csv")
        self.assertEqual(len(metrics), run["steps"])
        self.assertIn("The training was stopped by SIGINT", (folder / "report.html").read_text())
        self.assertEqual(self.page(folder).curves()[0]["x"][-1], metrics[-1][0])

    def test_two_runs_into_one_folder(self):
        folder = self.folder / "shared"
        process = self.start("--out", folder)
        self.assertRegex(self.bad(4, str(folder), "--out", folder, "--steps", 1),
                             r"another run is writing there; found process \d+ on .")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 143, errors)
        self.good("--out", folder, "--steps", 1)  # then it is free

    def test_folders_that_cannot_be(self):
        file = self.folder / "file"
        file.write_text("mine")
        self.bad(4, str(file), "--out", file)
        self.bad(4, "below", "--out", file / "below")
        self.bad(4, "--out", "--out", self.folder / ("x" * 300))
        self.assertEqual(file.read_text(), "mine")
        fixed = self.folder / "fixed"
        fixed.mkdir()
        (fixed / "report.html").mkdir()
        self.bad(4, "report.html", "--out", fixed)
        if os.geteuid() != 0:  # who may write everywhere
            closed = self.folder / "closed"
            closed.mkdir(mode=0o555)
            self.bad(4, "closed", "--out", closed / "new")
            self.bad(4, "closed", "--out", closed)

    def test_folders_are_made_with_those_above(self):
        _, folder = self.out("several/new/folders", "--steps", 1)
        self.assertTrue((folder / "report.html").exists())

    def test_diverged(self):
        folder = self.folder / "diverged"
        done = self.run_program("--steps", 50, "--lr", "1e30", "--out", folder)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertFalse((folder / "report.html").exists())
        self.assertFalse((folder / "model.safetensors").exists())

    def test_diverged_beside_the_results_of_an_earlier_run(self):
        folder = self.folder / "kept"
        self.good("--steps", 5, "--out", folder, "--quiet")
        before = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != ".lock"}
        self.assertEqual(self.run_program("--steps", 50, "--lr", 1e20, "--out", folder).returncode, 6)
        for name, content in before.items():
            self.assertEqual((folder / name).read_bytes(), content, name)
        self.assertTrue((folder / "metrics.part.csv").read_text().startswith("step,loss\n0,"))
        self.good("--steps", 7, "--out", folder, "--quiet")
        self.assertFalse((folder / "metrics.part.csv").exists())
        self.assertEqual(len((folder / "metrics.csv").read_text().splitlines()), 8)

    def test_a_name_that_is_no_utf8(self):
        folder = os.fsencode(self.folder) + b"/name\xff"
        done = subprocess.run([*self.command("--steps", 2, "--quiet", "--out"), folder], env=self.environment(),
                              capture_output=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        run = json.loads((pathlib.Path(os.fsdecode(folder)) / "run.json").read_text(encoding="utf-8"))
        self.assertIn("name\ufffd", json.dumps(run, ensure_ascii=False))

    def test_resumed(self):
        checkpoint, whole = self.folder / "checkpoint", self.folder / "whole.csv"
        self.good("--steps", 40, "--metrics", whole)
        _, folder = self.out("resumed", "--steps", 20, "--checkpoint", checkpoint)
        with open(folder / "metrics.csv", "a") as file:  # of steps that were made and lost
            file.write("20,9.5\n21,9.5\n")
        _, folder = self.out("resumed", "--steps", 40, "--resume", checkpoint)
        self.assertEqual((folder / "metrics.csv").read_text(), whole.read_text())
        run = self.check_files(folder, self.more_pages(folder))
        self.assertEqual((run["first_step"], run["steps"]), (20, 40))
        self.assertAlmostEqual(run["steps_per_second"] * run["seconds"], 20, places=6)
        curve = self.page(folder).curves()[0]
        self.assertEqual(curve["x"], list(range(40)))
        for y, (_, loss) in zip(curve["y"], read_metrics(whole), strict=True):
            self.assertTrue(same_float(y, loss))
        self.assertIn("This run went on after step 20", (folder / "report.html").read_text())
        # In a folder of its own it has what it made.
        _, other = self.out("later", "--steps", 40, "--resume", checkpoint)
        self.assertEqual([step for step, _ in read_metrics(other / "metrics.csv")], list(range(20, 40)))


if __name__ == "__main__":
    main()
