"""A client that speaks standard LSP alone, with the capabilities that a known client was recorded to announce."""

import asyncio
import pathlib

from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.protocol import default_converter
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities
from pytest_lsp.client import register_lsp_features

from reading import mend

# Only to end a test that would hang.
PATIENCE = 90

# As pytest-lsp recorded them; "nothing" announces nothing at all.
CLIENTS = ["neovim@0.11", "emacs@29.1", "visual_studio_code@1.65.2", "nothing"]

REFRESHES = ["workspace/codeLens/refresh", "workspace/inlayHint/refresh", "workspace/semanticTokens/refresh"]


def make_client():
    client = LanguageClient(converter_factory=lambda: mend(default_converter()))
    register_lsp_features(client)
    for method in REFRESHES:
        # Tests ask again and again as it is.
        client.feature(method)(lambda *_: None)
    return client


class Plain:
    """A started server, and a client with one document."""

    def __init__(self, name, lsp, capabilities):
        self.name, self.lsp, self.capabilities = name, lsp, capabilities
        self.answer = None
        self.uri = None

    @classmethod
    async def start(cls, name, command, env, folder):
        capabilities = types.ClientCapabilities() if name == "nothing" else client_capabilities(name)
        lsp = await ClientServerConfig(command, make_client, env).start()
        plain = cls(name, lsp, capabilities)
        root = pathlib.Path(folder).as_uri()
        params = types.InitializeParams(
            capabilities=capabilities,
            root_uri=root,
            workspace_folders=[types.WorkspaceFolder(uri=root, name="test")],
        )
        plain.answer = await lsp.initialize_session(params)
        return plain

    async def stop(self):
        await asyncio.wait_for(self.lsp.shutdown_session(), PATIENCE)
        await self.lsp.stop()

    def open(self, path):
        self.uri = path.as_uri()
        item = types.TextDocumentItem(self.uri, "python", 1, path.read_text(encoding="utf-8"))
        self.lsp.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def announced(self, path):
        """Whether the client announced a capability, by its path in JSON."""
        node = get_converter().unstructure(self.capabilities)
        for name in path.split("."):
            node = (node or {}).get(name)
        return bool(node)

    @property
    def document(self):
        return types.TextDocumentIdentifier(self.uri)

    async def lenses(self):
        return await self.lsp.text_document_code_lens_async(types.CodeLensParams(self.document)) or []

    async def actions(self, line, only=None):
        context = types.CodeActionContext(diagnostics=[], only=only)
        params = types.CodeActionParams(self.document, point(line), context)
        return await self.lsp.text_document_code_action_async(params) or []

    async def symbols(self):
        params = types.DocumentSymbolParams(self.document)
        return await self.lsp.text_document_document_symbol_async(params) or []

    async def folds(self):
        params = types.FoldingRangeParams(self.document)
        return await self.lsp.text_document_folding_range_async(params) or []

    async def hints(self, line):
        """The text of the inlay hints on a line."""
        params = types.InlayHintParams(self.document, types.Range(types.Position(0, 0), types.Position(99, 0)))
        found = await self.lsp.text_document_inlay_hint_async(params) or []
        return [hint.label for hint in found if hint.position.line == line]

    async def hover(self, line):
        params = types.HoverParams(self.document, types.Position(line, 2))
        found = await self.lsp.text_document_hover_async(params)
        if found is None:
            return ""
        contents = found.contents
        return contents if isinstance(contents, str) else contents.value

    def diagnostics(self):
        return list(self.lsp.diagnostics.get(self.uri, []))

    async def lens(self, line, text):
        """The lens of a line whose title holds a text, once there is one."""

        async def find():
            fits = (one for one in await self.lenses() if one.range.start.line == line and text in one.command.title)
            return next(fits, None)

        return await until(find, f"a lens {text!r} on line {line}")

    async def action(self, line, text):
        """The code action at a line whose title holds a text, once there is one."""

        async def find():
            return next((one for one in await self.actions(line) if text in one.title), None)

        return await until(find, f"an action {text!r} on line {line}")

    async def hint(self, line, text):
        seen = []

        async def find():
            seen[:] = await self.hints(line)
            return next((one for one in seen if text in one), None)

        return await until(find, f"a hint {text!r} on line {line}", seen)

    async def hovered(self, line, text):
        seen = []

        async def find():
            seen[:] = [await self.hover(line)]
            return seen[0] if text in seen[0] else None

        return await until(find, f"a hover with {text!r} on line {line}", seen)

    async def error(self):
        """The first diagnostic that is an error, once there is one."""

        async def find():
            errors = (one for one in self.diagnostics() if one.severity == types.DiagnosticSeverity.Error)
            return next(errors, None)

        return await until(find, "an error among the diagnostics")

    async def choose(self, offered):
        """Does what a lens or an action offers, as any client would: by its command."""
        command = offered if isinstance(offered, types.Command) else offered.command
        params = types.ExecuteCommandParams(command.command, command.arguments)
        return await self.lsp.workspace_execute_command_async(params)

    def progress(self):
        """All reports of progress, of one token after the other."""
        return [report for reports in self.lsp.progress_reports.values() for report in reports]


def point(line, character=2):
    position = types.Position(line, character)
    return types.Range(position, position)


async def until(find, what, seen=()):
    """What `find` gives once that is something. It is asked again and again: clients do, at each refresh or redraw."""
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await find()
                if found:
                    return found
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"never came: {what}; last seen: {seen}") from None
