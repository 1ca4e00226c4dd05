"""Holds what Feishu delivers, whichever way it came, and what is answered to a delivery."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Envelope:
    """One verified delivery: its stable id, what kind of event it is, whose app and tenant it names, and the event."""

    id: str
    kind: str
    app: str = ""
    tenant: str = ""
    event: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What is answered to a delivery: 200 = taken (never again), 500 = deliver it again; and for a click the body
    with toast or card."""

    code: int = 200
    body: Mapping[str, Any] | None = None


TAKEN = Reply()
AGAIN = Reply(code=500)

Take = Callable[[Envelope], Awaitable[Reply]]


def envelope(header: Mapping[str, Any], event: Mapping[str, Any]) -> Envelope:
    """The envelope of a version 2 event; whatever is missing is ""."""
    return Envelope(
        id=text(header, "event_id"),
        kind=text(header, "event_type"),
        app=text(header, "app_id"),
        tenant=text(header, "tenant_key"),
        event=event,
    )


def part(tree: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The mapping at this path; an empty one where there is none."""
    here: Any = tree
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def text(tree: Mapping[str, Any], *path: str) -> str:
    """The text at this path; "" where there is none."""
    *above, name = path
    value = part(tree, *above).get(name)
    return value if isinstance(value, str) else ""
