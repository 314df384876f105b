"""What jupytext and IPython make of scripts and notebooks, for `server/src/cells/tests/oracle.rs`.

Reads JSON from stdin: `scripts`, a list of texts, `notebooks`, each a list of cells with `kind` and `source`, and `sources`, the
texts of cells. Writes JSON:

* for each script its format, its cells with their places in bytes, their kinds, and what of it would be sent to engines
  when jupytext reads it and IPython runs its cells in order; or why jupytext does not read it,
* for each notebook what IPython makes of each code cell when all are run in order, and what of it reaches engines,
* for each of the sources whether Python reads it.
"""

import ast
import json
import re
import sys
import warnings

import jupytext
from IPython.core.inputtransformer2 import TransformerManager
from jupytext.cell_metadata import is_active
from jupytext.formats import get_format_implementation, guess_format, read_format_from_metadata
from jupytext.header import header_to_metadata_and_cell
from jupytext.jupytext import TextNotebookConverter
from jupytext.languages import default_language_from_metadata_and_ext
from nbformat.v4 import new_code_cell

CALL = re.compile(r"get_ipython\(\)\.run_(line|cell)_magic\(")
STRING = re.compile(
    r"""\s*([uUrR]?(?:'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))\s*,?""",
    re.DOTALL,
)
# Cell magics that run their body as IPython runs a cell, and line magics that run their line so.
OUTER = {"time", "timeit", "capture", "prun"}
PREFIXES = {"time", "timeit", "prun"}


def divide(text):
    """The format of a script, and its cells: where they stand in lines, and their kinds."""
    fmt = {"extension": ".py"}
    name = read_format_from_metadata(text, ".py")
    options = {}
    if not name:
        name, options = guess_format(text, ".py")
    fmt["format_name"] = name
    fmt.update(options)
    converter = TextNotebookConverter(fmt, None)
    lines = text.splitlines()
    metadata, _, _, pos = header_to_metadata_and_cell(lines, "#", "", ".py", True)
    language = default_language_from_metadata_and_ext(metadata, ".py")
    converter.update_fmt_with_notebook_options(metadata, read=True)
    cells = []
    while pos < len(lines):
        reader = converter.implementation.cell_reader_class(converter.fmt, language)
        cell, length = reader.read(lines[pos:])
        cells.append((pos, min(pos + length, len(lines)), kind(cell, language)))
        pos += length
    return name, cells


def kind(cell, language):
    if cell.cell_type != "code":
        return cell.cell_type
    if not is_active(".py", cell.metadata):
        return "inactive"
    own = cell.metadata.get("language")
    return "language" if own and own.lower() != language.lower() else "code"


def places(text):
    """Where each line begins in bytes, and where the last ends."""
    found = [0]
    for line in text.splitlines(keepends=True):
        found.append(found[-1] + len(line.encode()))
    return found


# Statements with a body.
COMPOUND = (
    ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith, ast.ClassDef, ast.For, ast.FunctionDef, ast.If, ast.Match, ast.Try,
    ast.While, ast.With, *([ast.TryStar] if hasattr(ast, "TryStar") else []),
)


def conditional(code):
    """The lines, from 1, that statements with a body take up. Where that is no Python, those
    indented more than the first statement."""
    try:
        statements = ast.parse(code).body
    except (SyntaxError, ValueError):
        filled = [line for line in code.split("\n") if line.strip() and not line.lstrip().startswith("#")]
        indents = [len(line) - len(line.lstrip()) for line in filled] or [0]
        lines = enumerate(code.split("\n"), 1)
        return {number for number, line in lines if len(line) - len(line.lstrip()) > indents[0]}
    compound = [statement for statement in statements if isinstance(statement, COMPOUND)]
    return {number for it in compound for number in range(it.lineno, it.end_lineno + 1)}


def calls(code, inner, skipped=(), is_run=False):
    """The px magics that transformed code calls: whether it is a cell magic, its name, its line, its body. `inner` gives
    those of a cell or a statement that another magic runs.

    `skipped` are the lines, from 1, on which calls do not count. `is_run`: the code is run, and ends at a magic that does
    not exist.
    """
    found = []
    at = 0
    while call := CALL.search(code, at):
        arguments = []
        at = call.end()
        while string := STRING.match(code, at):
            arguments.append(ast.literal_eval(string.group(1)))
            at = string.end()
        if not arguments:
            continue
        if not NAME.match(arguments[0]) or call.group(1) == "line" and NO_LINE.match(arguments[0]):
            if is_run:
                # Nobody knows whether one in a body is reached.
                break
            continue
        if not is_run and code[: call.start()].endswith("("):
            continue  # a call inside of another one, which pxlens does not read
        if code.count("\n", 0, call.start()) + 1 in skipped:
            continue
        if call.group(1) == "cell" and arguments[0] in OUTER:
            found.extend(inner(arguments[2], arguments[0]) or [])
        elif call.group(1) == "line" and arguments[0] in PREFIXES:
            found.extend(inner(arguments[1], None) or [])
        elif re.match(r"(px|autopx|result$)", arguments[0]):
            found.append([call.group(1) == "cell", *arguments])
    return found


def magics(source, transform=None):
    """The px magics that IPython finds in a cell; None for a cell that Python cannot split into tokens."""
    transform = transform or TransformerManager().transform_cell
    if "%" not in source and "get_ipython" not in source:
        return []
    try:
        code = transform(source)
    except SyntaxError:
        # IPython would run nothing of it, for reasons of Python's: what counts here is what it takes for a magic.
        lines = source.splitlines()
        dedented = [line.lstrip() if line.lstrip().startswith("%") else line for line in lines]
        if dedented == lines:
            return None
        return magics("\n".join(dedented), transform)
    return calls(code, lambda inner, _: magics(inner, transform))


