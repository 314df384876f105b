"""The ipyparallel side of the round trip: `%%px --no-stream` / `1+1` in a terminal IPython.

Speaks the same lines as `pxlens-bench pxlens-client`. What the magic prints goes nowhere.
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
    rounds = int(line.split()[1])
    cpu = time.process_time()
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        with contextlib.redirect_stdout(io.StringIO()):
            shell.run_cell_magic("px", "--no-stream", "1+1\n")
        seconds.append(time.perf_counter() - begun)
    print(json.dumps({"seconds": seconds, "cpu": time.process_time() - cpu}), flush=True)
