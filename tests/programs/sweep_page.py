#!/usr/bin/env python3
"""Tests the page that the program sweep writes: sweep_page.py PATH/TO/sweep PATH/TO/mnist."""

import html.parser
import json
import re
import shlex
import struct
import subprocess
import unittest

import browser
import harness
import sweep
from sweep import SweepTest, main


class PageReader(html.parser.HTMLParser):
    """Checks that all tags are closed; keeps the text of the elements by their tags, and the rows of the table."""

    def __init__(self):
        super().__init__()
        self.open, self.texts, self.rows, self.problems = [], {}, [], []

    def handle_starttag(self, tag, attributes):
        if tag in ("meta", "link", "br", "img", "input"):
            return
        self.open.append(tag)
        self.texts.setdefault(tag, []).append("")
        if tag == "tr":
            self.rows.append((dict(attributes), []))
        if tag in ("td", "th"):
            self.rows[-1][1].append("")

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append((tag, self.getpos()))

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]][-1] += data
        if "td" in self.open or "th" in self.open:
            self.rows[-1][1][-1] += data


class Page(SweepTest):
    def test_page(self):
        done = self.good("--lr", "0.003,1e30", "--hidden", "30,30;8", "--steps", 40)
        text = (self.out / "sweep.html").read_text()
        page = PageReader()
        page.feed(text)
        page.close()
        self.assertEqual((page.problems, page.open), ([], []))
        self.assertEqual(page.texts["h1"], ["4 trainings compared"])
        self.assertNotIn("missing", page.texts["p"][0])

        # The rows are those of the table on the terminal.
        rows = [cells[1:] for _, cells in page.rows]
        self.assertEqual([re.sub(r"\s+", " ", " ".join(row)).strip() for row in rows],
                         [re.sub(r"\s+", " ", line).strip() for line in done.stdout.splitlines()])
        commands = [attributes["title"].split("; ")[-1] for attributes, _ in page.rows[1:]]
        self.assertEqual(set(commands), {f"mnist --hidden {h} --activation relu --optimizer sgd --lr {lr} --scale 1 "
                                         f"--batch 0 --steps 40 --seed 0 --device cpu --data {self.data}" for h in ("30,30", "8")
                                         for lr in ("0.003", "1e+30")})
        self.assertEqual(["data-diverged" in attributes for attributes, _ in page.rows[1:]], [False, False, True, True])
        self.assertEqual(page.texts["pre"], [commands[0]])

        charts = [json.loads(t) for t in page.texts["script"] if t.startswith("{")]
        self.assertEqual(len(charts), 1)
        by_step, by_second = charts[0]["views"]
        self.assertEqual([by_step["x"], by_second["x"]], ["step", "seconds"])
        results = {f"hidden {','.join(map(str, c['hidden']))}, lr {'1e+30' if c['lr'] == 1e30 else c['lr']}": r["curve"]
                   for r in self.results() for c in [r["configuration"]]}
        self.assertEqual([c["name"] for c in by_step["curves"]], [c["name"] for c in by_second["curves"]])
        self.assertEqual({c["name"] for c in by_step["curves"]}, set(results))
        for shown, timed in zip(by_step["curves"], by_second["curves"]):
            self.assertEqual(shown["x"], results[shown["name"]]["step"])
            self.assertEqual(len(timed["x"]), len(shown["x"]))
            self.assertEqual(struct.pack(f"{len(shown['y'])}f", *shown["y"]),
                             struct.pack(f"{len(shown['y'])}f", *results[shown["name"]]["loss"]))
            self.assertEqual(shown["color"], timed["color"])
        # Nothing is fetched from anywhere.
        self.assertNotRegex(text, r"<(script|img|iframe)[^>]+src=|<link[^>]+href=.(?!data:)|@import|url\(")

    def test_the_command_repeats_the_run(self):
        mine = self.folder / "my data's"
        if not mine.exists():
            harness.write_data(mine, seed=7)
        for options, more in ((["--batch", "50,0"], {}), ([], {"TINYNET_DATA": str(mine)})):
            out = self.folder / f"repeated{len(options)}"
            self.good("--steps", 30, "--lr", "0.01,0.003", *options, data=not more, out=out, **more)
            page = PageReader()
            page.feed((out / "sweep.html").read_text())
            command = shlex.split(page.texts["pre"][0])
            self.assertEqual(command[:1], ["mnist"])
            elsewhere = self.environment(TINYNET_DATA=str(self.data if more else mine))
            alone = subprocess.run([sweep.MNIST, *command[1:]], env=elsewhere, capture_output=True, text=True, cwd="/")
            self.assertEqual(alone.returncode, 0, alone.stderr)
            best = min((r["test_loss"] for r in self.results(out) if "test_loss" in r))
            loss = float(re.search(r"loss on test data:  (\S+)", alone.stdout)[1])
            self.assertEqual(struct.pack("f", loss), struct.pack("f", best))
            self.assertNotIn("batch 0", (out / "sweep.html").read_text().split("<pre>")[0].replace("--batch 0", ""))
        rows = [cells for _, cells in page.rows]
        self.assertEqual({row[rows[0].index("batch")] for row in rows[1:]}, {"all rows"})
        self.good("--steps", 2, "--batch", "50,0", "--dataset", "synthetic", data=False)
        text = (self.out / "sweep.html").read_text()
        self.assertIn("--dataset synthetic", text)
        self.assertIn("This is not MNIST but digits drawn by this program", text)
        names = {c["name"] for c in json.loads(next(t for t in self.read(text).texts["script"] if t.startswith("{")))
                 ["views"][0]["curves"]}
        self.assertEqual(names, {"all rows", "batch 50"})

    def read(self, text):
        page = PageReader()
        page.feed(text)
        return page

    def test_one_training(self):
        self.good("--steps", 3)
        page = (self.out / "sweep.html").read_text()
        self.assertIn("1 training compared", page)
        self.assertIn("mnist --hidden 30,30 --activation relu --optimizer sgd --lr 0.003 --scale 1 --batch 0 --steps 3 "
                      "--seed 0", page)


