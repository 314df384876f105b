"""What ipyparallel makes of target expressions: its own code, on engine ids that are only said to be there.

Reads {"ids": [[0, 1, 2, 3], ...], "expressions": ["::2", ...]} from stdin, and writes
{"expressions": [[answer for ids in "ids"], ...], "lines": [...]}. An answer is {"engines": [0, 2], "single": false},
or {"error": "..."} with "stage": "argparse", "eval" or "build". "expressions" hands each text to the magics as
their parsed --targets; "lines" hands them the whole line `--targets=<text>`.
"""

import io
import json
import sys
import warnings
from types import SimpleNamespace

from IPython.core import magic_arguments
from ipyparallel.client.client import Client
from ipyparallel.client.magics import ParallelMagics
from ipyparallel.util import ReverseDict


class Engines:
    """The part of a client that targets are looked up in."""

    _build_targets = Client._build_targets

    def __init__(self, ids):
        self._ids = ids
        self._engines = ReverseDict({id: f"uuid-{id}" for id in ids})

    @property
    def ids(self):
        return list(self._ids)


class Refused(Exception):
    def __init__(self, stage, error):
        self.answer = {"stage": stage, "error": f"{type(error).__name__}: {error}"[:200]}


def attempt(stage, do):
    try:
        return do()
    except BaseException as error:  # an expression may raise anything, SystemExit too
        raise Refused(stage, error) from None


def resolve(client, text):
    """As `%%px --targets` does; see ParallelMagics.cell_px and DirectView.execute."""
    if not text:
        # The magics look whether there is one, and leave the view's targets: at first all.
        targets = "all"
    else:
        magics = SimpleNamespace(view=SimpleNamespace(client=client))
        targets = attempt("eval", lambda: ParallelMagics._eval_target_str(magics, text))
    _, engines = attempt("build", lambda: client._build_targets(targets))
    if not engines:
        # Found out when the result is made.
        raise Refused("build", IndexError("list index out of range"))
    return {"engines": [int(id) for id in engines], "single": isinstance(targets, int)}


def line(client, text):
    def parse():
        return magic_arguments.parse_argstring(ParallelMagics.cell_px, f"--targets={text}")

    return resolve(client, attempt("argparse", parse).targets)


def answer(way, client, text):
    try:
        return way(client, text)
    except Refused as refused:
        return refused.answer


def main():
    asked = json.load(sys.stdin)
    clients = [Engines(ids) for ids in asked["ids"]]
    out, sys.stdout = sys.stdout, io.StringIO()
    # `1is 1` and the like warn when they are compiled.
    warnings.simplefilter("ignore")
    answers = {
        name: [[answer(way, client, text) for client in clients] for text in asked["expressions"]]
        for name, way in [("expressions", resolve), ("lines", line)]
    }
    json.dump(answers, out)


main()
