"""Tells whether two names mean the same service, however a house spells it."""

import re

GENERIC = frozenset(
    {"service", "svc", "server", "srv", "app", "application", "api", "backend", "deployment", "deploy", "pod"}
    | {"prod", "production", "staging", "dev", "default", "container", "job"}
)
"""Parts of a name that say what a thing is, not which."""
LONGEST = 200

_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")


def letters(name: str) -> str:
    """A name without case and signs."""
    return re.sub(r"[\W_]", "", name[:LONGEST].lower())


def core(name: str) -> tuple[str, ...]:
    """The parts of a name that tell it from others."""
    parts = tuple(part.lower() for part in _BORDER.split(name[:LONGEST]) if part)
    return tuple(part for part in parts if part not in GENERIC)