@unittest.skipIf(browser.why_not(), browser.why_not())
class InBrowser(SweepTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        self = cls()
        self.out = cls.folder / "out"
        self.good("--lr", "0.001,0.003,1e30", "--hidden", "30,30;100", "--steps", 100)
        cls.page = self.out / "sweep.html"
        cls.browser = browser.Browser(cls.folder / "profile")
        cls.addClassCleanup(cls.browser.close)

    def runTest(self):  # for setUpClass, which wants an object
        pass

    def setUp(self):
        self.browser.open(self.page)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    def column(self, number):
        return self.browser.texts(f"#runs tbody td:nth-child({number + 1})")

    def pressed(self):
        return [mark.get_attribute("aria-pressed") == "true" for mark in self.browser.all("#runs td button")]

    def hovered(self):
        """The names of the curves that the mouse finds, and where it is."""
        if not self.browser.run("return !!window.Dygraph"):
            self.assertEqual(len(self.browser.all(".plot svg")), 1)
            self.skipTest("built without a chart library (Debian: libjs-dygraphs)")
        plot = self.browser.all(".plot")[0]
        self.browser.run("arguments[0].scrollIntoView({block: 'center'})", plot)
        self.browser.mouse().move_to_element_with_offset(plot, 20, 0).move_by_offset(-15, 0).perform()
        self.browser.wait(lambda: self.browser.texts(".values")[0])
        return {name.strip() for name in self.browser.texts(".values b")}, self.browser.texts(".values")[0]

    def test_every_title_sorts(self):
        ranks = self.column(1)
        self.assertEqual(ranks, ["1", "2", "3", "4", "", ""])
        titles = self.browser.all("#runs th button")
        for number in (*range(2, len(titles) + 1), 1):
            title = titles[number - 1]
            key = {2: lambda t: list(map(int, t.split(","))), 3: str, 4: str}.get(number, lambda t: float(t.split(" ")[0]))
            words = self.column(number)
            numbers = [t for t in words if re.match(r"\d|[a-z]+$", t) and t != "diverged"]
            others = [t for t in words if t not in numbers]
            for way in ("ascending", "descending"):
                title.click()
                self.assertEqual(self.browser.all("#runs th")[number].get_attribute("aria-sort"), way)
                self.assertEqual(len(self.browser.all("#runs [aria-sort]")), 1)
                self.assertEqual([key(t) for t in self.column(number)[: len(numbers)]],
                                 sorted(map(key, numbers), reverse=way == "descending"), title.text)
                self.assertEqual(self.column(number)[len(numbers) :], others)

    def test_rows_show_and_hide_curves(self):
        names = {f"hidden {h}, lr {lr}" for h in ("30,30", "100") for lr in ("0.001", "0.003")}
        self.assertEqual(self.hovered()[0], names)
        self.assertEqual(self.pressed(), [True] * 4 + [False] * 2)
        self.browser.all("#runs tbody tr")[0].click()
        hidden, rate = self.column(2)[0], self.column(5)[0]
        self.assertEqual(self.pressed(), [False] + [True] * 3 + [False] * 2)
        self.assertEqual(self.hovered()[0], names - {f"hidden {hidden}, lr {rate}"})
        # The same curve when the rows are in another order; and the buttons mean the rows as they stand.
        self.browser.all("#runs th button")[8].click()
        self.browser.all("#runs th button")[0].click()
        self.browser.all("#runs th button")[0].click()
        row = self.column(1).index("1")
        self.browser.all("#runs tbody tr")[row].click()
        self.assertEqual(self.hovered()[0], names)
        self.browser.all("#runs tbody tr")[row].click()
        every, first = self.browser.all("button[data-first]")[:2]
        every.click()
        self.assertEqual(self.pressed(), [True] * 6)
        self.browser.run("arguments[0].dataset.first = 2", first)
        first.click()
        self.assertEqual(self.pressed(), [True] * 2 + [False] * 4)
        self.assertEqual(self.hovered()[0], {f"hidden {h}, lr {lr}" for h, lr in zip(self.column(2)[:2], self.column(5)[:2])})

    def draws(self, button):
        """How often the chart is drawn when a button is clicked."""
        self.browser.run("""
            window.draws = 0;
            const draw = Dygraph.prototype.drawGraph_;
            Dygraph.prototype.drawGraph_ = function () { ++window.draws; return draw.apply(this, arguments); };
            arguments[0].click();
            Dygraph.prototype.drawGraph_ = draw;""", button)
        return self.browser.run("return window.draws")

    def test_all_and_none_are_drawn_once(self):
        self.hovered()
        every, first, none = self.browser.all("button[data-first]")
        for button, shown in ((none, 0), (every, 6), (none, 0), (first, 6)):
            self.assertEqual(self.draws(button), 1)
            self.assertEqual(self.pressed(), [i < shown for i in range(6)])
        # Without curves, too, both axes and both kinds of y; the console stays silent (tearDown).
        none.click()
        for button in self.browser.all("figure .switches button"):
            button.click()
        self.browser.all("#runs tbody tr")[0].click()
        self.assertEqual(len(self.hovered()[0]), 1)

    def test_by_step_and_by_second(self):
        step = self.hovered()[1]
        self.assertRegex(step, r"^step \d+ ")
        axis = self.browser.texts(".dygraph-axis-label-x")
        self.browser.all("figure .switches button")[1].click()
        self.assertRegex(self.hovered()[1], r"^seconds \d")
        self.assertNotEqual(self.browser.texts(".dygraph-axis-label-x"), axis)
        self.browser.all("figure .switches button")[0].click()
        self.assertEqual(self.hovered()[1], step)

    def test_no_empty_band_below_the_chart(self):
        self.hovered()
        self.browser.open(self.page)
        bottom, hint = self.browser.run("return ['.plot', '.hint'].map(s => document.querySelector('figure ' + s)"
                                        ".getBoundingClientRect()).map((r, i) => i ? r.top : r.bottom)")
        self.assertLess(hint - bottom, 16)
        # And what is below stays where it is while values are shown.
        before = self.browser.run("return document.getElementById('runs').getBoundingClientRect().top + scrollY")
        self.hovered()
        self.assertEqual(self.browser.run("return document.getElementById('runs').getBoundingClientRect().top + scrollY"), before)

    def test_dark_on_a_phone_and_in_print(self):
        self.browser.scheme("dark")
        self.assertLess(sum(map(int, re.findall(r"\d+", self.browser.run(
            "return getComputedStyle(document.body).backgroundColor"))[:3])), 150)
        self.browser.open(self.page, width=390, height=844)
        self.assertEqual(self.browser.run("return document.documentElement.scrollWidth"), 390)
        self.assertNotIn("optimizer", self.browser.texts("#runs th"))  # all rows have the same
        self.assertIn("hidden", self.browser.texts("#runs th"))
        self.assertGreater(len(self.browser.pdf()), 10_000)


if __name__ == "__main__":
    browser.use_python_that_has_selenium()
    main()
