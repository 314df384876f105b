"""The checks of messages find what is wrong: each of these conversations has one mistake."""

import json

import pytest

import messages

ANNOUNCED = {"workspace": {"codeLens": {"refreshSupport": True}}, "experimental": {"pxlens": {"outputs": True}}}
POINT = {"line": 0, "character": 0}


def conversation(*said, capabilities=ANNOUNCED):
    """A handshake and what follows it, as recorded."""
    params = {"processId": None, "rootUri": None, "capabilities": capabilities}
    handshake = [
        ("client", {"id": 0, "method": "initialize", "params": params}),
        ("server", {"id": 0, "result": {"capabilities": {"hoverProvider": True}}}),
        ("client", {"method": "initialized", "params": {}}),
    ]
    lines = [{"from": sender, "message": {"jsonrpc": "2.0", **message}} for sender, message in [*handshake, *said]]
    return [json.dumps(line) for line in lines]


def asked(method, params, **answer):
    return [("client", {"id": 1, "method": method, "params": params}), ("server", {"id": 1, **answer})]


HOVER = ("textDocument/hover", {"textDocument": {"uri": "file:///a.py"}, "position": POINT})
OUTPUTS = {"uri": "file:///a.py", "version": 1, "seq": 1, "full": True, "cells": [], "removed": []}
REFRESH = ("server", {"id": 7, "method": "workspace/codeLens/refresh"})
END = [
    ("client", {"id": 2, "method": "shutdown"}),
    ("server", {"id": 2, "result": None}),
    ("client", {"method": "exit"}),
]


def test_what_is_right_passes():
    hover = asked(*HOVER, result={"contents": {"kind": "markdown", "value": "4"}})
    interrupt = asked("px/interrupt", {"run": 1}, result=None, error={"code": -32602, "message": "no such run"})
    interrupt[1][1].pop("result")
    interrupt[0][1]["id"] = interrupt[1][1]["id"] = 3
    outputs = ("server", {"method": "px/outputs", "params": OUTPUTS})
    counts, wrong = messages.check(conversation(*hover, *interrupt, outputs, REFRESH, *END))
    assert not wrong, wrong
    assert counts["server", "px/outputs"] == 1


@pytest.mark.parametrize(
    ("why", "said", "capabilities"),
    [
        ("no HoverResponse", asked(*HOVER, result={"contents": {"kind": "html", "value": "4"}}), ANNOUNCED),
        ("is unknown", asked(*HOVER, result={"contents": "4", "colour": "red"}), ANNOUNCED),
        ("either a result or an error", asked(*HOVER), ANNOUNCED),
        ("never answered", [*asked(*HOVER)[:1], *END], ANNOUNCED),
        ("second answer", [*asked(*HOVER, result=None), asked(*HOVER, result=None)[1]], ANNOUNCED),
        ("LSP has no such method", [("server", {"method": "textDocument/hoover", "params": {}})], ANNOUNCED),
        ("did not announce workspace.codeLens.refreshSupport", [REFRESH], {}),
        ("did not announce experimental.pxlens.outputs", [("server", {"method": "px/outputs", "params": OUTPUTS})], {}),
        ("no such method", [("server", {"method": "px/teleport", "params": {}})], ANNOUNCED),
        ("no OutputsParams", [("server", {"method": "px/outputs", "params": {**OUTPUTS, "seq": "1"}})], ANNOUNCED),
        ("no OutputsParams", [("server", {"method": "px/outputs", "params": {**OUTPUTS, "more": 1}})], ANNOUNCED),
        ("no InterruptParams", asked("px/interrupt", {}, result=None), ANNOUNCED),
        ("no InterruptResult", asked("px/interrupt", {"run": 1}, result={"signalled": 3}), ANNOUNCED),
        (
            "its token was not created",
            [("server", {"method": "$/progress", "params": {"token": "a", "value": {"kind": "begin", "title": "a"}}})],
            ANNOUNCED,
        ),
    ],
)
def test_what_is_wrong_is_found(why, said, capabilities):
    _, wrong = messages.check(conversation(*said, capabilities=capabilities))
    assert any(why in one for one in wrong), wrong
