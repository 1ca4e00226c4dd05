"""Asks Feishu who is in a user group."""

from bot.platforms.feishu.api import Api
from bot.platforms.feishu.envelope import text
from engine.errors import PlatformError
from engine.model import Phrase

EVENTS = ("contact.scope.updated_v3", "contact.user.deleted_v3")
"""Feishu tells of no change of a group; of these it does, and either may take people out of one."""
MOST_PAGES = 20
"""Of 100 people each."""


async def members(api: Api, group: str) -> frozenset[str]:
    """The open ids of the people in a user group, static or dynamic. Whoever is in it by department alone is not told.
    Refused, PlatformBusy; PlatformError for a group that is too large to be read."""
    found: set[str] = set()
    page = ""
    for _ in range(MOST_PAGES):
        asked = {"member_id_type": "open_id", "member_type": "user", "page_size": "100"}
        query = asked | ({"page_token": page} if page else {})
        told = await api.call("GET", f"/open-apis/contact/v3/group/{group}/member/simplelist", query=query)
        listed = told.get("memberlist")
        found |= (
            {text(each, "member_id") for each in listed if isinstance(each, dict)}
            if isinstance(listed, list)
            else set()
        )
        page = text(told, "page_token") if told.get("has_more") is True else ""
        if not page:
            return frozenset(found - {""})
    raise PlatformError(Phrase(word="feishu.error.large_group", values={"group": group, "most": 100 * MOST_PAGES}))
