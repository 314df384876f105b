"""Starts a cluster and serves its test: one JSON object per line on stdin and stdout.

Argument: how many engines. First line out: {"ready": true}. Then {"code": "..."} in, which is executed with `rc` (a
client) and `cluster` at hand; out comes {"answer": ...}, the value that the code gave to `answer`, or {"error": "..."}.
"""

import json
import os
import sys
import traceback

# Whatever prints to stdout must not come between the answers.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


def say(**message):
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def main():
    count = int(sys.argv[1])
    try:
        import ipyparallel as ipp

        cluster = ipp.Cluster(
            n=count,
            cluster_id="",
            controller_ip="127.0.0.1",
            # Engines register at a heartbeat. Fast, and patient with a busy machine: 120 beats are a minute.
            controller_args=["--HeartMonitor.period=500", "--HeartMonitor.max_heartmonitor_misses=120"],
        )
        cluster.start_cluster_sync()
        rc = cluster.connect_client_sync()
        rc.wait_for_engines(count, interactive=False, timeout=80)
    except BaseException:
        say(error=traceback.format_exc())
        return
    say(ready=True)
    namespace = {"rc": rc, "cluster": cluster}
    for line in sys.stdin:
        namespace["answer"] = None
        try:
            exec(json.loads(line)["code"], namespace)
            say(answer=namespace["answer"])
        except BaseException:
            say(error=traceback.format_exc())


main()
