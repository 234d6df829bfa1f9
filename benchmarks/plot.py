#!/usr/bin/env python3
"""Draws a bar chart of what compare.py stored.

    benchmarks/plot.py benchmarks/results/NAME.json [WORK ...] [--output FILE.svg]

Without WORK it draws all works in the file. The chart lies on a white card, so that it can be read on light and dark
pages; it goes beside the JSON file.
"""
import argparse
import json
import pathlib
import statistics
from xml.sax.saxutils import escape

from works import UNITS

WIDTH, MARGIN, ROW, BAR = 760, 20, 24, 16  # pixels
LABELS, LONGEST = 190, 400  # where the bars begin, and the longest bar
INK, MUTED, OURS, OTHERS, CARD, EDGE = "#1f2328", "#59636e", "#0969da", "#afb8c1", "#ffffff", "#d1d9e0"


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def text(x, y, content, color=INK, anchor="start", size=13, weight="normal"):
    return (f'<text x="{x:.0f}" y="{y:.0f}" fill="{color}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}">{escape(content)}</text>')


def panel(work, top):
    """One work's title and bars; returns the lines of SVG and where the next one may begin."""
    medians = {peer: statistics.median(result["seconds"] for result in results) * UNITS[work["unit"]]
               for peer, results in work["rounds"].items()}
    base, longest = next(iter(medians.values())), max(medians.values())
    lines = [text(MARGIN, top + 14, f"{work['title']} ({work['unit']})", weight="600")]
    y = top + 28
    for peer, value in medians.items():
        ours = peer.startswith("tinynet")
        length = max(2, LONGEST * value / longest)
        ratio = "" if value == base else f" (×{value / base:.1f})"
        lines += [
            text(LABELS - 8, y + BAR - 3, peer, anchor="end", weight="600" if ours else "normal"),
            f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{OURS if ours else OTHERS}"/>',
            text(LABELS + length + 8, y + BAR - 3, number(value) + ratio),
        ]
        y += ROW
    return lines, y + 12


def draw(stored, names):
    body, y = [], MARGIN
    for name in names:
        lines, y = panel(stored["works"][name], y)
        body += lines
    about = stored["about"]
    body.append(text(MARGIN, y + 8, f"{about['machine']}, {about['threads']} threads, medians of {about['rounds']} "
                     f"rounds in turns, {about['date']}; less is better", MUTED, size=11))
    height = y + 8 + MARGIN
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif">',
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" fill="{CARD}" stroke="{EDGE}"/>',
        *body, "</svg>", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path, help="what compare.py --json wrote")
    parser.add_argument("works", nargs="*", metavar="WORK", help="of those in the file (all)")
    parser.add_argument("--output", type=pathlib.Path, help="the SVG file (beside the JSON file)")
    options = parser.parse_args()
    stored = json.loads(options.file.read_text())
    if unknown := set(options.works) - set(stored["works"]):
        parser.error(f"{options.file} has no work {', '.join(sorted(unknown))}; it has {', '.join(stored['works'])}")
    names = [name for name in options.works or stored["works"] if stored["works"][name]["rounds"]]
    (options.output or options.file.with_suffix(".svg")).write_text(draw(stored, names), encoding="utf-8")


if __name__ == "__main__":
    main()
