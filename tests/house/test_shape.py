"""Checks that files and functions stay short, open with what they are for, and hide nothing from the import graph."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.house.source import ROOMS, modules, name, tree

LONGEST_FILE = 400
LONGEST_FUNCTION = 60

COMPLETES_THIS_FILE = re.compile(r"[A-Z][a-z]*s\b")
"""The first line completes "This file …", so it starts with a verb in the third person: Keeps, Draws, Says, Is."""

UNFINISHED = re.compile(
    r"\b(TODO|FIXME|NotImplementedError|XXX|HACK|placeholder|for now\b|in a real (system|world|deployment|product))",
    re.IGNORECASE,
)
"""Words that promise work instead of doing it."""


@pytest.mark.parametrize("path", modules(), ids=name)
def test_opens_with_what_it_is_for(path: Path) -> None:
    first_line = (ast.get_docstring(tree(path)) or "").partition("\n")[0]
    assert first_line, f'{name(path)} has no docstring: start it with a line that completes "This file …".'
    assert COMPLETES_THIS_FILE.match(first_line), f'{name(path)}: "This file {first_line}" is no sentence.'


@pytest.mark.parametrize("path", modules(*ROOMS), ids=name)
def test_is_short(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_FILE, f"{name(path)} has {lines} lines: split it by noun (at most {LONGEST_FILE})."
    long = [
        f"{node.name} (line {node.lineno}, {length} lines)"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long, f"{name(path)}: {', '.join(long)}: at most {LONGEST_FUNCTION} lines."


@pytest.mark.parametrize("path", modules(), ids=name)
def test_every_import_is_a_real_one(path: Path) -> None:
    hidden = [
        node.lineno
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING")
        or (isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING")
    ]
    assert not hidden, f"{name(path)}, line {hidden}: an import only for types is a dependency all the same."


def unfinished_words(source: str, tree: ast.Module) -> list[str]:
    """Comments and docstrings that promise work, and names that say a body is missing."""
    said = [
        (token.start[0], token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            said.append((getattr(node, "lineno", 1), ast.get_docstring(node) or ""))
        elif isinstance(node, ast.Name) and node.id == "NotImplementedError":
            said.append((node.lineno, node.id))
    return [f"line {line}: {found[0]}" for line, text in said if (found := UNFINISHED.search(text))]


@pytest.mark.parametrize("path", modules(), ids=name)
def test_nothing_is_left_for_later(path: Path) -> None:
    found = unfinished_words(path.read_text(encoding="utf-8"), tree(path))
    assert not found, f"{name(path)}: {found}"


@pytest.mark.parametrize(
    "source",
    ["x = 1  # todo: y", 'def f():\n    """A placeholder."""', "def f():\n    raise NotImplementedError"],
)
def test_unfinished_work_is_seen(source: str) -> None:
    assert unfinished_words(source, ast.parse(source))


@pytest.mark.parametrize("path", modules("tests"), ids=name)
def test_uses_fakes_not_patches(path: Path) -> None:
    patches = [
        node.lineno
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute)
        and node.attr in ("setattr", "delattr")
        and isinstance(node.value, ast.Name)
        and node.value.id == "monkeypatch"
    ]
    assert not patches, f"{name(path)}, line {patches}: hand in a fake instead of patching what others see."
