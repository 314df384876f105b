"""Checks recorded conversations: standard messages against lsprotocol's types, `px/*` against the schema of the protocol.

    messages.py FILE_OR_FOLDER ...

The files are those of `record.py`. Besides the types this checks what holds in every conversation: each request is answered
once, each progress is created before it begins, and the server sends nothing that the client did not announce.
In a folder whose name begins with "odd-", what the client said is taken as it is: some tests send what no client should.
"""

import collections
import copy
import functools
import json
import pathlib
import re
import sys

import jsonschema
from lsprotocol import types
from lsprotocol.converters import get_converter

from reading import mend

ROOT = pathlib.Path(__file__).parents[2]
CONVERTER = mend(get_converter())
PROGRESS = {
    "begin": types.WorkDoneProgressBegin,
    "report": types.WorkDoneProgressReport,
    "end": types.WorkDoneProgressEnd,
}

# What the server sends only to a client that announced it, and under which path.
NEEDS = {
    "window/workDoneProgress/create": "window.workDoneProgress",
    "window/showDocument": "window.showDocument.support",
    "workspace/configuration": "workspace.configuration",
    "workspace/applyEdit": "workspace.applyEdit",
    "workspace/codeLens/refresh": "workspace.codeLens.refreshSupport",
    "workspace/inlayHint/refresh": "workspace.inlayHint.refreshSupport",
    "workspace/semanticTokens/refresh": "workspace.semanticTokens.refreshSupport",
    "workspace/diagnostic/refresh": "workspace.diagnostics.refreshSupport",
    "workspace/foldingRange/refresh": "workspace.foldingRange.refreshSupport",
    "workspace/textDocumentContent/refresh": "workspace.textDocumentContent",
    "px/outputs": "experimental.pxlens.outputs",
    "px/enginesChanged": "experimental.pxlens.engines",
    "px/showRun": "experimental.pxlens.panel",
    "px/runLocal": "experimental.pxlens.runLocal",
    "px/writeSetting": "experimental.pxlens.writeSettings",
    "px/copy": "experimental.pxlens.copy",
}

# What clients say that is newer than lsprotocol: of LSP 3.18, from VS Code's own library.
NEWER = {".params.capabilities.textDocument.diagnostic.markupMessageSupport"}


class Wrong(Exception):
    """A message that is not what its specification says."""


@functools.cache
def schema():
    return json.loads((ROOT / "vscode-extension/protocol.schema.json").read_text(encoding="utf-8"))


@functools.cache
def command_types():
    """Argument and result of each command of the server, by the table in protocol/README.md."""
    text = (ROOT / "protocol/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(pxlens\.server\.\w+)` \| `(\w+)`[^|]*\| `(\w+)`", text, re.MULTILINE)
    if not rows:
        raise Wrong("protocol/README.md has no table of commands")
    return {command: (argument, result) for command, argument, result in rows}


@functools.cache
def validator(name):
    """For one type of the schema, strictly: a field that it does not describe is wrong."""
    known = schema()["$defs"]
    if name not in known:
        raise Wrong(f"the schema has no {name}")
    whole = {"$defs": closed(known), "$ref": f"#/$defs/{name}"}
    return jsonschema.Draft202012Validator(whole)


