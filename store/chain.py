"""Links the entries of a timeline by digests, so that no line can be altered, dropped or moved unseen. Pure."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from engine.model import Entry
from engine.ports import Draft

ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)

SCALARS = frozenset((str, int, bool, type(None)))
"""What comes back from JSON as the same value."""

START = ""
"""The digest before the first entry."""


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII. ValueError for NaN and infinities, TypeError for
    what JSON cannot say."""
    return ENCODER.encode(value)


@lru_cache(1024)
def moment(at: datetime) -> str:
    """An instant as UTC text of fixed width, so that texts sort as instants do. ValueError without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} names no time zone; hand in an aware datetime")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def plain(text: str) -> str:
    """The text as every database can keep it: halves of characters (lone surrogates) become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def digest(previous: str, entry: Entry) -> str:
    """SHA-256 over the previous digest and the canonical JSON of [incident, seq, key, kind, actor, at, body]."""
    fields = (entry.incident, entry.seq, entry.key, entry.kind, entry.actor, moment(entry.at))
    return seal(previous, fields, canonical(entry.body))


def seal(previous: str, fields: tuple[str, int, str, str, str, str], body: str) -> str:
    """As `digest`, for a body that is canonical JSON text already."""
    incident, seq, key, kind, actor, at = fields
    text = f"[{quote(incident)},{seq},{quote(key)},{quote(kind)},{quote(actor)},{quote(at)},{body}]"
    return hashlib.sha256(f"{previous}{text}".encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """A draft made ready to be kept: its body is plain JSON, copied; `text` is that body's canonical form, `moment` is
    `at` as text."""

    key: str
    kind: str
    actor: str
    at: datetime
    body: dict[str, Any]
    text: str
    moment: str


def ready(draft: Draft) -> Written:
    """Check and copy a draft, so that nothing its writer still holds can change what is kept."""
    text = canonical(draft.body)
    key, kind, actor = plain(draft.key), plain(draft.kind), plain(draft.actor)
    return Written(key, kind, actor, draft.at.astimezone(UTC), _copied(draft.body, text), text, moment(draft.at))


def _copied(body: dict[str, Any], text: str) -> dict[str, Any]:
    flat = all(type(name) is str and type(value) in SCALARS for name, value in body.items())
    return dict(body) if flat else json.loads(text)


def link(incident: str, seq: int, draft: Written, previous: str) -> Entry:
    """The entry this draft becomes right after `previous`."""
    fields = (incident, seq, draft.key, draft.kind, draft.actor, draft.moment)
    return Entry(
        incident=incident,
        seq=seq,
        key=draft.key,
        kind=draft.kind,
        actor=draft.actor,
        at=draft.at,
        body=draft.body,
        digest=seal(previous, fields, draft.text),
    )
