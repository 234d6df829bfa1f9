#!/usr/bin/env python3
"""Looks at the report of mnist --out in a browser: mnist_browser.py PROGRAM."""

import json
import re
import unittest

import browser
from formats import read_metrics
from harness import ProgramTest, main


@unittest.skipIf(browser.why_not(), browser.why_not())
class BrowserTest(ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.out_folder = cls.folder / "out"
        cls().good("--out", cls.out_folder, "--steps", 500)
        cls.report = cls.out_folder / "report.html"
        cls.browser = browser.Browser(cls.folder / "profile")
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.open(self.report)

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])

    def runTest(self):  # for setUpClass, which wants an object
        pass

    def plot(self):
        if not self.browser.run("return !!window.Dygraph"):
            self.assertEqual(len(self.browser.all(".plot svg")), 1)
            self.skipTest("built without a chart library (Debian: libjs-dygraphs)")
        plot = self.browser.all(".plot")[0]
        self.browser.run("arguments[0].scrollIntoView({block: 'center'})", plot)
        return plot

    def axis(self, name):
        return self.browser.texts(f".dygraph-axis-label-{name}")

    def test_pictures_and_nothing_from_elsewhere(self):
        run = json.loads((self.out_folder / "run.json").read_text())
        widths = self.browser.run("return Array.from(document.images, i => i.complete ? i.naturalWidth : 0)")
        self.assertEqual(widths, [28] * (1 + 30 + len(run["misclassified"])))
        loaded = self.browser.run("return performance.getEntriesByType('resource').map(e => e.name)")
        self.assertEqual([name for name in loaded if not name.startswith("data:")], [])

    def test_the_curve_is_drawn(self):
        self.plot()
        colored = self.browser.run("""
            let count = 0;
            for (const canvas of document.querySelectorAll('.plot canvas')) {
              const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
              for (let i = 0; i < data.length; i += 4) {
                const [r, g, b, a] = data.slice(i, i + 4);
                count += a > 100 && Math.max(r, g, b) - Math.min(r, g, b) > 40;
              }
            }
            return count;""")
        self.assertGreater(colored, 300)

    def test_hover_shows_step_and_loss(self):
        plot, metrics = self.plot(), dict(read_metrics(self.out_folder / "metrics.csv"))
        seen = set()
        for offset in (-200, 0, 150):
            self.browser.mouse().move_to_element_with_offset(plot, offset, 0).perform()
            text = self.browser.wait(lambda: self.browser.texts(".values")[0])
            step, loss = re.fullmatch(r"step (\d+)\s+loss (\S+)", text).groups()
            self.assertAlmostEqual(float(loss), metrics[int(step)], delta=1e-5 * metrics[int(step)])
            seen.add(int(step))
        self.assertEqual(len(seen), 3)
        self.assertLess(min(seen), 200)
        self.assertGreater(max(seen), 260)

    def test_logarithmic_or_not(self):
        self.plot()
        button, before = self.browser.all("button")[0], self.axis("y")
        self.assertEqual(button.get_attribute("aria-pressed"), "true")
        button.click()
        self.assertEqual(button.get_attribute("aria-pressed"), "false")
        linear = self.axis("y")
        self.assertNotEqual(linear, before)
        steps = [float(b) - float(a) for a, b in zip(linear, linear[1:])]
        self.assertAlmostEqual(min(steps), max(steps), places=6)
        button.click()
        self.assertEqual((button.get_attribute("aria-pressed"), self.axis("y")), ("true", before))

    def test_zoom_and_back(self):
        plot, before = self.plot(), self.axis("x")
        mouse = self.browser.mouse().move_to_element_with_offset(plot, -100, 0).click_and_hold()
        mouse.move_by_offset(60, 0).move_by_offset(60, 0).release().perform()
        self.browser.wait(lambda: self.axis("x") != before)
        inside = [float(text) for text in self.axis("x")]
        self.assertGreater(min(inside), 50)
        self.assertLess(max(inside), 450)
        self.browser.all("button")[-1].click()
        self.browser.wait(lambda: self.axis("x") == before)

    def test_light_and_dark(self):
        colors = []
        for scheme in ("light", "dark"):
            self.browser.scheme(scheme)
            colors.append(self.browser.wait(lambda: self.browser.run(
                "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]")))
            sums = [sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors[-1]]
            self.assertEqual(sums[0] > sums[1], scheme == "light")
            self.assertGreater(abs(sums[0] - sums[1]), 400)

    def test_on_a_phone(self):
        self.browser.open(self.report, width=390, height=844)
        self.assertEqual(self.browser.run("return document.documentElement.scrollWidth"), 390)
        self.assertLessEqual(self.browser.run(
            "return Math.max(...Array.from(document.querySelectorAll('h1, h2, p, pre, img, .plot'), "
            "e => e.getBoundingClientRect().right))"), 390)

    def test_on_a_phone_nothing_is_cut_without_a_sign(self):
        self.browser.open(self.report, width=390, height=844)
        for box in self.browser.all(".scroll"):
            wide, inside, more = self.browser.run(
                "const b = arguments[0]; return [b.scrollWidth, b.clientWidth, b.classList.contains('more')]", box)
            self.assertEqual(wide > inside + 1, more)
        self.assertEqual(self.browser.run("return document.querySelectorAll('.scroll.more').length"), 0)
        # A table that is too wide has the sign until its end is reached.
        self.browser.run("document.querySelector('.scroll').style.width = '200px'")
        self.browser.wait(lambda: self.browser.all(".scroll.more"))
        self.browser.run("const b = document.querySelector('.scroll'); b.scrollLeft = b.scrollWidth")
        self.browser.wait(lambda: not self.browser.all(".scroll.more"))

    def test_the_page_is_no_longer_than_what_is_looked_at(self):
        self.browser.open(self.report, width=390, height=844)
        height = "return document.documentElement.scrollHeight"
        folded = self.browser.run(height)
        self.assertLess(folded, 6000)
        for summary in self.browser.all("summary"):
            self.browser.run("arguments[0].scrollIntoView({block: 'center'})", summary)
            summary.click()
            self.assertGreater(self.browser.run(height), folded)

    def test_in_print(self):
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b"%PDF"))
        self.assertGreater(len(pdf), 10_000)


if __name__ == "__main__":
    browser.use_python_that_has_selenium()
    main()
