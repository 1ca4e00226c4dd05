"""Asks Slack who is in a user group, and hears when that changed."""

from bot.platforms.slack.api import Api
from bot.platforms.slack.payload import Json, text
from bot.platforms.slack.refusals import Refused
from engine.model import Phrase

EVENTS = ("subteam_members_changed", "subteam_updated")


async def members(api: Api, group: str) -> frozenset[str]:
    """The ids of the people in a user group (S…). Refused, PlatformBusy."""
    told = (await api.ask("usergroups.users.list", usergroup=group)).get("users")
    if not isinstance(told, list):
        raise Refused(
            Phrase(word="slack.error.refused", values={"code": "users", "method": "usergroups.users.list"}), ""
        )
    return frozenset(person for person in told if isinstance(person, str))


def changed(event: Json) -> str:
    """The user group an event is about; "" for none in particular."""
    return text(event, "subteam_id") or text(event, "subteam", "id")
