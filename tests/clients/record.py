"""Stands between a client and the server, passes every message on as it is, and writes each to a file.

    record.py FOLDER SERVER [ARGUMENT ...]

The file is new, in FOLDER: one JSON object per line, {"from": "client" or "server", "message": ...}, in an order in which a
request stands before its answer. `messages.py` checks such files. Nothing here knows LSP but its frames.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading


class Record:
    """The file. A message is in it before it is passed on, and whole or not at all: whoever ends this does so at any time."""

    def __init__(self, folder):
        descriptor, _ = tempfile.mkstemp(prefix="messages-", suffix=".jsonl", dir=folder)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._lock = threading.Lock()

    def write(self, sender, body):
        line = json.dumps({"from": sender, "message": json.loads(body)}) + "\n"
        with self._lock:
            self._file.write(line.encode())


def frames(stream):
    """Each frame of a stream: all of it, and its body."""
    while True:
        head, length = b"", 0
        while not head.endswith(b"\r\n\r\n"):
            line = stream.readline()
            if not line:
                return
            head += line
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = stream.read(length)
        if len(body) < length:
            return
        yield head + body, body


def pass_on(sender, source, sink, record):
    try:
        for frame, body in frames(source):
            record.write(sender, body)
            sink.write(frame)
            sink.flush()
    except BrokenPipeError:
        pass
    finally:
        try:
            sink.close()
        except BrokenPipeError:
            pass


def main():
    record = Record(sys.argv[1])
    server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    arguments = ("client", sys.stdin.buffer, server.stdin, record)
    # A client that goes without closing its end must not keep this alive.
    threading.Thread(target=pass_on, args=arguments, daemon=True).start()
    pass_on("server", server.stdout, sys.stdout.buffer, record)
    code = server.wait()
    # Not by way of the interpreter's end, which waits for who holds stdin.
    os._exit(code)


if __name__ == "__main__":
    main()
