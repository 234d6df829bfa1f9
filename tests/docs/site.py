#!/usr/bin/env python3
"""Builds the documentation's site strictly and looks at the result: no page is loaded from elsewhere, no link is broken.

Exit code 77, with a line that says so, where mkdocs or its theme is missing. Without doxygen there is no API reference, and the links
to it are not looked at. $MKDOCS is the command of mkdocs, if it is not `mkdocs`.
"""

import html.parser
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADS = {("script", "src"), ("img", "src"), ("iframe", "src"), ("link", "href"), ("source", "src")}
INSTALL = "pip install -r docs/requirements.txt"


class Page(html.parser.HTMLParser):
    """What a page loads and links to, and the names of its places."""

    def __init__(self, text):
        super().__init__()
        self.loads, self.links, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places.update(attrs[key] for key in ("id", "name") if attrs.get(key))
        for key in ("src", "href"):
            if attrs.get(key):
                where = self.loads if (tag, key) in LOADS else self.links
                where.append(attrs[key])


def problems_of(site, has_api):
    pages = {}

    def page(path):
        if path not in pages:
            pages[path] = Page(path.read_text(encoding="utf-8"))
        return pages[path]

    for path in sorted(site.rglob("*.html")):
        if (site / "api") in path.parents or path.name == "404.html":
            continue
        for target in page(path).loads + page(path).links:
            url = urllib.parse.urlsplit(target)
            if url.scheme or url.netloc:
                if target in page(path).loads and url.scheme != "data":
                    yield f"{path.relative_to(site)} loads {target}"
                continue
            if "/api/" in f"/{url.path}" and not has_api:
                continue
            file = path if not url.path else pathlib.Path(os.path.normpath(path.parent / urllib.parse.unquote(url.path)))
            if file.is_dir():
                file /= "index.html"
            if not file.exists():
                yield f"{path.relative_to(site)} links to {target}, which does not exist"
            elif url.fragment and file.suffix == ".html" and (site / "api") not in file.parents:
                if urllib.parse.unquote(url.fragment) not in page(file).places:
                    yield f"{path.relative_to(site)} links to {target}: there is no such place"
    for path in sorted(site.rglob("*.css")):
        for target in re.findall(r"""(?:url\(|@import )["']?(https?:[^"')]+)""", path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)} loads {target}"


def main():
    mkdocs = shlex.split(os.environ.get("MKDOCS", "mkdocs"))
    version = shutil.which(mkdocs[0]) and subprocess.run([*mkdocs, "--version"], capture_output=True, check=False)
    if not version or version.returncode != 0:
        print(f"skipped: there is no mkdocs ({INSTALL}, or say where it is in $MKDOCS)")
        return 77
    with tempfile.TemporaryDirectory(prefix="tinynet-site-") as folder:
        site = pathlib.Path(folder) / "site"
        built = subprocess.run(
            [*mkdocs, "build", "--strict", "--quiet", "--site-dir", str(site)],
            cwd=ROOT,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode != 0:
            said = built.stdout + built.stderr
            if "Unrecognised theme name" in said or "plugin is not installed" in said:
                print(f"skipped: a part of mkdocs is missing ({INSTALL}): {said.strip()}")
                return 77
            print(said, file=sys.stderr)
            return 1
        has_api = shutil.which("doxygen") is not None
        problems = list(problems_of(site, has_api))
        for problem in problems:
            print(problem, file=sys.stderr)
        count = len(list(site.rglob("*.html")))
        print(f"{count} pages, {len(problems)} problems" + ("" if has_api else "; no doxygen, so no API reference"))
        return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
