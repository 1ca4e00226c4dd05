"""Says what an administrator still has to do in Feishu, by Feishu's own names: credentials, permissions, chats."""

from collections.abc import Collection, Iterable

from aiohttp import ClientSession

from bot.platforms.feishu import groups
from bot.platforms.feishu.api import Api
from bot.platforms.feishu.envelope import part
from bot.platforms.feishu.refusals import NOT_IN_CHAT, Refused
from bot.settings import Feishu
from engine.errors import PlatformError
from engine.model import Phrase
from engine.ports import Clock

GRANTED = 1
PERMISSIONS: tuple[tuple[str, ...], ...] = (
    ("im:message:send_as_bot", "im:message"),
    ("im:message:update", "im:message"),
    ("im:message:readonly", "im:message"),
    ("im:message.group_at_msg:readonly", "im:message.group_at_msg", "im:message.group_msg", "im:message"),
    ("im:message.p2p_msg:readonly", "im:message.p2p_msg", "im:message"),
    ("im:message.reactions:read", "im:message"),
    ("im:resource", "im:message"),
)
"""What is needed, each with the wider permissions that hold it; im:message is what older apps were given."""


GROUPS = ("contact:group:readonly", "contact:group")
"""What is needed besides where a team names user groups as approvers."""

URGENT = ("im:message.urgent", "im:message.urgent:app_send")
"""What is needed besides where a team calls by urgent messages (加急)."""


async def examine(
    settings: Feishu,
    session: ClientSession,
    clock: Clock,
    rooms: Iterable[str],
    named: Collection[str] = (),
    *,
    urgent: bool = False,
) -> tuple[Phrase, ...]:
    """Everything that is wrong with the app, these chats (oc_…) and these user groups, one phrase each; nothing where
    all is well. What Feishu does not let the app ask about is not judged."""
    api = Api(settings, session, clock)
    try:
        granted = await _granted(api)
        wanted = (*PERMISSIONS, *((GROUPS,) if named else ()), *((URGENT,) if urgent else ()))
        missing = [names[0] for names in wanted if granted and not granted.intersection(names)]
        chats = [room for room in rooms if not await _in_chat(api, room)]
        groupless = [group for group in named if GROUPS[0] not in missing and not await _is_group(api, group)]
    except PlatformError as error:
        return (error.phrase,)
    return (
        *(Phrase(word="feishu.check.permission", values={"permission": name}) for name in missing),
        *(Phrase(word="feishu.check.chat", values={"chat": chat}) for chat in chats),
        *(Phrase(word="feishu.check.group", values={"group": group}) for group in groupless),
    )


async def _granted(api: Api) -> frozenset[str]:
    """The permissions the app was given; none known where it may not ask."""
    try:
        listed = (await api.call("GET", "/open-apis/application/v6/scopes")).get("scopes")
    except Refused as refused:
        if refused.phrase.word == "feishu.error.credentials":
            raise
        return frozenset()
    scopes = [part({"scope": each}, "scope") for each in (listed if isinstance(listed, list) else [])]
    return frozenset(str(each.get("scope_name")) for each in scopes if each.get("grant_status") == GRANTED)


async def _in_chat(api: Api, chat: str) -> bool:
    """Whether the bot is in this chat, or Feishu does not say."""
    if not chat.startswith("oc_") or not chat.isascii() or "/" in chat:
        return False
    try:
        answer = await api.call("GET", f"/open-apis/im/v1/chats/{chat}/members/is_in_chat")
    except Refused as refused:
        return refused.code not in NOT_IN_CHAT
    return answer.get("is_in_chat") is not False


async def _is_group(api: Api, group: str) -> bool:
    """Whether Feishu tells who is in this user group."""
    try:
        await groups.members(api, group)
    except Refused:
        return False
    return True
