#!/usr/bin/env python3
"""Tests the punctuation of the pages in Chinese: chinese.py REPOSITORY."""

import pathlib
import re
import sys

CODE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)\n]*\)|<[^>\n]*>|https?://\S+", re.S)
HAN = "\u3400-\u9fff\u3001-\u301f\uff00-\uffef"
# A mark of ASCII with a Chinese character, or a full-width mark, on one of its sides; a full stop or an exclamation mark
# between two. Links and emphasis (`**计算带**:`) do not hide one.
WRONG = re.compile(rf"[{HAN}][\])*]*[,;:?!()](?!\()|(?<!\])[,;:?!(][\[(*]*[{HAN}]|[{HAN}]\.(?:[{HAN}\s]|$)")


def prose(text):
    """The text without code and addresses, each of which is as a word; in code the comments are prose, too."""
    def word(match):
        found = match.group(0)
        lines = found.splitlines()
        if found.startswith("```"):
            return "\n".join(line[line.find("//") :] if "//" in line else "" for line in lines)
        return "]" if found.startswith("](") else "x"
    return CODE.sub(word, text)


def complaints(text):
    return [f"line {text.count(chr(10), 0, found.start()) + 1}: {text[max(0, found.start() - 12) : found.end() + 12]!r}"
            for found in WRONG.finditer(text)]


def main():
    root = pathlib.Path(sys.argv[1])
    # What must be found, and what must not.
    for bad in ("张图像,以字节", "需要 zlib;然后", "(见下文)", "**运算**:带广播", "见[教程](a.md),其中", "是这样.", "吗?", "（相对）;",
                "```cpp\nint x;  // 一,二\n```"):
        assert complaints(prose(bad)), bad
    for good in ("张图像，以字节", "6.8 毫秒", "见[教程](a.md)，其中", "`a, b`，其中", "30,30 与 64", "MNIST（或 .gz）。",
                 "```sh\nrun.sh --lang zh   # 一\n```"):
        assert not complaints(prose(good)), (good, complaints(prose(good)))
    pages = [root / "README.zh.md", *sorted((root / "docs").glob("*.zh.md"))]
    assert len(pages) >= 3
    found = [f"{page.relative_to(root)}: {text}" for page in pages
             for text in complaints(prose(page.read_text(encoding="utf-8")))]
    print(*found, sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
