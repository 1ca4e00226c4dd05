"""Turns WeCom's error codes into what the outbox understands: never, not until somebody mends it, or not yet."""

from collections.abc import Mapping
from typing import Any

from engine.errors import PlatformBusy, PlatformError, PlatformRefused
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
OURS = frozenset({40001, 40013, 40014, 40056, 40082, 40085, 40091, 40096})
"""Codes of parameters (40…) that are about who we are, and not about what was sent."""
CONTENT = frozenset({40004, 40005, 40006, 40007, 40008, 40009, 40016, 40058, 44001, 44004, 45001, 45002, 45008, 45157})
"""What was sent is empty, too long or not as it should be; 40058 is also the mention of somebody who is not there."""
OVER = frozenset({846605, 846608})
"""The request that was to be answered is unknown or over."""


class Refused(PlatformError):
    """WeCom looked at a call and said no; `code` is its errcode."""

    def __init__(self, phrase: Phrase, code: int) -> None:
        super().__init__(phrase)
        self.code = code


class RefusedForGood(Refused, PlatformRefused):
    """What was sent will never be taken."""


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
    code = code if isinstance(code, int) else 0
    return RefusedForGood(phrase, code) if _is_for_good(code) else Refused(phrase, code)


def _is_for_good(code: int) -> bool:
    """Of the codes we do not know, those of invalid parameters (40…) are about what was sent."""
    return code in CONTENT | OVER or (code // 1000 == 40 and code not in OURS)
