"""Sorts what Feishu refuses: what to come back for later, what an administrator must mend, what is refused for good."""

import re
from collections.abc import Mapping
from typing import Any

from engine.errors import PlatformBusy, PlatformError, PlatformRefused
from engine.masking import mask
from engine.model import Phrase

# Codes as open.feishu.cn lists them for im/v1/messages and for the gateway in front of every API.
TOKEN_ENDED = frozenset({99991661, 99991663, 99991664, 99991665, 99991668, 99991671, 99991677})
TOO_FAST = frozenset({99991400, 230020, 11232, 11233, 11247})
BUSY = frozenset({1000004, 1000005, 2200, 5000, 230049, 232096, 1500, 55001})
CREDENTIALS = frozenset({10003, 10014, 10015, 99991543})
PERMISSION = frozenset({99991672, 99991679, 230027, 230054, 232033, 99991401})
NOT_IN_CHAT = frozenset({230002, 230006, 230013, 230018, 230035, 232006, 232009})
CARD = frozenset({230025, 230028, 230099, 200621, 11310, 230055})
OLD = frozenset({230031})
GONE = frozenset({230011, 230110, 230111})
"""Recalled or deleted: nothing can be edited or answered there."""

WORDS = (
    (PERMISSION, "feishu.error.permission"),
    (CREDENTIALS, "feishu.error.credentials"),
    (NOT_IN_CHAT, "feishu.error.not_in_chat"),
    (CARD, "feishu.error.card"),
    (OLD, "feishu.error.old"),
    (GONE, "feishu.error.gone"),
)

SCOPES = re.compile(r"\[([a-z0-9_:., -]{3,300})\]|scope:?\s+([a-z][a-z0-9_:.]{2,80})", re.IGNORECASE)
LATER = 5.0
LONGEST = 60.0


class Refused(PlatformError):
    """Feishu answered no; `code` is its own."""

    def __init__(self, phrase: Phrase, code: int) -> None:
        super().__init__(phrase)
        self.code = code


class RefusedForGood(Refused, PlatformRefused):
    """What was sent will never be taken."""


def refusal(status: int, headers: Mapping[str, str], answer: Mapping[str, Any]) -> PlatformError:
    """The error that an answer with a code other than 0 stands for."""
    code = answer.get("code")
    code = code if isinstance(code, int) else 0
    said = mask(str(answer.get("msg") or ""))[:200]
    if status == 429 or code in TOO_FAST:
        return PlatformBusy(Phrase(word="feishu.error.too_fast", values={"code": code or status}), pause(headers, 1.0))
    if status >= 500 or code in BUSY:
        return busy(code or status)
    word = next((word for codes, word in WORDS if code in codes), "feishu.error.refused")
    values: dict[str, Any] = {"code": code or status, "permission": scopes(said), "said": said or "-"}
    kind = RefusedForGood if _is_for_good(code) else Refused
    return kind(Phrase(word=word, values=values), code)


def _is_for_good(code: int) -> bool:
    """Of the codes of messages (230…) we do not know, all are about what was sent."""
    return code in CARD | GONE | OLD or (code // 1000 == 230 and code not in PERMISSION | NOT_IN_CHAT)


def busy(reason: int | str, retry_after: float = LATER) -> PlatformBusy:
    """The error that stands for an outage, a timeout or a connection that broke."""
    return PlatformBusy(Phrase(word="feishu.error.unreachable", values={"reason": reason}), retry_after)


def scopes(said: str) -> str:
    """The vendor's names of the permissions that are missing, as its message lists them; else the message."""
    found = SCOPES.search(said)
    return next((group.strip() for group in found.groups() if group), said) if found else said or "-"


def pause(headers: Mapping[str, str], default: float) -> float:
    """Seconds until the limit is lifted, 0.2…60, as the gateway says."""
    for name in ("x-ogw-ratelimit-reset", "Retry-After"):
        try:
            return min(max(float(headers.get(name, "")), 0.2), LONGEST)
        except ValueError:
            continue
    return default
