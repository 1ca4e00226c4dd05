"""Checks that what is not set up in WeCom is named as WeCom names it."""

from collections.abc import Mapping

import pytest
from aiohttp import ClientSession

from bot.platforms.wecom.examination import examine
from cards.words import Words
from tests.bot.platforms.wecom.test_app import settings
from tests.fakes.clock import FakeClock
from tests.fakes.wecom_app_server import SECRET, wecom_app_server


async def told(wrong: Mapping[str, str] = {}, *, untrusted: bool = False) -> list[str]:
    clock = FakeClock()
    async with wecom_app_server(clock.now) as server, ClientSession() as session:
        server.untrusted = untrusted
        found = await examine(settings(server.url, **wrong), session, clock)
    assert all("[" not in Words("zh").say(phrase) for phrase in found)
    return [Words("en").say(phrase) for phrase in found]


async def test_says_nothing_where_all_is_well() -> None:
    assert await told() == []


async def test_an_ai_bot_alone_is_not_asked() -> None:
    bot = {"bot_id": "aib1", "bot_secret": "s", "corp_id": "", "secret": "", "token": "", "encoding_aes_key": ""}
    assert await told(bot) == []


@pytest.mark.parametrize(
    "wrong,named",
    [
        ({"secret": "other"}, "TOCSIN_WECOM__SECRET"),
        ({"agent_id": "7"}, "TOCSIN_WECOM__AGENT_ID"),
        ({"agent_id": ""}, "TOCSIN_WECOM__AGENT_ID"),
        ({"secret": ""}, "TOCSIN_WECOM__SECRET"),
        ({"token": ""}, "TOCSIN_WECOM__TOKEN"),
        ({"encoding_aes_key": ""}, "TOCSIN_WECOM__ENCODING_AES_KEY"),
        ({"encoding_aes_key": "short"}, "TOCSIN_WECOM__ENCODING_AES_KEY"),
        ({"bot_id": "aib1"}, "TOCSIN_WECOM__BOT_SECRET"),
        ({"bot_secret": "s"}, "TOCSIN_WECOM__BOT_ID"),
    ],
)
async def test_names_what_is_wrong(wrong: Mapping[str, str], named: str) -> None:
    (said,) = await told(wrong)
    assert named in said
    assert SECRET not in said


async def test_an_address_nobody_trusts_is_named() -> None:
    (said,) = await told(untrusted=True)
    assert "企业可信IP" in said
