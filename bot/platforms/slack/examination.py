"""Says what an administrator still has to do in Slack, by Slack's own names: tokens, scopes, channels."""

from collections.abc import Collection, Iterable

from aiohttp import ClientSession

from bot.platforms.slack import groups
from bot.platforms.slack.api import Api
from bot.platforms.slack.payload import part, text
from bot.platforms.slack.refusals import CREDENTIALS, Refused
from bot.settings import Slack
from engine.errors import PlatformError
from engine.model import Phrase
from engine.ports import Clock

SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "reactions:read",
    "users:read",
)
"""What is needed; docs/how-to/slack.md says what does not work without each."""


GROUPS = "usergroups:read"
"""What is needed besides where a team names user groups as approvers."""


async def examine(
    settings: Slack, session: ClientSession, clock: Clock, rooms: Iterable[str], named: Collection[str] = ()
) -> tuple[Phrase, ...]:
    """Everything that is wrong with the app, these channels (C…) and these user groups (S…), one phrase each; nothing
    where all is well."""
    api = Api(settings, session, clock)
    try:
        itself = await api.itself()
        wanted = (*SCOPES, GROUPS) if named else SCOPES
        missing = [scope for scope in wanted if api.granted and scope not in api.granted]
        channels = [room for room in rooms if not await _is_in(api, room)]
        groupless = [group for group in named if GROUPS not in missing and not await _is_group(api, group)]
    except PlatformError as error:
        return (error.phrase,)
    team = text(itself, "team_id")
    strange = bool(settings.workspaces) and team not in settings.workspaces
    return (
        *await _socket(api, settings),
        *((Phrase(word="slack.check.workspace", values={"team": team}),) if strange else ()),
        *(Phrase(word="slack.check.scope", values={"scope": scope}) for scope in missing),
        *(Phrase(word="slack.check.channel", values={"channel": channel}) for channel in channels),
        *(Phrase(word="slack.check.group", values={"group": group}) for group in groupless),
    )


async def _socket(api: Api, settings: Slack) -> tuple[Phrase, ...]:
    """What is wrong with the app token, where one is set."""
    if not settings.app_token.get_secret_value():
        return ()
    try:
        await api.socket()
    except Refused as refused:
        known = refused.code in CREDENTIALS or refused.code == "missing_scope"
        return (Phrase(word="slack.check.app_token", values={"code": refused.code}) if known else refused.phrase,)
    except PlatformError as error:
        return (error.phrase,)
    return ()


async def _is_in(api: Api, channel: str) -> bool:
    """Whether the bot is a member of this channel, or Slack does not say."""
    try:
        told = part(await api.ask("conversations.info", channel=channel), "channel")
    except Refused as refused:
        return refused.code == "missing_scope"
    return told.get("is_member") is not False and told.get("is_archived") is not True


async def _is_group(api: Api, group: str) -> bool:
    """Whether Slack tells who is in this user group."""
    try:
        await groups.members(api, group)
    except Refused:
        return False
    return True
