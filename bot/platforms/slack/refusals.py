"""Turns what Slack refuses with into errors whose sentence says what to do."""

from collections.abc import Mapping
from typing import Any

from engine.errors import PlatformBusy, PlatformError, PlatformRefused
from engine.model import Phrase

CREDENTIALS = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "not_allowed_token_type"}
)
ROOM = frozenset({"not_in_channel", "channel_not_found", "is_archived", "user_not_in_channel", "no_permission"})
GONE = frozenset({"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed"})
LATE = frozenset({"expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged"})
AWAY = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
"""Slack's own trouble: it may go away, and whether the call did its work is not known."""

CONTENT = frozenset(
    {"user_not_found", "users_not_found", "no_text", "file_not_found", "invalid_blocks", "msg_too_long"}
)
CONTENT_BEGINS, CONTENT_ENDS = ("invalid_", "msg_", "too_many_"), ("_too_long", "_too_large", "_not_allowed")
"""What Slack's words for a message that is not as it should be are, and how others of the kind begin and end."""

RATE_PAUSE = 30.0
"""Seconds to wait where Slack limits the rate and does not say for how long."""
AWAY_PAUSE = 5.0
"""Seconds to wait where Slack did not answer."""


class Refused(PlatformError):
    """Slack looked at a call and said no; `code` is its own word for why."""

    def __init__(self, phrase: Phrase, code: str) -> None:
        super().__init__(phrase)
        self.code = code


class RefusedForGood(Refused, PlatformRefused):
    """What was sent will never be taken."""


class Unanswered(PlatformBusy):
    """Nobody knows whether the call did its work: the answer got lost, or Slack broke in the middle."""

    def __init__(self, reason: str) -> None:
        super().__init__(Phrase(word="slack.error.unreachable", values={"reason": reason[:100]}), AWAY_PAUSE)


def refusal(method: str, status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> PlatformError:
    """The error for an answer that was no yes."""
    code = str(body.get("error", ""))[:80]
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return too_fast(method, _pause(headers))
    if status >= 500 or code in AWAY:
        return Unanswered(code or f"HTTP {status}")
    if code == "missing_scope":
        scope = str(body.get("needed", "?"))[:100]
        return Refused(Phrase(word="slack.error.scope", values={"scope": scope, "method": method}), code)
    for codes, word in ((CREDENTIALS, "credentials"), (ROOM, "not_in_channel"), (GONE, "gone")):
        if code in codes:
            kind = RefusedForGood if codes is GONE else Refused
            return kind(Phrase(word=f"slack.error.{word}", values={"code": code}), code)
    said = "; ".join([code or f"HTTP {status}", *_messages(body)])[:300]
    kind = RefusedForGood if _is_for_good(code) else Refused
    return kind(Phrase(word="slack.error.refused", values={"code": said, "method": method}), code)


def _is_for_good(code: str) -> bool:
    return code in CONTENT | LATE or code.startswith(CONTENT_BEGINS) or code.endswith(CONTENT_ENDS)


def too_fast(method: str, seconds: float) -> PlatformBusy:
    """The error for a call that must wait this long."""
    return PlatformBusy(Phrase(word="slack.error.too_fast", values={"method": method}), seconds)


def _messages(body: Mapping[str, Any]) -> list[str]:
    """What Slack says besides its code: for a block it does not take, which one and why."""
    about = body.get("response_metadata")
    found = about.get("messages") if isinstance(about, Mapping) else None
    return [str(each) for each in found[:3]] if isinstance(found, list) else []


def _pause(headers: Mapping[str, str]) -> float:
    wanted = headers.get("Retry-After", "")
    return min(max(float(wanted), 1.0), 600.0) if wanted.isascii() and wanted.isdigit() else RATE_PAUSE
