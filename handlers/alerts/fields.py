"""Reads single fields of hostile JSON: bounded, cleaned, and with a short word on what was wrong."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.errors import UnreadableAlert
from engine.masking import is_plain, mask
from engine.model import Phrase
from handlers.alerts.batch import Unreadable

NAME = 128
TEXT = 1_024
LONG_TEXT = 4_096
RAW = 4_000
MANY = 64
ALERTS = 10_000

SERVICE_LABELS = (
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "application",
    "deployment",
    "statefulset",
    "daemonset",
    "workload",
    "job",
)
"""Where a service's name stands, the surest label first."""

ENVIRONMENT_LABELS = ("environment", "env", "stage")


class Unfit(ValueError):
    """One field, and with it one alert, cannot be read; the text says which and why."""


def document(body: bytes) -> Any:
    """The JSON of a body without its secrets. UnreadableAlert where it is none, or nested or numbered beyond reason."""
    try:
        found = json.loads(body)
        return found if _is_plain(body) else _without_secrets(found)
    except RecursionError:
        raise UnreadableAlert(Phrase(word="error.alert.too_deep")) from None
    except ValueError as error:
        raise UnreadableAlert(Phrase(word="error.alert.not_json", values={"detail": str(error)[:160]})) from None


def _is_plain(body: bytes) -> bool:
    """Whether no text in this JSON can hold a secret. One look at the whole takes less time than one at each text, and
    sees as much: what betrays a secret is made of characters that only `\\u` and UTF-16 or -32, full of zeros, write in
    another way."""
    try:
        return b"\\u" not in body and b"\0" not in body and is_plain(body.decode())
    except UnicodeDecodeError:
        return False


def _without_secrets(found: Any) -> Any:
    match found:
        case str():
            return mask(found)
        case list():
            return [_without_secrets(item) for item in found]
        case dict():
            return {mask(name): _without_secrets(item) for name, item in found.items()}
        case _:
            return found


def mapping(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. UnreadableAlert where it is something else."""
    found = document(body)
    if not isinstance(found, dict):
        raise UnreadableAlert(Phrase(word="error.alert.not_object", values={"found": kind(found)}))
    return found


def clean(value: str, limit: int) -> str:
    """Text of a document that may be kept: no NUL, no half characters, cut to `limit`."""
    cut = value[:limit]
    if cut.isascii() and "\x00" not in cut:
        return cut
    return cut.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def text(value: Any, where: str, limit: int = TEXT) -> str:
    """A scalar as text; nothing is "". Unfit for lists and objects."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return clean(value, limit)
    if isinstance(value, int | float):
        return number(value)
    raise Unfit(f"{where} is {kind(value)}, not text")


def number(value: int | float) -> str:
    """A number as text, also one too long for Python to print."""
    try:
        return str(value)[:NAME]
    except ValueError:
        return "very large"


def texts(value: Any, where: str, limit: int) -> dict[str, str]:
    """An object of texts: at most 64 pairs, names of 128 characters. Unfit where it is no object."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unfit(f"{where} is {kind(value)}, not an object")
    pairs = list(value.items())[:MANY]
    return {clean(name, NAME): _text_of(item, where, name, limit) for name, item in pairs}


def _text_of(value: Any, where: str, name: str, limit: int) -> str:
    return clean(value, limit) if isinstance(value, str) else text(value, f"{where}.{clean(name, 40)}", limit)


def moment(value: Any, where: str) -> datetime | None:
    """A date in UTC; None for nothing and for the year 1, which says "not yet". Unfit for other things."""
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64:
        raise Unfit(f"{where} is no date")
    try:
        found = datetime.fromisoformat(value)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        if value.startswith("0001-01-01"):
            return None
        raise Unfit(f"{where} is no date: {clean(value, 40)!r}") from None
    # A date whose neighbours cannot be computed would break every window around it.
    if found.year <= 1:
        return None
    if not 1970 <= found.year < 9_000:
        raise Unfit(f"{where} lies in the year {found.year}")
    return found


def address(value: Any) -> str:
    """A web address; "" for anything else, so that no card ever links elsewhere."""
    if isinstance(value, str) and value.startswith(("http://", "https://")) and len(value) <= LONG_TEXT:
        return clean(value, LONG_TEXT)
    return ""


def first(labels: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The first of these labels that says something."""
    return next((labels[name] for name in names if labels.get(name)), "")[:NAME]


def fingerprint(labels: Mapping[str, str]) -> str:
    """16 hex digits that are the same for the same labels."""
    canonical = json.dumps(sorted(labels.items()), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def kind(value: Any) -> str:
    """What JSON calls this value."""
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def unreadable(item: Any, where: str, reason: str) -> Unreadable:
    """An alert that could not be read, as it came and named by where it stood."""
    try:
        raw = json.dumps(item, ensure_ascii=False)
    except (ValueError, RecursionError):
        raw = kind(item)
    return Unreadable(raw=clean(raw, RAW), reason=clean(f"{where}: {reason}", TEXT))


def none_readable(problems: tuple[Unreadable, ...]) -> UnreadableAlert:
    """What to raise when there were alerts and none could be read."""
    values: dict[str, Any] = {"n": len(problems), "first": problems[0].reason if problems else ""}
    return UnreadableAlert(Phrase(word="error.alert.none_readable", values=values))
