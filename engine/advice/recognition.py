"""Recognises of which kind an error is, and what it names, by its own words alone."""

import re
from collections.abc import Iterator

from engine.advice.families import FAMILIES, Family
from engine.model import Value

LONGEST = 300
MOST_WRAPPED = 12
"""Messages around the innermost one that are told apart."""
NAME = r"((?:[A-Za-z_][\w$]*(?:\.|\\|::))*[A-Za-z_][\w$]*)"
CLASS = re.compile(rf"(?:^|(?<=[\s(])){NAME}(?=:\s|:$|\)|\s[(\[])|(?:^|(?<=: )|(?<=- )){NAME}$")
"""An error's class where it stands as one: before its message, in brackets behind it, or alone."""
CLASSES = frozenset().union(*(family.classes | family.mostly for family in FAMILIES))
RAISED = re.compile(r"(?:Error|Exception)$")
SEPARATOR = re.compile(r"\.|\\|::|\$")
IDENTIFIER = re.compile(r"(?=[^A-Za-z0-9_]*[A-Za-z0-9_])[A-Za-z0-9_.\[\]-]{1,60}")
"""All that may enter a sentence of what a stranger wrote."""
LOCAL = re.compile(r"<local\d+>\.?|^this\.|\(\)")
"""What Java puts where the name of a variable is not known to it, and around others."""


class Kind(Value):
    """What an error is: its family, and what it names; every name is an identifier or ""."""

    family: str
    name: str = ""
    member: str = ""
    got: str = ""
    wanted: str = ""
    length: str = ""


def recognised(error: str) -> tuple[Family, Kind] | None:
    """The family of an error and what it names; None where its words tell of none."""
    text = error[:LONGEST]
    classes = [SEPARATOR.split(found[1] or found[2])[-1] for found in CLASS.finditer(text)]
    innermost = next((each for each in reversed(classes) if each in CLASSES or RAISED.search(each)), "")
    family = _of_class(innermost) or _of_words(text) or _mostly(innermost)
    return (family, Kind(family=family.key, **_names(family, text))) if family else None


def identifier(text: str) -> str:
    """A name out of a stranger's text as far as it is one, else ""; of a path its last part."""
    plain = LOCAL.sub("", text).rpartition("/")[2].rstrip(".,;)")
    return plain if IDENTIFIER.fullmatch(plain) else ""


def _of_class(name: str) -> Family | None:
    return next((family for family in FAMILIES if name in family.classes), None)


def _mostly(name: str) -> Family | None:
    return next((family for family in FAMILIES if name in family.mostly), None)


def _of_words(text: str) -> Family | None:
    """The family that the end of a chain of messages speaks of: each wraps the one behind it, with a colon."""
    for said in _ends(text):
        if family := next((family for family in FAMILIES if family.told.search(said)), None):
            return family
    return None


def _ends(text: str) -> Iterator[str]:
    parts = text.rsplit(": ", MOST_WRAPPED)
    return (": ".join(parts[start:]) for start in range(len(parts) - 1, -1, -1))


def _names(family: Family, text: str) -> dict[str, str]:
    for pattern in family.names:
        if found := pattern.search(text):
            names = {key: name for key, said in found.groupdict().items() if (name := identifier(said or ""))}
            if names:
                return names
    return {}
