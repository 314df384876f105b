"""Ends a cluster when the test process that owns it is gone, however it went: its end of stdin closes then.

Arguments: a token that stands in the environment of every process of the cluster (nannies and engines have
sessions of their own, so process groups do not find them), and the folder to remove in the end.
"""

import os
import shutil
import signal
import subprocess
import sys
import time

token, folder = sys.argv[1:]


def members():
    if os.path.isdir("/proc/self"):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as environ:
                    if token.encode() in environ.read():
                        yield int(pid)
            except OSError:
                pass
    else:
        listing = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], capture_output=True, text=True)
        for line in listing.stdout.splitlines():
            pid, _, rest = line.strip().partition(" ")
            if token in rest and int(pid) != os.getpid():
                yield int(pid)


sys.stdin.read()
while True:
    left = [pid for pid in members() if pid != os.getpid()]
    if not left:
        break
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    time.sleep(0.01)
shutil.rmtree(folder, ignore_errors=True)
