"""A web server for MNIST's files that behaves, or misbehaves, as the address says."""

import gzip
import hashlib
import http.server
import os
import pathlib
import threading
import time

NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
HASHES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def real_files():
    """The raw bytes of the four files, or None."""
    folder = os.environ.get("TINYNET_DATA")
    if not folder:
        return None
    files = {}
    for name in NAMES:
        for path in (pathlib.Path(folder, name), pathlib.Path(folder, name + ".gz")):
            if path.exists():
                data = path.read_bytes()
                files[name] = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
                break
        if name not in files or hashlib.sha256(files[name]).hexdigest() != HASHES[name]:
            return None
    return files


RAW = real_files()
PACKED = {name: gzip.compress(data, 1) for name, data in RAW.items()} if RAW else {}


class Handler(http.server.BaseHTTPRequestHandler):
    """/HOW/NAME.gz: the first folder of the address says how to behave."""

    def log_message(self, *_):
        pass

    def send(self, body, kind="application/gzip", length=None):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length != -1:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        how, name = self.path.strip("/").split("/")
        name = name.removesuffix(".gz")
        with self.server.lock:
            self.server.requests.append((how, name))
        try:
            getattr(self, "do_" + how)(name)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def do_good(self, name):
        self.send(PACKED[name])

    def do_slow(self, name):
        time.sleep(1)
        self.send(PACKED[name])

    def do_repacked(self, name):
        """Another gzip file of the same bytes: other level, a name in the header, two members."""
        raw = RAW[name]
        self.send(gzip.compress(raw[:5000], 1) + gzip.compress(raw[5000:], 1))

    def do_unpacked(self, name):
        self.send(RAW[name])

    def do_missing(self, _):
        self.send_error(404)

    def do_broken(self, _):
        self.send_error(503)

    def do_forbidden(self, _):
        self.send_error(403)

    def do_busy(self, _):
        """Too many requests: come back in an hour."""
        self.send_response(429)
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_html(self, _):
        self.send(b"\n<!DOCTYPE html>\n<html><body>Please log in</body></html>", "text/html")

    def do_text(self, _):
        self.send(b"no such bucket", "text/plain")

    def do_nothing(self, _):
        self.send(b"")

    def do_cut(self, name):
        """Fewer bytes than announced."""
        self.send(gzip.compress(os.urandom(20000))[:9000], length=20000)

    def do_ends(self, name):
        """The connection closes early, and nobody announced a length."""
        self.send(gzip.compress(b"x" * 20000 + os.urandom(20000))[:9000], length=-1)

    def do_damaged(self, name):
        """The check sum in the gzip file is wrong."""
        data = bytearray(gzip.compress(b"\0\0\x08\x03" + b"x" * 20000))
        data[-6] ^= 1
        self.send(bytes(data))

    def do_wrong(self, name):
        """Sound gzip, right length, one pixel changed."""
        size = {NAMES[0]: 47040016, NAMES[1]: 60008, NAMES[2]: 7840016, NAMES[3]: 10008}[name]
        self.send(gzip.compress(bytes(size), 1))

    def do_short(self, name):
        self.send(gzip.compress(bytes(1000)))

    def do_bomb(self, name):
        """Small, but a gigabyte unpacked."""
        self.send(self.server.bomb)

    def do_endless(self, name):
        self.send(b"\x1f\x8b", length=-1)
        while True:
            self.wfile.write(bytes(1 << 20))

    def do_stall(self, name):
        self.send(b"\x1f\x8b", length=20000)
        self.server.stopped.wait(60)

    def do_silent(self, name):
        self.server.stopped.wait(60)

    def do_loop(self, name):
        self.redirect(self.path)

    def do_moved(self, name):
        self.redirect(f"/good/{name}.gz")

    def do_insecure(self, name):
        """From https to http."""
        self.redirect(f"{self.server.plain}/good/{name}.gz")

    def redirect(self, to):
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Server:
    def __init__(self, context=None, plain=None):
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.block_on_close = False
        self.http.lock = threading.Lock()
        self.http.requests = []
        self.http.stopped = threading.Event()
        self.http.plain = plain
        if context:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.address = f"{'https' if context else 'http'}://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def mirrors(self, *hows):
        return " ".join(f"{self.address}/{how}" for how in hows)

    def requests(self):
        with self.http.lock:
            return list(self.http.requests)

    def close(self):
        self.http.stopped.set()
        self.http.shutdown()
        self.http.server_close()