# What a magic's name is made of; at any other one IPython fails, and the cell ends.
NAME = re.compile(r"[A-Za-z_][\w.]*$")

# Names that are surely none of a line magic.
NO_LINE = re.compile(r"(bash|capture|script|writefile|(?i:px)\..*|PX)$")


def is_refused(source, by=None):
    """Whether Python reads nothing of a cell, or of the body that its magic runs."""
    outer = re.match(rf"\s*%%({'|'.join(sorted(OUTER))})\b.*\n", source)
    if outer:
        return is_refused(source[outer.end():], outer.group(1))
    try:
        compiled(TransformerManager().transform_cell(source), by)
    except SyntaxError:
        return True
    return False


def ends(statement):
    """Whether a statement ends its cell whatever stands around it."""
    is_false = isinstance(statement, ast.Assert) and statement.test
    return isinstance(statement, ast.Raise) or (isinstance(is_false, ast.Constant) and not is_false.value)


def compiled(code, by=None):
    """The code up to the first statement that Python does not compile: IPython compiles statement by statement. `by` is the
    magic whose body it is: most compile it as a whole, and raise the error."""
    body = ast.parse(code).body
    if by == "time":
        is_valued = len(body) > 1 and isinstance(body[-1], ast.Expr)
        whole = ast.Module(body[:-1] if is_valued else body, [])
        compile(whole, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    elif by == "prun":
        compile(ast.Module(body, []), "cell", "exec")
    elif by == "timeit" and body:
        function = ast.parse("def inner():\n    for _ in it: pass")
        function.body[0].body[0].body = body
        compile(function, "cell", "exec")
    for statement in body:
        try:
            if ends(statement):
                raise SyntaxError
            compile(ast.Module([statement], []), "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError:
            first = min([statement, *getattr(statement, "decorator_list", [])], key=lambda it: it.lineno)
            return "\n".join(code.split("\n")[: first.lineno - 1])
    return code


def reached(source, transform=None, by=None):
    """The px magics that IPython reaches when it runs a cell: none where Python refuses it, and none behind a magic
    that does not exist or a statement that does not compile. Those in the bodies of statements count as not reached."""
    transform = transform or TransformerManager().transform_cell
    try:
        code = transform(source)
        ended = compiled(code, by)
    except SyntaxError:
        return []
    return calls(ended, lambda inner, by: reached(inner, transform, by), conditional(code), is_run=True)


def toggles(source):
    """Whether a cell begins an `%autopx` region."""
    return sum(name.startswith("autopx") for _, name, *_ in reached(source)) % 2 == 1


def sent(sources):
    """The code that reaches engines when code cells are run in order."""
    out = []
    is_auto = False
    for source in sources:
        if is_auto:
            if re.search(r"^\s*%autopx\b", source):
                is_auto = False
            else:
                out.append(source)
            continue
        for is_cell, name, line, *body in reached(source):
            if name.startswith("px") and not name.startswith(("pxresult", "pxconfig")):
                out.append(body[0] if is_cell else line)
        is_auto = toggles(source)
    return "\n".join(out)


def code(notebook):
    """The sources of the code cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def runs(sources):
    """What becomes of each code cell when all are run in order: "whole" inside an `%autopx` region, else its magics."""
    out = []
    is_auto = False
    for source in sources:
        if is_auto:
            is_auto = not re.search(r"^\s*%autopx\b", source)
            out.append("whole")
            continue
        out.append({"magics": None if is_refused(source) else magics(source)})
        is_auto = toggles(source)
    return out


def notebook(cells):
    sources = [cell["source"] for cell in cells if cell["kind"] == "code"]
    return {"cells": runs(sources), "sent": sent(sources)}


def databricks(text):
    """A notebook of Databricks, which jupytext does not read."""
    cells, at = [[]], places(text)
    borders = [1]
    for number, line in enumerate(text.splitlines()):
        if line.rstrip() == "# COMMAND ----------" and number > 0:
            cells.append([])
            borders.append(number)
        elif line.rstrip() not in ("# Databricks notebook source", "# COMMAND ----------"):
            cells[-1].append(line)
    borders.append(len(at) - 1)
    notebook, placed = jupytext.reads("", "py"), []
    for number, lines in enumerate(cells):
        filled = [line for line in lines if line.strip() and not line.startswith("# DBTITLE ")]
        first = re.match(r"# MAGIC %(md-sandbox|md|sql|sh|r|scala|fs|run|pip|conda)(?![^ \t])", filled[0] if filled else "")
        kind = "code" if not first else "markdown" if first.group(1).startswith("md") else "language"
        placed.append([at[borders[number]], at[borders[number + 1]], kind])
        if kind == "code":
            lines = [re.sub(r"^# MAGIC( |$)", "", line) for line in lines if not line.startswith("# DBTITLE ")]
            notebook.cells.append(new_code_cell("\n".join(lines)))
    return {"format": "databricks", "cells": placed, "sent": sent(code(notebook))}


def script(text):
    if text.startswith("# Databricks notebook source"):
        return databricks(text)
    try:
        name, cells = divide(text)
        notebook = jupytext.reads(text, "py")
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    at = places(text)
    cells = [[at[start], at[end], kind] for start, end, kind in cells]
    return {"format": name, "cells": cells, "sent": sent(code(notebook))}


def main():
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    json.dump(
        {
            "scripts": [script(text) for text in asked["scripts"]],
            "notebooks": [notebook(cells) for cells in asked["notebooks"]],
            "readable": [not is_refused(source) for source in asked["sources"]],
        },
        sys.stdout,
    )


main()
