"""The floor of the round trip: `1+1` over the same sockets by a client that only sends and counts.

Speaks the same lines as `round_trip.py`. Requests are signed before the clock starts, and nothing that comes back is parsed: a
round ends when the reply and the idle status of every engine have arrived.
"""

import json
import sys
import time

import ipyparallel as ipp
import zmq

CODE = {"code": "1+1\n", "silent": False, "store_history": True, "allow_stdin": False}
REPLY, IDLE = b"execute_reply", b'"execution_state": "idle"'

with ipp.Client(connection_info=sys.argv[1]) as client:
    engines = [client._engines[engine] for engine in client.ids]
    config, session = client._config, client.session
context = zmq.Context.instance()
requests = context.socket(zmq.DEALER)
requests.connect(config["mux"])
outputs = context.socket(zmq.SUB)
outputs.subscribe(b"")
outputs.connect(config["iopub"])
poller = zmq.Poller()
poller.register(requests, zmq.POLLIN)
poller.register(outputs, zmq.POLLIN)
# A subscription takes a moment to arrive.
time.sleep(0.3)


def messages():
    """One signed request for each engine, and their ids."""
    headers = [session.msg("execute_request", CODE) for _ in engines]
    frames = [session.serialize(message, ident=engine.encode()) for message, engine in zip(headers, engines)]
    return frames, [message["msg_id"].encode() for message in headers]


def round_trip():
    """The seconds of one round."""
    frames, ids = messages()
    replies, idles = set(), set()
    begun = time.perf_counter()
    for request in frames:
        requests.send_multipart(request)
    while len(replies) < len(ids) or len(idles) < len(ids):
        ready = dict(poller.poll(90_000))
        if not ready:
            sys.exit("no answer")
        for socket, mark, ended in ((requests, REPLY, replies), (outputs, IDLE, idles)):
            while socket in ready:
                try:
                    parts = socket.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                text = b"".join(parts)
                if mark in text:
                    ended.update(one for one in ids if one in text)
    return time.perf_counter() - begun


for line in sys.stdin:
    _, rounds, pause = line.split()
    seconds = []
    for _ in range(int(rounds)):
        time.sleep(float(pause))
        seconds.append(round_trip())
    print(json.dumps({"seconds": seconds}), flush=True)
