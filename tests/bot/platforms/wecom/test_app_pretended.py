"""Shows what the pretended interface of a self-built app refuses of what we might send or answer wrongly."""

import asyncio
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientSession, web

from bot.platforms.wecom.app import PATH
from tests.bot.platforms.wecom.desk import plan_card
from tests.bot.platforms.wecom.test_app import KEY, ROOM, AppDesk, app_desk
from tests.fakes.wecom_app_server import (
    AGENT,
    BAD_AGENT,
    BAD_BODY,
    BAD_CODE,
    BAD_SECRET,
    BAD_TOKEN,
    CORP,
    EXPIRED,
    NO_MEDIA,
    SECRET,
    TOO_OFTEN,
    serving,
)

Body = dict[str, Any]
Spoil = Callable[[Body], object]
SEND, UPDATE = "message/send", "message/update_template_card"
TEXT: Body = {"touser": "lin", "agentid": int(AGENT), "msgtype": "markdown", "markdown": {"content": "### P1"}}
CARD: Body = {
    "touser": "lin",
    "agentid": int(AGENT),
    "msgtype": "template_card",
    "template_card": {
        "card_type": "button_interaction",
        "source": {"desc": "inc_1", "desc_color": 2},
        "main_title": {"title": "P1", "desc": "pay"},
        "horizontal_content_list": [{"keyname": "who", "value": "lin"}],
        "jump_list": [{"type": 1, "title": "page", "url": "https://tocsin.example/"}],
        "task_id": "inc_1@abc",
        "button_list": [{"text": "Take it", "style": 1, "key": "k"}],
    },
}


def put(*way: str | int, to: Any) -> Spoil:
    """Put this at that place."""

    def spoil(body: Body) -> None:
        here: Any = body
        for name in way[:-1]:
            here = here[name]
        here[way[-1]] = to

    return spoil


def on_card(*way: str | int, to: Any) -> Spoil:
    return put("template_card", *way, to=to)


MUTANTS: dict[str, tuple[Body, Spoil, int]] = {
    "another app": (TEXT, put("agentid", to=7), BAD_AGENT),
    "an agent id in quotes": (TEXT, put("agentid", to=AGENT), BAD_AGENT),
    "a type there is none of": (TEXT, put("msgtype", to="html"), BAD_BODY),
    "a stream": (TEXT, lambda b: b.update(msgtype="stream", stream={"id": "s", "content": "x"}), BAD_BODY),
    "an empty text": (TEXT, put("markdown", "content", to=""), BAD_BODY),
    "a text over 2048 bytes": (TEXT, put("markdown", "content", to="长" * 683), BAD_BODY),
    "a mention of all": (TEXT, put("markdown", "content", to="<@all>"), BAD_BODY),
    "a mention of nobody there": (TEXT, put("markdown", "content", to="<@mallory>"), BAD_BODY),
    "an address outside a link": (TEXT, put("markdown", "content", to="see http://evil.example"), BAD_BODY),
    "a link that is no web address": (TEXT, put("markdown", "content", to="[x](javascript:x)"), BAD_BODY),
    "a colour there is none of": (TEXT, put("markdown", "content", to='<font color="red">x</font>'), BAD_BODY),
    "a font that is not closed": (TEXT, put("markdown", "content", to='<font color="info">x'), BAD_BODY),
    "an invisible character": (TEXT, put("markdown", "content", to="a\u202eb"), BAD_BODY),
    "an unknown property": (TEXT, put("color", to="red"), BAD_BODY),
    "a message without its text": (TEXT, lambda b: b.pop("markdown"), BAD_BODY),
    "a picture nobody handed over": (
        TEXT,
        lambda b: (b.pop("markdown"), b.update(msgtype="image", image={"media_id": "media-9"})),
        NO_MEDIA,
    ),
    "a card of a type we never draw": (CARD, on_card("card_type", to="vote_interaction"), BAD_BODY),
    "a card without a task": (CARD, lambda b: b["template_card"].pop("task_id"), BAD_BODY),
    "a task with a sign that is none": (CARD, on_card("task_id", to="inc_1#abc"), BAD_BODY),
    "a title over 26": (CARD, on_card("main_title", "title", to="x" * 27), BAD_BODY),
    "seven buttons": (
        CARD,
        on_card("button_list", to=[{"text": str(n), "style": 1, "key": str(n)} for n in range(7)]),
        BAD_BODY,
    ),
    "one key twice": (
        CARD,
        on_card("button_list", to=[{"text": "a", "key": "k"}, {"text": "b", "key": "k"}]),
        BAD_BODY,
    ),
    "a button over ten characters": (CARD, on_card("button_list", 0, "text", to="x" * 11), BAD_BODY),
    "a key over 1024 bytes": (CARD, on_card("button_list", 0, "key", to="k" * 1_025), BAD_BODY),
    "a style there is none of": (CARD, on_card("button_list", 0, "style", to=9), BAD_BODY),
    "a fact whose name is over five": (CARD, on_card("horizontal_content_list", 0, "keyname", to="x" * 6), BAD_BODY),
    "a jump that leads nowhere": (CARD, on_card("jump_list", 0, "url", to="/incidents"), BAD_BODY),
    "an unknown property of a card": (CARD, on_card("image", to={}), BAD_BODY),
    "a notice without a target": (
        CARD,
        lambda b: (b["template_card"].pop("button_list"), b["template_card"].update(card_type="text_notice")),
        BAD_BODY,
    ),
}


