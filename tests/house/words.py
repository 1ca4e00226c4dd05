"""Reads the language files, and finds in the code every key that it asks them for."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.house.source import ROOMS, ROOT, modules, name, tree

LANGUAGES = ROOT / "cards" / "languages"
KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+")
GAP = re.compile(r"\{([a-z][a-z0-9_]*)\}")
SINGLE = "_one"
"""At the end of a key: the same phrase for exactly one. A language that needs none has none."""


class Use(NamedTuple):
    """A key as written in the code: `pattern` matches it, `gaps` are the values handed along (None: not literal)."""

    place: str
    key: str
    pattern: re.Pattern[str]
    gaps: frozenset[str] | None


def languages() -> tuple[str, ...]:
    """The folders that hold phrases."""
    return tuple(sorted({path.parent.name for path in LANGUAGES.glob("*/*.toml")}))


def flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested tables as (dotted key, phrase)."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)


@cache
def written(language: str) -> tuple[tuple[str, str, Path], ...]:
    """(key, phrase, file) of everything a language says, also what it says twice."""
    return tuple(
        (key, phrase, path)
        for path in sorted((LANGUAGES / language).glob("*.toml"))
        for key, phrase in flat(tomllib.loads(path.read_text(encoding="utf-8")))
    )


def phrases(language: str) -> dict[str, str]:
    """Every phrase of a language under its dotted key."""
    return {key: phrase for key, phrase, _ in written(language)}


def gaps(phrase: str) -> set[str]:
    """The names in braces: `{service} is down` → {"service"}."""
    return set(GAP.findall(phrase))


def _pattern(node: ast.expr) -> re.Pattern[str] | None:
    """What keys an expression may be: a literal is itself, each hole of an f-string anything."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.compile(re.escape(node.value))
    if isinstance(node, ast.JoinedStr):
        parts = (re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in node.values)
        return re.compile("".join(parts))
    return None


def _handed_to_phrase(call: ast.Call) -> frozenset[str] | None:
    """The names of the values in `Phrase(word=…, values={…})`; None where they are not written out."""
    values = next((keyword.value for keyword in call.keywords if keyword.arg == "values"), None)
    if values is None:
        return frozenset()
    if not isinstance(values, ast.Dict):
        return None
    names = [key.value for key in values.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return frozenset(names) if len(names) == len(values.keys) else None


def _handed_to_text(call: ast.Call) -> frozenset[str] | None:
    """The names of the values in `text("key", name=value)`; None where `**values` stands among them."""
    names = [keyword.arg for keyword in call.keywords]
    return None if None in names else frozenset(str(given) for given in names)


def _use(path: Path, call: ast.Call) -> Use | None:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    keyed = [keyword.value for keyword in call.keywords if keyword.arg == "word"]
    if called in ("Phrase", "text", "say"):
        keyed += call.args[:1]
    pattern = _pattern(keyed[0]) if keyed else None
    if pattern is None:
        return None
    # `text` and `say` are English words as well: only what looks like a key is one.
    if called != "Phrase" and not KEY.fullmatch(pattern.pattern.replace("\\", "").replace(".+", "x")):
        return None
    handed = _handed_to_phrase(call) if called == "Phrase" else _handed_to_text(call) if called == "text" else None
    return Use(f"{name(path)}, line {call.lineno}", ast.unparse(keyed[0]), pattern, handed)


@cache
def uses() -> tuple[Use, ...]:
    """Every `Phrase(…)`, `text(…)` and `say(…)` whose key is written out, as a literal or an f-string."""
    calls = ((path, node) for path in modules(*ROOMS) for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    return tuple(use for path, call in calls if (use := _use(path, call)) is not None)


@cache
def mentions() -> tuple[re.Pattern[str], ...]:
    """Every string in the code that could be a key, or the frame of one."""
    found = {}
    for path in modules(*ROOMS):
        for node in ast.walk(tree(path)):
            if (frame := _open_list(node)) is not None:
                found[frame.pattern] = frame
            pattern = _pattern(node) if isinstance(node, ast.Constant | ast.JoinedStr) else None
            if pattern is None or " " in pattern.pattern:
                continue
            fixed = pattern.pattern.replace(".+", "")
            # A frame of holes alone, such as an address and a port, would fit every key.
            if "." in fixed and re.search(r"[a-z]{3}", fixed):
                found[pattern.pattern] = pattern
    return tuple(found.values())


def _open_list(node: ast.AST) -> re.Pattern[str] | None:
    """The frame of `named("signal", …)`, which looks a name up in an open list of phrases."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "named"):
        return None
    prefix = node.args[0]
    return (
        re.compile(rf"{prefix.value}\..+")
        if isinstance(prefix, ast.Constant) and isinstance(prefix.value, str)
        else None
    )
