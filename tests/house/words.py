"""Reads the language files, and finds in the code every key that it asks them for."""

import ast
import re
import string
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.house.source import ROOMS, ROOT, modules, name, tree

LANGUAGES = ROOT / "cards" / "languages"
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+")


class Use(NamedTuple):
    """A key as written in the code: `pattern` matches it, `gaps` are the values handed along (None: not literal)."""

    place: str
    key: str
    pattern: re.Pattern[str]
    gaps: frozenset[str] | None


def files() -> tuple[Path, ...]:
    return tuple(sorted(LANGUAGES.glob("*.toml")))


@cache
def phrases(path: Path) -> dict[str, str]:
    """Every phrase of a language under its dotted key."""
    found: dict[str, str] = {}

    def flatten(prefix: str, table: dict[str, Any]) -> None:
        for key, value in table.items():
            dotted = f"{prefix}.{key}" if prefix else key
            if isinstance(value, dict):
                flatten(dotted, value)
            else:
                found[dotted] = value if isinstance(value, str) else "\n".join(map(str, value))

    flatten("", tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def gaps(phrase: str) -> set[str]:
    """The names in braces: `{service} is down` → {"service"}."""
    fields = (field for _, field, _, _ in string.Formatter().parse(phrase) if field is not None)
    return {re.split(r"[.\[]", field)[0] for field in fields}


def _pattern(node: ast.expr) -> re.Pattern[str] | None:
    """What keys an expression may be: a literal is itself, each hole of an f-string anything."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.compile(re.escape(node.value))
    if isinstance(node, ast.JoinedStr):
        parts = (re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values)
        return re.compile("".join(parts))
    return None


def _handed_along(call: ast.Call) -> frozenset[str] | None:
    """The names of the values in `Phrase(word=…, values={…})`; None where they are not written out."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    values = given.get("values")
    if values is None:
        return frozenset()
    if not isinstance(values, ast.Dict):
        return None
    names = [key.value for key in values.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return frozenset(names) if len(names) == len(values.keys) else None


def uses() -> Iterator[Use]:
    """Every `Phrase(…)` and `say(…)` whose key is written out, as a literal or an f-string."""
    for path in modules(*ROOMS):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            keyed = [keyword.value for keyword in node.keywords if keyword.arg == "word"]
            if called in ("Phrase", "say"):
                keyed += node.args[:1]
            for argument in keyed:
                pattern = _pattern(argument)
                # `say` is also an English verb: only what looks like a key is one.
                if pattern is None or (called == "say" and not KEY.fullmatch(pattern.pattern.replace("\\", ""))):
                    continue
                handed = _handed_along(node) if called == "Phrase" else None
                yield Use(f"{name(path)}, line {node.lineno}", ast.unparse(argument), pattern, handed)


def mentions() -> list[re.Pattern[str]]:
    """Every string in the code that could be a key, or the frame of one."""
    found = []
    for path in modules(*ROOMS):
        for node in ast.walk(tree(path)):
            pattern = _pattern(node) if isinstance(node, ast.Constant | ast.JoinedStr) else None
            if pattern is not None and "." in pattern.pattern.replace(".+", "") and " " not in pattern.pattern:
                found.append(pattern)
    return found
