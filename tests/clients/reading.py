"""lsprotocol's converter, with one mistake of it mended."""

import typing

from lsprotocol import types


def mend(converter):
    """A code action whose `command` is an object is an action; lsprotocol 2025.0.0 takes all with a `command` for commands."""

    def command_or_action(value, _):
        is_command = isinstance(value.get("command"), str)
        return converter.structure(value, types.Command if is_command else types.CodeAction)

    converter.register_structure_hook(typing.Union[types.Command, types.CodeAction], command_or_action)
    return converter
