"""What every client has with standard LSP alone, with what Neovim, Emacs and VS Code were recorded to announce."""

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
    hint = await client.hint(PRINTS, "✓")
    assert len(hint) <= 43, hint
    shown = await client.hovered(PRINTS, "hello from")
    for rank in range(4):
        assert f"{rank * 10}" in shown, shown


async def test_an_action_runs_a_cell_and_an_error_is_a_diagnostic_where_it_was_raised(client):
    await client.choose(await client.action(FAILS, "Run on 4 engines"))
    error = await client.error()
    assert error.range.start.line == RAISES
    assert "ValueError" in error.message and "only on one" in error.message, error.message
    assert "[1]" in error.message, "it names the engines that raised"
    await client.hint(FAILS, "✗")
    assert "only on one" in await client.hovered(RAISES, "ValueError")


async def test_what_goes_on_is_seen_and_can_be_cancelled(client):
    await client.choose(await client.lens(SLEEPS, "Run on 4 engines"))
    await client.hint(SLEEPS, "running")
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
