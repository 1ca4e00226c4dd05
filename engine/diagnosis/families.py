"""Sorts changes into families: what is released, switched, set, migrated, renewed, or done to the ground below."""

from typing import Literal

from engine.model import Change

Family = Literal["release", "flag", "config", "schema", "certificate", "platform"]

WORDS: tuple[tuple[Family, tuple[str, ...]], ...] = (
    ("flag", ("flag", "toggle", "switch", "experiment")),
    ("certificate", ("cert", "tls", "renewal")),
    ("schema", ("migration", "migrate", "schema", "ddl")),
    ("config", ("config", "setting", "env", "secret", "parameter", "limit", "policy")),
    ("platform", ("node", "cluster", "upgrade", "infra", "scal", "drain", "network", "maintenance", "failover")),
)


def family(change: Change) -> Family:
    """What sort of change this is, by the word its platform uses; a release where that says nothing else."""
    kind = change.kind.lower()
    return next((name for name, words in WORDS if any(word in kind for word in words)), "release")


def called(change: Change) -> str:
    """What people call a change: its version, else what it says of itself, else its id."""
    return change.version or (f"“{change.note[:60]}”" if change.note else change.id)
