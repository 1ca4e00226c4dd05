"""Reads what Slack sends without trusting its shape: a missing or odd part is an empty one."""

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]
NOTHING: Json = {}


def part(tree: object, *path: str) -> Json:
    """The object at this path; an empty one where there is none."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, Mapping) else None
    return tree if isinstance(tree, Mapping) else NOTHING


def text(tree: object, *path: str) -> str:
    """The text at this path; "" where there is none."""
    found = part(tree, *path[:-1]).get(path[-1])
    return found if isinstance(found, str) else ""


def parts(tree: object, *path: str) -> list[Json]:
    """The objects in the list at this path."""
    found = part(tree, *path[:-1]).get(path[-1])
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []
