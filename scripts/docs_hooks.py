"""What mkdocs.yml needs beside its plugins: links out of docs/, links to the API reference, and the reference itself."""

import logging
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from mkdocs.exceptions import PluginError

log = logging.getLogger("mkdocs.hooks.tinynet")
ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = re.compile(r"(?<!!)\[([^\]]+)\]\(\.\./([^)\s]+)\)")  # [text](../path)
API = re.compile(r"\[([^\]]+)\]\(api/([^)\s]*)\)")  # [text](api/page)
CHINESE_BREAK = re.compile("(?<=[\u3000-\u9fff\uff00-\uffef])\n(?=[\u3000-\u9fff\uff00-\uffef])")  # would be shown as a space


def on_page_markdown(markdown, page, config, **_):
    """Files of the repository are no part of the site: their links go to `repo_url`, or become plain text without one."""

    def outside(match):
        text, path = match.groups()
        if not (ROOT / path.split("#")[0]).exists():
            log.warning("%s: there is no %s", page.file.src_uri, path)
        return f"[{text}]({config.repo_url.rstrip('/')}/blob/main/{path})" if config.repo_url else text

    markdown = CHINESE_BREAK.sub("", markdown)
    up = "../" * page.url.count("/")
    markdown = OUTSIDE.sub(outside, markdown)
    return API.sub(lambda m: f'<a href="{up}api/{m.group(2) or "index.html"}">{m.group(1)}</a>', markdown)


def on_post_build(config, **_):
    """Doxygen writes the API reference into the site; what it warns of is an error."""
    doxygen = shutil.which("doxygen")
    if doxygen is None:
        log.info("doxygen is not installed: the site has no API reference")
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = (ROOT / "Doxyfile").read_text(encoding="utf-8") + f'\nOUTPUT_DIRECTORY = "{folder}"\n'
        done = subprocess.run([doxygen, "-"], input=settings, cwd=ROOT, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise PluginError(f"doxygen: {done.stderr}")
        target = Path(config.site_dir) / "api"
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(str(Path(folder) / "api"), target)
