"""What every client has with standard LSP alone, with what Neovim, Emacs and VS Code were recorded to announce."""

import pathlib

import pytest
from lsprotocol import types

from plain import until

# Lines of the script in conftest.py, 0-based: a magic each, and the line that raises.
PRINTS, FAILS, RAISES, SLEEPS = 3, 8, 11, 14

pytestmark = pytest.mark.asyncio


async def test_px_cells_are_seen(client):
    lens = await client.lens(PRINTS, "Run on 4 engines")
    assert lens.command.command in client.answer.capabilities.execute_command_provider.commands
    titles = [action.title for action in await client.actions(PRINTS + 1)]
    assert "▶ Run on 4 engines" in titles, titles
    assert not await client.actions(0), "nothing runs on a line that is in no px cell"
    assert len(await client.symbols()) >= 3
    assert {fold.start_line for fold in await client.folds()} >= {PRINTS, FAILS, SLEEPS}


async def test_a_lens_runs_a_cell_and_hint_and_hover_show_what_came(client):
    await client.choose(await client.lens(PRINTS, "Run on 4 engines"))
    hint = await client.hint(PRINTS, "✓ [0-3]")
    assert len(hint) <= 43, hint
    shown = await client.hovered(PRINTS, "hello from")
    assert "0 10 20 30" in shown, shown
    markdown = client.announced("textDocument.hover.contentFormat")
    assert ("```" in shown) == markdown, shown


async def test_the_whole_output_is_opened_as_a_file(client):
    await client.choose(await client.lens(PRINTS, "Run on 4 engines"))
    await client.hint(PRINTS, "✓")
    opened = await client.choose(await client.action(PRINTS, "Open the output by engine"))
    if client.announced("window.showDocument.support"):

        async def shown():
            return client.lsp.shown_documents

        (document,) = await until(shown, "window/showDocument")
        assert document.uri.startswith("file:///"), "it cannot show px-output: addresses"
    else:

        async def told():
            return [one.message for one in client.lsp.messages if "The output is in" in one.message]

        (message,) = await until(told, "a message that names the file")
        assert opened["file"] in message
        assert not client.lsp.shown_documents
    text = pathlib.Path(opened["file"]).read_text(encoding="utf-8")
    for rank in range(4):
        assert f"hello from {rank}" in text and f" {rank * 10}" in text, text


async def test_a_result_is_cleared(client):
    await client.choose(await client.action(FAILS, "Run on 4 engines"))
    await client.error()
    await client.choose(await client.action(FAILS, "Clear this result"))

    async def gone():
        return not client.diagnostics() and not await client.hints(FAILS)

    await until(gone, "no diagnostics and no hint")


async def test_an_action_runs_a_cell_and_an_error_is_a_diagnostic_where_it_was_raised(client):
    await client.choose(await client.action(FAILS, "Run on 4 engines"))
    error = await client.error()
    assert error.range.start.line == RAISES
    assert "ValueError" in error.message and "only on one" in error.message, error.message
    assert "[1]" in error.message, "it names the engines that raised"
    await client.hint(FAILS, "✗ [1] ValueError")
    shown = await client.hovered(RAISES, "ValueError")
    assert "only on one" in shown and ("```" in shown) == client.announced("textDocument.hover.contentFormat")


async def test_what_goes_on_is_seen_and_can_be_cancelled(client):
    await client.choose(await client.lens(SLEEPS, "Run on 4 engines"))
    await client.hint(SLEEPS, "waiting on [0-3]")
    if client.announced("window.workDoneProgress"):

        async def begun():
            return [one for one in client.progress() if isinstance(one, types.WorkDoneProgressBegin)]

        (begin,) = await until(begun, "the begin of progress")
        assert begin.cancellable
        (token,) = client.lsp.progress_reports
        client.lsp.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))

        async def ended():
            return [one for one in client.progress() if isinstance(one, types.WorkDoneProgressEnd)]

        await until(ended, "the end of progress")
    else:
        assert not client.progress()
        await client.choose(await client.lens(SLEEPS, "Interrupt"))
    await client.hint(SLEEPS, "interrupted")
