"""A disk that is full, or closed to writing: a tmpfs that only the program sees. It needs Linux and the right to mount."""

import os
import shutil
import subprocess
import tempfile

# $0: the folder, $1: "full" or "read-only", $2: where the names of what is there at the end go, then the command.
SCRIPT = """
mount -t tmpfs -o size=256k none "$0" || exit 99
[ "$1" = full ] && cat /dev/zero > "$0/filling" 2> /dev/null
[ "$1" = read-only ] && mount -o remount,ro "$0"
folder=$0 names=$2
shift 2
"$@"
code=$?
(cd "$folder" && find . -type f ! -name filling ! -name .lock) > "$names"
exit $code
"""


def run(kind, folder, command, **more):
    """Runs a command whose `folder` is such a disk; returns how it ended and the names of its files (in folders)."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    with tempfile.NamedTemporaryFile("r") as names:
        done = subprocess.run([*unshare, "sh", "-c", SCRIPT, str(folder), kind, names.name, *map(str, command)],
                              capture_output=True, text=True, timeout=120, **more)
        return done, names.read().split()


def why_not():
    """Why there is none; empty if there is one."""
    if not shutil.which("unshare"):
        return "no program unshare"
    with tempfile.TemporaryDirectory() as folder:
        done, _ = run("full", folder, ["true"])
        return "" if done.returncode == 0 else "no right to mount a small disk: " + done.stderr.strip()
