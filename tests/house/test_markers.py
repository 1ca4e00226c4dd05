"""Checks that a test which needs a real component says which, by a name the skip rule knows."""

import ast
from pathlib import Path

import pytest

from tests.conftest import COMPONENTS
from tests.house.source import modules, name, tree


def is_real_mark(node: ast.AST) -> bool:
    """`pytest.mark.real`, with or without a call around it."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "real"
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "mark"
    )


@pytest.mark.parametrize("path", modules("tests"), ids=name)
def test_real_tests_name_their_component(path: Path) -> None:
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and is_real_mark(node.func)]
    marks = [node for node in ast.walk(tree(path)) if is_real_mark(node)]
    assert len(marks) == len(calls), f'{name(path)}: write pytest.mark.real("chromium"), with the component it needs.'
    for call in calls:
        named = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
        assert named, f"{name(path)}, line {call.lineno}: which component does it need?"
        assert set(named) <= COMPONENTS.keys(), f"{name(path)}, line {call.lineno}: known are {sorted(COMPONENTS)}."


@pytest.mark.parametrize("path", modules("tests"), ids=name)
def test_no_test_leaves_itself_out_quietly(path: Path) -> None:
    """What may be missing is said with a marker, which CI can forbid; `importorskip` it could not see."""
    quiet = [
        node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and node.attr == "importorskip"
    ]
    assert not quiet, f'{name(path)}, line {quiet}: mark the test real("…") instead.'
