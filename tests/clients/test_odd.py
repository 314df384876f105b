"""Clients that say things in their own way: JSON nulls, capabilities that are unknown, misspelt, or of another type."""

import copy

import pytest
import pytest_asyncio

from plain import Plain

PRINTS = 3

pytestmark = [pytest.mark.asyncio, pytest.mark.odd]


def nulls(params):
    """Everything that may be absent is null, at each level."""
    everything = ["workspace", "textDocument", "notebookDocument", "window", "general", "experimental"]
    capabilities = {**dict.fromkeys(everything), **params["capabilities"]}
    for area in ("workspace", "textDocument", "window", "general"):
        capabilities[area] = {
            **dict.fromkeys(["codeLens", "inlayHint", "hover", "semanticTokens", "showDocument", "markdown"]),
            **(capabilities[area] or {}),
        }
    absent = ["rootPath", "initializationOptions", "trace", "workDoneToken", "locale", "clientInfo", "processId"]
    return {**params, **dict.fromkeys(absent), "capabilities": capabilities}


def unknown(params):
    """Capabilities that no LSP has, at each level, and some of ours that there are not."""
    params = copy.deepcopy(params)
    capabilities = params["capabilities"]
    for area in list(capabilities.values()):
        if isinstance(area, dict):
            area["codelens"] = {"refreshsupport": True}
            area["teleport"] = [{"to": None}, 7]
    capabilities["textdocument"] = {"hover": {"contentformat": ["markdown"]}}
    capabilities["experimental"] = {"pxlens": {"output": True, "teleport": "yes"}, "other": [1]}
    params["_vim"] = True
    return params


def of_other_types(params):
    """What LSP has as an object is a boolean, and the other way round."""
    params = copy.deepcopy(params)
    capabilities = params["capabilities"]
    capabilities["workspace"].update(codeLens=True, executeCommand=[], workspaceFolders={})
    capabilities["textDocument"].update(codeLens=True, foldingRange="yes", semanticTokens=None)
    capabilities["window"] = [True]
    capabilities["notebookDocument"] = "none"
    capabilities["experimental"] = {"pxlens": {"outputs": "true", "ack": 1, "blocks": None}}
    params["workspaceFolders"] = None
    return params


@pytest_asyncio.fixture(params=[nulls, unknown, of_other_types])
async def client(request, script, recorded, server_environment):
    plain = await Plain.start("emacs@29.1", recorded, server_environment, script.parent, wire=request.param)
    plain.open(script)
    yield plain
    await plain.stop()


async def test_an_odd_client_runs_a_cell_and_sees_what_came(client):
    await client.choose(await client.lens(PRINTS, "Run on 4 engines"))
    await client.hint(PRINTS, "✓ [0-3]")
    assert "hello from" in await client.hovered(PRINTS, "0 10 20 30")
