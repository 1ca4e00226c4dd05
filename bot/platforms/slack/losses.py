"""Hears from Slack that the bot was taken out of a channel, a channel ended, or the app was taken away."""

from bot.platforms.slack.payload import Json, part, text
from engine.model import Phrase

WORDS = {
    "channel_left": "left",
    "group_left": "left",
    "channel_archive": "archived",
    "group_archive": "archived",
    "channel_deleted": "deleted",
    "group_deleted": "deleted",
    "tokens_revoked": "revoked",
    "app_uninstalled": "uninstalled",
}
"""Kinds of events, and the word for what each means."""


def lost(event: Json, bot: str) -> tuple[str, Phrase] | None:
    """The channel that takes nothing any more ("" for all of them), and why; None for what is no loss of ours."""
    kind = text(event, "type")
    if kind not in WORDS:
        return None
    if kind == "tokens_revoked":
        revoked = part(event, "tokens").get("bot")
        if not isinstance(revoked, list) or bot not in revoked:
            return None
    return text(event, "channel"), Phrase(word=f"slack.lost.{WORDS[kind]}")
