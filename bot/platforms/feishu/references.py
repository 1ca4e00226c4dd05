"""Writes and reads the references of messages, and the keys by which Feishu recognises a repetition.

`om_1` is the first message of a thread, `om_2#evidence` an answer in it that shows this slot of the incident (so that
both languages can be drawn again), and `om_3~` a first message that had to be posted again, inside its own thread.
"""

import hashlib
import re
from dataclasses import dataclass

from engine.errors import PlatformError
from engine.model import Phrase

MESSAGE = re.compile(r"om_[A-Za-z0-9_-]{1,100}")
REFERENCE = re.compile(rf"({MESSAGE.pattern})(~|#.*)?", re.DOTALL)
FIRST = "header"
"""The slot that first messages show."""


@dataclass(frozen=True)
class Reference:
    """What a reference says: the message's id, the slot it shows, and whether a thread hangs on it."""

    message: str
    slot: str = FIRST
    first: bool = True
    again: bool = False

    def __str__(self) -> str:
        if not self.first:
            return f"{self.message}#{self.slot}"
        return f"{self.message}~" if self.again else self.message


def read(reference: str) -> Reference:
    """PlatformError for one this platform never gave."""
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise PlatformError(Phrase(word="error.no_message", values={"message": reference[:40]}))
    message, rest = match[1], match[2] or ""
    if rest.startswith("#"):
        return Reference(message, slot=rest[1:], first=False)
    return Reference(message, again=rest == "~")


def first_messages(message: str) -> tuple[str, str]:
    """The references a thread may hang on, given the id of the message."""
    return message, f"{message}~"


def slot_of(key: str, incident: str) -> str:
    """The slot a key names; "" where the card belongs to no incident."""
    return key.removeprefix(f"{incident}/") if incident and key.startswith(f"{incident}/") else ""


def uuid(*parts: str) -> str:
    """What Feishu recognises a repetition by, for an hour: 40 characters (it takes 50)."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:40]