def closed(node):
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    node = {key: closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        node.setdefault("additionalProperties", False)
    return node


def check_own(name, value):
    errors = sorted(validator(name).iter_errors(value), key=str)
    if errors:
        raise Wrong(f"no {name}: {errors[0].message} at {list(errors[0].absolute_path)}")


def check_reference(reference, value):
    check_own(reference["$ref"].rsplit("/", 1)[1], value)


def without_nulls(node):
    """An optional field that is null is absent."""
    if isinstance(node, dict):
        return {key: without_nulls(value) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        return [without_nulls(one) for one in node]
    return node


def check_standard(type_, value):
    """That a value is of one of lsprotocol's types, and has nothing in it that the type does not know."""
    try:
        read = CONVERTER.structure(value, type_)
        again = CONVERTER.unstructure(read)
    except Exception as error:  # Whatever the converter raises: the message is not of the type.
        raise Wrong(f"no {type_.__name__}: {error!r}") from error
    said, kept = without_nulls(value), without_nulls(json.loads(json.dumps(again)))
    lost = difference(said, kept)
    if lost:
        raise Wrong(f"no {type_.__name__}: {lost}")


def difference(said, kept, path=""):
    """What was said and is no part of the type."""
    if isinstance(said, dict) and isinstance(kept, dict):
        for key, value in said.items():
            if f"{path}.{key}" in NEWER:
                continue
            if key not in kept:
                return f"{path}.{key} is unknown"
            found = difference(value, kept[key], f"{path}.{key}")
            if found:
                return found
        return None
    if isinstance(said, list) and isinstance(kept, list) and len(said) == len(kept):
        found = (difference(one, other, f"{path}[{at}]") for at, (one, other) in enumerate(zip(said, kept)))
        return next(filter(None, found), None)
    return None if said == kept else f"{path} is {said!r}, read as {kept!r}"


class Conversation:
    """One client and the server, message after message."""

    def __init__(self, server_only=False):
        self._server_only = server_only
        self._asked = {"client": {}, "server": {}}
        self._ids = {"client": set(), "server": set()}
        self._capabilities = None
        self._ended = False
        self._tokens = collections.Counter()
        self.counts = collections.Counter()

    def hear(self, sender, message):
        """Checks the next message."""
        self._check_frame(sender, message)
        if "method" in message:
            self._hear_method(sender, message)
        else:
            self._hear_answer(sender, message)

    def end(self):
        """Checks what can be checked only when all was said."""
        # A client that goes without a word has waited for nothing.
        if self._asked["client"] and self._ended:
            raise Wrong(f"requests that were never answered: {list(self._asked['client'].values())}")

    def _trusts(self, sender):
        return sender == "client" and self._server_only

    def _check_frame(self, sender, message):
        if self._trusts(sender):
            return
        if message.get("jsonrpc") != "2.0":
            raise Wrong("its jsonrpc is not 2.0")
        if "method" not in message and ("result" in message) == ("error" in message):
            raise Wrong("an answer has either a result or an error")

    def _hear_method(self, sender, message):
        method, asks = message["method"], "id" in message
        if asks:
            key = json.dumps(message["id"])
            if key in self._ids[sender] and not self._trusts(sender):
                raise Wrong(f"the id {key} is used again")
            self._ids[sender].add(key)
            self._asked[sender][key] = (method, message.get("params"))
        if sender == "server":
            self._check_announced(method, message.get("params"))
        elif method == "initialize":
            self._capabilities = (message.get("params") or {}).get("capabilities") or {}
        elif method == "exit":
            self._ended = True
        if not self._trusts(sender):
            self._check_params(sender, method, asks, message)
        self.counts[sender, method] += 1

    def _check_announced(self, method, params):
        paths = [NEEDS[method]] if method in NEEDS else []
        if method == "client/registerCapability":
            asked = [one["method"].replace("/", ".") for one in params["registrations"]]
            paths = [f"{path}.dynamicRegistration" for path in asked]
        for path in paths:
            if not announced(self._capabilities, path):
                raise Wrong(f"the client did not announce {path}")

    def _check_params(self, sender, method, asks, message):
        params = message.get("params")
        if method.startswith("px/"):
            described = schema()["methods"].get(method)
            if described is None:
                raise Wrong("the schema has no such method")
            speaker = {"clientToServer": "client", "serverToClient": "server"}[described["direction"]]
            if (sender, "request" if asks else "notification") != (speaker, described["kind"]):
                raise Wrong(f"it is a {described['kind']} of the {speaker}")
            check_reference(described["params"], params or {})
            return
        if method not in types.METHOD_TO_TYPES:
            if method.startswith("$/"):
                return
            raise Wrong("LSP has no such method")
        check_standard(types.METHOD_TO_TYPES[method][0], message)
        if method == "$/progress":
            self._check_progress(params)
        elif method == "window/workDoneProgress/create":
            self._tokens[json.dumps(params["token"])] += 1
        elif method == "initialize":
            check_extension("ClientCapabilities", params["capabilities"])
        elif method == "workspace/executeCommand" and params["command"] in command_types():
            argument, _ = command_types()[params["command"]]
            for value in params.get("arguments") or []:
                check_command(argument, value)

    def _check_progress(self, params):
        kind = params["value"].get("kind")
        if kind not in PROGRESS:
            raise Wrong(f"no kind of progress: {kind!r}")
        check_standard(PROGRESS[kind], params["value"])
        if kind == "begin" and self._tokens[json.dumps(params["token"])] != 1:
            raise Wrong("its token was not created, or twice")

    def _hear_answer(self, sender, message):
        asker = "client" if sender == "server" else "server"
        asked = self._asked[asker].pop(json.dumps(message.get("id")), None)
        if asked is None:
            # An error that answers what could not be read has no id.
            if message.get("id") is None and "error" in message:
                return
            raise Wrong("nobody asked, or it is the second answer")
        method, params = asked
        if self._trusts(sender):
            return
        self.counts[sender, f"answer to {method}"] += 1
        if "error" in message:
            check_standard(types.ResponseError, message["error"])
        elif method.startswith("px/"):
            check_reference(schema()["methods"][method]["result"], message["result"])
        elif method in types.METHOD_TO_TYPES:
            check_standard(types.METHOD_TO_TYPES[method][1], message)
            if method == "initialize":
                check_extension("ServerCapabilities", message["result"]["capabilities"])
            elif method == "workspace/executeCommand" and params.get("command") in command_types():
                check_command(command_types()[params["command"]][1], message["result"])


def check_command(name, value):
    # Some types stand in commands alone, and not in the schema of the messages.
    if name in schema()["$defs"]:
        check_own(name, value)


def check_extension(name, capabilities):
    ours = (capabilities.get("experimental") or {}).get("pxlens")
    if ours is not None:
        check_own(name, ours)


def announced(capabilities, path):
    node = capabilities
    for name in path.split("."):
        node = node.get(name) if isinstance(node, dict) else None
    return node is not None and node is not False


def check(lines, server_only=False):
    """Checks a recorded conversation; gives what was said how often, and a sentence for each message that is wrong."""
    conversation, wrong = Conversation(server_only), []
    for number, line in enumerate(lines, 1):
        heard = json.loads(line)
        message = heard["message"]
        try:
            conversation.hear(heard["from"], copy.deepcopy(message))
        except Wrong as error:
            wrong.append(f"message {number} of the {heard['from']}: {error}\n  {json.dumps(message)[:2000]}")
    try:
        conversation.end()
    except Wrong as error:
        wrong.append(str(error))
    return conversation.counts, wrong


def check_file(file):
    """Checks the conversation of a file."""
    return check(file.read_text(encoding="utf-8").splitlines(), server_only=file.parent.name.startswith("odd-"))


def files(names):
    for name in map(pathlib.Path, names):
        yield from sorted(name.rglob("*.jsonl")) if name.is_dir() else [name]


def main():
    found, conversations, bad = collections.Counter(), 0, 0
    for file in files(sys.argv[1:]):
        counts, wrong = check_file(file)
        conversations += 1
        found += counts
        bad += len(wrong)
        for one in wrong:
            print(f"{file.name}: {one}")
    own = sum(count for (_, method), count in found.items() if "px/" in method)
    print(f"{conversations} conversations, {found.total()} messages checked, {own} of them px/*, {bad} wrong")
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
