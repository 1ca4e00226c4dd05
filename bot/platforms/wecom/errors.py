"""Turns WeCom's error codes into what the outbox understands: not at all, or not yet."""

from collections.abc import Mapping
from typing import Any

from engine.errors import PlatformBusy, PlatformError
from engine.masking import bounded, mask
from engine.model import Phrase

SOON = 2.0
NEXT_MINUTE = 60.0
TAKEN_OVER = 300.0

BUSY = {45009: NEXT_MINUTE, 45033: SOON, 45047: NEXT_MINUTE, -1: 5.0, 50001: 5.0}
"""Frequency over the limit (blocked for the whole minute), too many at once, over the limit for a chat, system busy."""
WORDS = {
    93006: "wecom.error.chat",
    40001: "wecom.error.credentials",
    40013: "wecom.error.credentials",
    60020: "wecom.error.address",
    81013: "wecom.error.member",
}
"""What WeCom's codes mean, where somebody can do something about it."""
STALE_TOKEN = frozenset({40014, 41001, 42001})
"""The access token is not valid, missing, expired: fetch another one."""


class Refused(PlatformError):
    """WeCom looked at a call and said no; `code` is its errcode."""

    def __init__(self, phrase: Phrase, code: int) -> None:
        super().__init__(phrase)
        self.code = code


def busy(word: str, seconds: float = SOON, /, **values: str | int) -> PlatformBusy:
    """Not now; come back after so many seconds."""
    return PlatformBusy(Phrase(word=word, values={**values}), seconds)


def refusal(answer: Mapping[str, Any]) -> PlatformError | None:
    """What an answer of WeCom refuses; None where it took what it was given."""
    code = answer.get("errcode", 0)
    if code == 0:
        return None
    reason = bounded(mask(str(answer.get("errmsg", ""))), 200)
    word = WORDS.get(code, "wecom.refused")
    phrase = Phrase(word=word, values={"code": str(code), "reason": reason})
    if code in BUSY:
        return PlatformBusy(phrase, BUSY[code])
    return Refused(phrase, code if isinstance(code, int) else 0)