async def ask(here: AppDesk, path: str, body: object, token: str = "") -> int:
    async with ClientSession() as session:
        about = {"corpid": CORP, "corpsecret": SECRET}
        async with session.get(f"{here.server.url}/cgi-bin/gettoken", params=about) as response:
            good = (await response.json())["access_token"]
        url = f"{here.server.url}/cgi-bin/{path}"
        async with session.post(url, params={"access_token": token or good}, json=body) as response:
            assert response.status == 200, "WeCom says what is wrong in the body"
            return int((await response.json())["errcode"])


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_mutant_is_refused(name: str) -> None:
    good, spoil, code = MUTANTS[name]
    async with app_desk() as here:
        assert await ask(here, SEND, good) == 0, "what it is a mutant of is taken"
        broken = deepcopy(good)
        spoil(broken)
        assert await ask(here, SEND, broken) == code
        assert len(here.server.messages) == 1


def test_there_are_enough_of_them() -> None:
    assert len(MUTANTS) >= 20


async def test_calls_there_are_none_of_and_credentials_that_are_none() -> None:
    async with app_desk() as here:
        assert await ask(here, "message/recall", TEXT) == -1
        assert await ask(here, UPDATE, TEXT) == BAD_BODY
        for about in ({"corpid": CORP, "corpsecret": "guessed"}, {"corpid": "ww0", "corpsecret": SECRET}, {}):
            async with here.server.session.get(f"{here.server.url}/cgi-bin/gettoken", params=about) as response:
                assert (await response.json())["errcode"] == BAD_SECRET
        here.server._tokens["old"] = here.clock.now() - timedelta(seconds=1)
        assert await ask(here, SEND, TEXT, token="old") == EXPIRED


async def test_an_answer_after_five_seconds_is_late_and_comes_again() -> None:
    async def sleepy(request: web.Request) -> web.Response:
        await asyncio.sleep(1.0)
        return web.Response(text="")

    async with app_desk() as here:
        app = web.Application()
        app.router.add_post(PATH, sleepy)
        async with serving(app) as url:
            here.server.callback, here.server.patience = f"{url}{PATH}", 0.05
            message = here.server.message("lin", {"MsgType": "text", "Content": "hi", "MsgId": "1"})
            assert await here.server.delivered(message) == 0
            assert here.server.late == 4, "once, and three times more"
        here.server.callback, here.server.patience = f"{here.address}{PATH}", 5.0
        assert await here.server.delivered(message) == 200
        assert here.server.late == 4


async def test_an_answer_with_words_is_none() -> None:
    async def talks(request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async with app_desk() as here:
        app = web.Application()
        app.router.add_post(PATH, talks)
        async with serving(app) as url:
            here.server.callback = f"{url}{PATH}"
            with pytest.raises(AssertionError):
                await here.server.say("lin", "hi")


async def test_tokens_codes_and_pace_are_held_to() -> None:
    async with app_desk() as here:
        assert await ask(here, SEND, TEXT, token="made-up") == BAD_TOKEN
        await here.platform.post(ROOM, "", plan_card(), KEY)
        await here.server.press("lin", "驳回")
        await here.idle()
        (code,) = here.server._codes
        card = here.server.messages[-1].card
        update = {"userids": ["lin"], "agentid": int(AGENT), "response_code": code, "template_card": card}
        assert await ask(here, UPDATE, update) == BAD_CODE, "the press used it already"
        await here.server.press("lin", "驳回")
        await here.idle()
        *_, code = here.server._codes
        here.server._codes[code].used = False
        other = update | {"response_code": code, "template_card": {**(card or {}), "task_id": "other"}}
        assert await ask(here, UPDATE, other) == BAD_BODY
        here.server._codes[code].at -= timedelta(hours=73)
        assert await ask(here, UPDATE, update | {"response_code": code}) == BAD_CODE
        codes = [await ask(here, SEND, TEXT) for _ in range(31)]
        assert codes[-1] == TOO_OFTEN
