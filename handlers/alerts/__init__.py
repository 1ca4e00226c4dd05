"""Lists the formats in which alerts come in, each one file with a `read`."""

from collections.abc import Callable
from datetime import datetime

from engine.errors import UnknownName
from engine.model import Phrase
from handlers.alerts import alertmanager, generic
from handlers.alerts.batch import Batch

Read = Callable[[bytes, datetime], Batch]

FORMATS: tuple[tuple[str, Read], ...] = (
    (alertmanager.NAME, alertmanager.read),
    (generic.NAME, generic.read),
)


def reader(format: str) -> Read:
    """The reader of a format. UnknownName lists those there are."""
    for name, read in FORMATS:
        if name == format:
            return read
    known = ", ".join(name for name, _ in FORMATS)
    raise UnknownName(Phrase(word="error.alert.unknown_format", values={"format": format[:40], "known": known}))
