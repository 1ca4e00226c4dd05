"""Checks that what is not set up in Feishu is named as Feishu names it."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot.platforms.feishu.examination import PERMISSIONS, examine
from cards.words import Words
from tests.bot.platforms.feishu.stand import Stand, standing
from tests.fakes.feishu_server import FeishuServer

CHAT, ALONE = "oc_trade", "oc_without_bot"


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT)
    server.tenant.chats[ALONE] = set()
    async with server.serving(), standing(server) as stand:
        yield stand


async def told(
    stand: Stand, *rooms: str, groups: tuple[str, ...] = (), urgent: bool = False, **settings: object
) -> list[str]:
    about = stand.settings.model_copy(update=settings)
    found = await examine(about, stand.kit.session, stand.kit.clock, rooms, groups, urgent=urgent)
    return [Words("en").say(phrase) for phrase in found]


async def test_says_nothing_where_all_is_well(stand: Stand) -> None:
    assert await told(stand, CHAT) == []


@pytest.mark.parametrize("name", [names[0] for names in PERMISSIONS])
async def test_names_each_permission_that_is_missing(stand: Stand, name: str) -> None:
    stand.server.tenant.scopes.discard(name)
    (said,) = await told(stand, CHAT)
    assert name in said
    stand.server.tenant.scopes.add("im:message")
    assert await told(stand, CHAT) == []


async def test_names_each_chat_the_bot_is_not_in(stand: Stand) -> None:
    said = await told(stand, CHAT, ALONE, "oc_never", "payments")
    assert [chat in text for chat, text in zip((ALONE, "oc_never", "payments"), said, strict=True)] == [True] * 3


async def test_user_groups_are_looked_at_where_a_team_names_some(stand: Stand) -> None:
    stand.server.tenant.groups["g1"] = ["ou_lin"]
    assert await told(stand, CHAT, groups=("g1",)) == []
    (said,) = await told(stand, CHAT, groups=("g1", "g404"))
    assert "g404" in said
    stand.server.tenant.scopes.discard("contact:group:readonly")
    (said,) = await told(stand, CHAT, groups=("g1",))
    assert "contact:group:readonly" in said
    assert await told(stand, CHAT) == []


async def test_calling_urgently_needs_a_permission_of_its_own(stand: Stand) -> None:
    (said,) = await told(stand, CHAT, urgent=True)
    assert "im:message.urgent" in said
    stand.server.tenant.scopes.add("im:message.urgent:app_send")
    assert await told(stand, CHAT, urgent=True) == []


async def test_judges_nothing_it_may_not_ask(stand: Stand) -> None:
    stand.server.tenant.scopes.clear()
    assert await told(stand, CHAT) == []


async def test_names_wrong_credentials_and_an_outage(stand: Stand) -> None:
    (said,) = await told(stand, CHAT, app_secret=SecretStr("guessed"))
    assert "TOCSIN_FEISHU__APP_SECRET" in said
    stand.server.tenant.broken = 9
    (said,) = await told(stand, CHAT)
    assert "does not answer" in said
