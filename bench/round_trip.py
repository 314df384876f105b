"""The ipyparallel side of the round trip: `%%px --no-stream` / `1+1` in a terminal IPython.

Answers each line `rounds N PAUSE` of stdin with `{"seconds": [...]}`, and rests PAUSE seconds before each round. What the magic
prints goes nowhere.
"""

import contextlib
import io
import json
import sys
import time

import ipyparallel as ipp
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
client = ipp.Client(connection_info=sys.argv[1])
client.activate()
for line in sys.stdin:
    _, rounds, pause = line.split()
    seconds = []
    for _ in range(int(rounds)):
        time.sleep(float(pause))
        begun = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            shell.run_cell_magic("px", "--no-stream", "1+1\n")
        seconds.append(time.perf_counter() - begun)
    print(json.dumps({"seconds": seconds}), flush=True)
