"""The files that mnist --out writes, read by hand and checked while they are read."""

import html.parser
import json
import struct
import zlib


def same_float(a, b):
    return struct.pack("f", float(a)) == struct.pack("f", float(b))


def read_metrics(path):
    lines = path.read_text().splitlines()
    assert lines[0] == "step,loss", lines[0]
    return [(int(step), float(loss)) for step, loss in (line.split(",") for line in lines[1:])]


def read_png(path):
    """(width, height, the bytes of its rows, each after the number of its filter); raises AssertionError if it is no good
    PNG file of red, green and blue."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", data[:8]
    at, chunks = 8, []
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        body, (crc,) = data[at + 8 : at + 8 + size], struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert crc == zlib.crc32(name + body), name
        chunks.append((name, body))
        at += 12 + size
    names = [name for name, _ in chunks]
    assert names[0] == b"IHDR" and names[-1] == b"IEND" and set(names[1:-1]) == {b"IDAT"}, names
    width, height, *kind = struct.unpack(">IIBBBBB", chunks[0][1])
    assert kind == [8, 2, 0, 0, 0], kind
    rows = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    assert len(rows) == height * (3 * width + 1), len(rows)
    assert all(rows[r * (3 * width + 1)] <= 4 for r in range(height))
    return width, height, rows


def png_pixels(path):
    """(width, height, each row's bytes red, green, blue)."""
    width, height, raw = read_png(path)
    stride, rows, above = 3 * width, [], bytes(3 * width)
    for r in range(height):
        filter_type, row = raw[r * (stride + 1)], bytearray(raw[r * (stride + 1) + 1 : (r + 1) * (stride + 1)])
        for i in range(stride):
            left, up, corner = (row[i - 3] if i >= 3 else 0), above[i], (above[i - 3] if i >= 3 else 0)
            near = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
            row[i] = (row[i] + (0, left, up, (left + up) // 2, near)[filter_type]) & 255
        rows.append(bytes(row))
        above = row
    return width, height, rows


class Page(html.parser.HTMLParser):
    """The tags of a page, each closed in its place, and the text of some of them."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], {}
        self.feed(text)
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.texts.setdefault(tag, []).append("")
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open:
            self.texts[self.open[-1]][-1] += data

    def curves(self):
        scripts = self.texts["script"]
        return json.loads(next(text for text in scripts if text.startswith("{")))["views"][0]["curves"]
