"""Links the entries of a timeline by digests, so that no line can be altered, dropped or moved unseen. Pure."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from engine.model import Entry
from engine.ports import Draft

START = ""
"""The digest before the first entry."""


def canonical(value: Any) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII. ValueError for NaN and infinities, TypeError for
    what JSON cannot say."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


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
    return hashlib.sha256(f"{previous}{canonical(fields)[:-1]},{body}]".encode("ascii")).hexdigest()


class Written(Draft):
    """A draft made ready to be kept: its body is plain JSON, copied, and `text` is that body's canonical form."""

    text: str


def ready(draft: Draft) -> Written:
    """Check and copy a draft, so that nothing its writer still holds can change what is kept."""
    moment(draft.at)
    text = canonical(draft.body)
    body = json.loads(text)
    key, kind, actor = plain(draft.key), plain(draft.kind), plain(draft.actor)
    return Written(key=key, kind=kind, actor=actor, at=draft.at.astimezone(UTC), body=body, text=text)


def link(incident: str, seq: int, draft: Written, previous: str) -> Entry:
    """The entry this draft becomes right after `previous`."""
    fields = (incident, seq, draft.key, draft.kind, draft.actor, moment(draft.at))
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
