#!/usr/bin/env python3
"""Tests how the program mnist downloads its data, against web servers on this machine that misbehave.

    download.py PATH/TO/mnist

What needs the real files takes them from $TINYNET_DATA and is skipped without.
"""

import concurrent.futures
import contextlib
import gzip
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import small_disk
from bad_server import HASHES, NAMES, RAW, Server

PROGRAM = ""
ROOM = small_disk.why_not()


class DownloadTest(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tinynet-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cache = self.folder / "tinynet" / "mnist"

    def environment(self, mirrors, **more):
        drop = ("TINYNET_", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        env = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
        env.update(
            XDG_CACHE_HOME=str(self.folder),
            TINYNET_MNIST_MIRRORS=mirrors,
            TINYNET_CONNECT_SECONDS="2",
            TINYNET_STALL_SECONDS="2",
        )
        env.update(more)
        return {k: v for k, v in env.items() if v is not None}

    def run_program(self, mirrors, *options, dataset="mnist", **more):
        insist = ["--dataset", dataset] if dataset else []
        command = [PROGRAM, "--steps", "0", *insist, *options]
        return subprocess.run(command, env=self.environment(mirrors, **more), capture_output=True, text=True, timeout=120)

    def files(self):
        return sorted(p.name for p in self.cache.iterdir()) if self.cache.exists() else []

    def leftovers(self):
        return [name for name in self.files() if name.endswith(".tmp")]

    def error_line(self, done, code):
        """The one line of an error, after whatever notes."""
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        lines = done.stderr.splitlines()
        self.assertEqual([line for line in lines if not line.startswith("mnist: note: ")], lines[-1:], done.stderr)
        self.assertTrue(lines[-1].startswith("mnist: error: "), lines[-1])
        return lines[-1]


class Failures(DownloadTest):
    """Everything that can go wrong with all mirrors: code 5, the reasons, and nothing left in the cache."""

    def check(self, how, reason, **more):
        done = self.run_program(self.server.mirrors(how), **more)
        line = self.error_line(done, 5)
        self.assertIn(f"{self.server.address}/{how}/train-images-idx3-ubyte.gz: ", line)
        self.assertRegex(line, reason)
        self.assertEqual(self.leftovers(), [])
        self.assertNotIn("train-images-idx3-ubyte", self.files())
        return line

    def test_not_found(self):
        self.check("missing", "404")

    def test_server_error(self):
        self.check("broken", "503")

    def test_forbidden(self):
        self.check("forbidden", "403")

    def test_too_many_requests(self):
        """Nobody waits for as long as such a server wants; the next mirror is asked at once, this one not again."""
        start = time.monotonic()
        self.check("busy", "429")
        self.assertLess(time.monotonic() - start, 10)
        self.assertEqual(self.server.requests(), [("busy", NAMES[0])])

    def test_a_host_that_never_answers(self):
        """Its queue of connections is full, so the system drops whoever knocks."""
        with contextlib.ExitStack() as sockets:
            silent = sockets.enter_context(socket.socket())
            silent.bind(("127.0.0.1", 0))
            silent.listen(0)
            for _ in range(8):
                knocking = sockets.enter_context(socket.socket())
                knocking.setblocking(False)
                knocking.connect_ex(silent.getsockname())
            time.sleep(0.1)
            start = time.monotonic()
            done = self.run_program(f"http://127.0.0.1:{silent.getsockname()[1]} {self.server.mirrors('missing')}")
            line = self.error_line(done, 5)
            self.assertRegex(line, "timed out|[Tt]imeout|connect")
            self.assertIn("404", line)
            self.assertTrue(1 < time.monotonic() - start < 15)

    def test_page_with_status_200(self):
        self.check("html", "got HTML .first bytes `<!DOCTYPE html")

    def test_text_with_status_200(self):
        self.check("text", "got no gzip .first bytes `no such bucket`")

    def test_empty_file(self):
        self.check("nothing", "got nothing")

    def test_cut_connection(self):
        self.check("cut", "transfer closed|end of response|bytes remaining")

    def test_cut_connection_of_unknown_length(self):
        self.check("ends", "end early")

    def test_damaged_gzip(self):
        self.check("damaged", "CRC-32")

    def test_wrong_hash(self):
        line = self.check("wrong", "wrong SHA-256")
        self.assertIn("expected " + HASHES[NAMES[0]], line)
        self.assertIn("found " + hashlib.sha256(bytes(47040016)).hexdigest(), line)

    def test_what_is_wrong_is_kept_if_that_is_wanted(self):
        kept = self.cache / (NAMES[0] + ".bad")
        self.check("wrong", "wrong SHA-256")
        self.check("html", "got HTML", TINYNET_KEEP_BAD="0")
        self.assertFalse(kept.exists())
        for how, start in (("html", b"\n<!DOCTYPE html"), ("wrong", b"\x1f\x8b")):
            line = self.check(how, f"kept as {kept}", TINYNET_KEEP_BAD="1")
            self.assertIn("got HTML" if how == "html" else "wrong SHA-256", line)
            self.assertEqual(kept.read_bytes()[: len(start)], start)

    @unittest.skipIf(ROOM, ROOM)
    def test_a_cache_on_a_full_disk_or_one_closed_to_writing(self):
        disk = self.folder / "disk"
        disk.mkdir()
        # What comes from the last one cannot be kept, what comes from the first two has no place.
        for kind, how, reason in (("read-only", "missing", "Read-only file system"),
                                  ("full", "html", "No space left on device"), ("full", "good", "No space left")):
            if how == "good" and not RAW:
                continue
            with self.subTest(kind=kind, how=how):
                command = [PROGRAM, "--steps", "0", "--dataset", "mnist"]
                more = {"XDG_CACHE_HOME": str(disk), "TINYNET_KEEP_BAD": "1"}
                done, left = small_disk.run(kind, disk, command, env=self.environment(self.server.mirrors(how), **more))
                line = self.error_line(done, 4)
                self.assertRegex(line, reason)
                self.assertIn(str(disk / "tinynet" / "mnist"), line)
                self.assertTrue(line.endswith("Give the folder of the data with --data DIR"), line)
                self.assertEqual(left, [])

    def test_wrong_size(self):
        self.check("short", "wrong size; expected 47040016 bytes, found 1000")

    def test_bomb(self):
        self.server.http.bomb = gzip.compress(bytes(1 << 28), 9)
        self.check("bomb", "wrong size; expected 47040016 bytes, found more")

    def test_no_end(self):
        self.check("endless", "sends more than")

    def test_stall(self):
        start = time.monotonic()
        self.check("stall", "too slow|timed out")
        self.assertLess(time.monotonic() - start, 15)

    def test_silence(self):
        start = time.monotonic()
        self.check("silent", "too slow|timed out")
        self.assertLess(time.monotonic() - start, 15)

    def test_redirection_without_end(self):
        self.check("loop", "redirects")

    def test_every_mirror_and_all_that_is_needed_to_fetch_by_hand_is_named(self):
        line = self.error_line(self.run_program(self.server.mirrors("missing", "html", "short")), 5)
        for how in ("missing", "html", "short"):
            self.assertIn(f"{self.server.address}/{how}/train-images-idx3-ubyte.gz: ", line)
        for name in NAMES:
            self.assertIn(f"https://ossci-datasets.s3.amazonaws.com/mnist/{name}.gz", line)
            self.assertIn(HASHES[name], line)
        # The first file alone is asked for: where it cannot be had, the others need not be tried.
        self.assertEqual({name for _, name in self.server.requests()}, {NAMES[0]})

    def test_nobody_listens(self):
        self.server.close()
        start = time.monotonic()
        done = self.run_program("http://127.0.0.1:1")
        self.assertRegex(self.error_line(done, 5), "connect")
        self.assertLess(time.monotonic() - start, 2)

    def test_unknown_host(self):
        start = time.monotonic()
        done = self.run_program("https://nowhere.invalid https://neither.invalid")
        self.assertIn("Could not resolve host: neither.invalid", self.error_line(done, 5))
        self.assertLess(time.monotonic() - start, 2)

    def test_no_address(self):
        done = self.run_program("file:///etc/ -x")
        self.assertIn("file:///etc/train-images-idx3-ubyte.gz: not an address", self.error_line(done, 5))

    def test_offline(self):
        for options, more in ((["--offline"], {}), ([], {"TINYNET_OFFLINE": "1"})):
            start = time.monotonic()
            done = self.run_program(self.server.mirrors("missing"), *options, **more)
            line = self.error_line(done, 5)
            self.assertIn("switched off", line)
            self.assertIn(HASHES[NAMES[3]], line)
            self.assertLess(time.monotonic() - start, 1)
        self.assertEqual(self.server.requests(), [])

    def test_no_curl(self):
        tools = self.folder / "bin"
        tools.mkdir()
        done = self.run_program(self.server.mirrors("missing"), PATH=str(tools))
        self.assertIn("curl is not installed", self.error_line(done, 5))

    def test_no_place_for_a_cache(self):
        done = self.run_program(self.server.mirrors("missing"), XDG_CACHE_HOME=None, HOME=None)
        self.assertIn("--data DIR", self.error_line(done, 4))
        (self.folder / "file").write_text("")
        done = self.run_program(self.server.mirrors("missing"), XDG_CACHE_HOME=str(self.folder / "file"))
        line = self.error_line(done, 4)
        self.assertIn(str(self.folder / "file" / "tinynet" / "mnist"), line)
        self.assertIn("--data DIR", line)

    def test_home_is_used_without_xdg(self):
        self.error_line(self.run_program(self.server.mirrors("missing"), XDG_CACHE_HOME=None, HOME=str(self.folder)), 5)
        self.assertTrue((self.folder / ".cache" / "tinynet" / "mnist").is_dir())
        self.error_line(self.run_program(self.server.mirrors("missing"), XDG_CACHE_HOME="relative", HOME=str(self.folder)), 5)
        self.assertFalse(pathlib.Path("relative").exists())

    def test_without_insisting_the_next_best_is_taken_and_said(self):
        done = self.run_program(self.server.mirrors("missing", "html"), dataset=None)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = [line for line in done.stderr.splitlines() if line.startswith("mnist: note: data: ")]
        self.assertEqual(len(said), 1, done.stderr)
        self.assertIn("NOT MNIST but ", said[0])
        why = [line for line in done.stderr.splitlines() if line.startswith("mnist: note: MNIST was not found: ")]
        self.assertEqual(len(why), 1, done.stderr)
        self.assertIn("404", why[0])
        self.assertIn("got HTML", why[0])
        self.assertIn("train_img num:  60000", done.stdout)

    def test_killed_while_downloading(self):
        """kill -9 frees the lock, and what is left is swept."""
        env = self.environment(self.server.mirrors("stall"), TINYNET_STALL_SECONDS="30")
        killed = subprocess.Popen([PROGRAM, "--steps", "0", "--dataset", "mnist"], env=env,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self.server.requests() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertNotEqual(self.server.requests(), [])
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        (self.cache / "train-images-idx3-ubyte.123.tmp").write_text("killed while writing this")
        start = time.monotonic()
        self.error_line(self.run_program(self.server.mirrors("missing")), 5)
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(self.leftovers(), [])


class Https(DownloadTest):
    """A server with a certificate that only these tests trust."""

    def setUp(self):
        super().setUp()
        openssl = shutil.which("openssl")
        if not openssl:
            self.skipTest("there is no program openssl to make a certificate with")
        key, self.certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", self.certificate],
            check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)
        self.secure = Server(context, plain=self.server.address)
        self.addCleanup(self.secure.close)

    def test_certificates_are_checked(self):
        line = self.error_line(self.run_program(self.secure.mirrors("short")), 5)
        self.assertRegex(line, "certificate")
        self.assertEqual(self.secure.requests(), [])

    def test_https_works(self):
        line = self.error_line(self.run_program(self.secure.mirrors("short"), CURL_CA_BUNDLE=str(self.certificate)), 5)
        self.assertIn("wrong size", line)

    def test_never_from_https_to_http(self):
        self.error_line(self.run_program(self.secure.mirrors("insecure"), CURL_CA_BUNDLE=str(self.certificate)), 5)
        self.assertEqual(len(self.secure.requests()), 1)
        self.assertEqual(self.server.requests(), [])


class Successes(DownloadTest):
    def setUp(self):
        super().setUp()
        if RAW is None:
            self.skipTest("TINYNET_DATA is not a folder with MNIST's four files")

    def check(self, done):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("lab= 5\n", done.stdout)
        for name in NAMES:
            self.assertEqual(hashlib.sha256((self.cache / name).read_bytes()).hexdigest(), HASHES[name])
        self.assertEqual(self.leftovers(), [])

    def test_download_then_cache(self):
        done = self.run_program(self.server.mirrors("good"))
        self.check(done)
        self.assertRegex(done.stderr, r"data: MNIST, 60000 \+ 10000 images from .* \(downloaded\)")
        self.assertEqual(self.server.requests(), [("good", name) for name in NAMES])
        done = self.run_program(self.server.mirrors("good"), dataset=None)
        self.check(done)
        self.assertRegex(done.stderr, r"data: MNIST, 60000 \+ 10000 images from .* \(the cache\)")
        self.check(self.run_program("", "--offline"))
        self.assertEqual(len(self.server.requests()), 4)

    def test_a_folder_that_was_passed_over_for_the_cache_is_said(self):
        few = self.folder / "few"
        few.mkdir()
        for name in NAMES[:2]:
            (few / name).write_bytes(b"")
        for folder, why in ((few, "MNIST is not complete"), (self.folder / "none", "no folder to read MNIST from")):
            done = self.run_program(self.server.mirrors("good"), dataset=None, TINYNET_DATA=str(folder))
            self.check(done)
            self.assertRegex(done.stderr, rf"data: MNIST, .*, not from TINYNET_DATA: {folder}: {why}")

    def test_packed_anew(self):
        self.check(self.run_program(self.server.mirrors("repacked")))

    def test_not_packed(self):
        self.check(self.run_program(self.server.mirrors("unpacked")))

    def test_redirection(self):
        self.check(self.run_program(self.server.mirrors("moved")))

    def test_the_next_mirror_after_any_failure(self):
        done = self.run_program(self.server.mirrors("missing", "html", "cut", "wrong", "damaged", "good"))
        self.check(done)
        # Once a mirror has worked, it is asked first.
        self.assertEqual([r for r in self.server.requests() if r[1] != NAMES[0]], [("good", n) for n in NAMES[1:]])
        self.assertIn("404", done.stderr)

    def test_a_damaged_file_in_the_cache_is_replaced(self):
        self.check(self.run_program(self.server.mirrors("good")))
        damages = {
            "flipped": lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
            "cut": lambda data: data[:-1],
            "longer": lambda data: data + b"x",
            "empty": lambda data: b"",
        }
        for name, damage in zip(NAMES, damages.values()):
            path = self.cache / name
            path.write_bytes(damage(path.read_bytes()))
        before = len(self.server.requests())
        done = self.run_program(self.server.mirrors("good"))
        self.check(done)
        for name in NAMES:
            self.assertRegex(done.stderr, f"{name} is damaged: .*It will be replaced")
        self.assertEqual(self.server.requests()[before:], [("good", name) for name in NAMES])

    def test_a_damaged_cache_is_not_used_offline(self):
        self.check(self.run_program(self.server.mirrors("good")))
        path = self.cache / NAMES[3]
        path.write_bytes(path.read_bytes()[:-1] + b"\x0a")
        self.assertIn("is damaged", self.error_line(self.run_program("", "--offline"), 5))

    def test_eight_processes_download_once(self):
        mirrors = self.server.mirrors("slow")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            runs = [pool.submit(self.run_program, mirrors) for _ in range(8)]
            for run in runs:
                self.check(run.result())
        self.assertEqual(self.server.requests(), [("slow", name) for name in NAMES])

    def test_goes_on_after_a_kill(self):
        env = self.environment(self.server.mirrors("slow"))
        for delay in (0.5, 1.5, 2.2):
            process = subprocess.Popen([PROGRAM, "--steps", "0", "--dataset", "mnist"], env=env,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delay)
            process.kill()
            process.wait()
        self.check(self.run_program(self.server.mirrors("good")))

    def test_no_message_but_the_notes(self):
        done = self.run_program(self.server.mirrors("good"), "--quiet")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    if RAW is None:
        print("TINYNET_DATA is not a folder with MNIST's four files: only failures are tested", file=sys.stderr)
    unittest.main(verbosity=2)
