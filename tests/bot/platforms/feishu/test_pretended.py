"""Holds the pretended tenant to lark-oapi's own client, and shows what it refuses of what we might send wrongly."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from typing import Any

import pytest
from aiohttp import ClientSession, web

from bot.platforms.feishu.drawing import Easel
from cards.model import Button, Buttons, Card, Prose
from tests.bot.platforms.feishu.stand import Stand, standing
from tests.fakes.feishu_rest import APP_ID, APP_SECRET
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.wecom_app_server import serving

CHAT, GONE = "oc_trade", "oc_without_bot"
MESSAGES = "/open-apis/im/v1/messages"
SHOWN = Card(title="P1", summary="s", blocks=(Prose("x"), Buttons((Button("a", "b"),))), incident="inc_1")


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT)
    server.tenant.chats[GONE] = set()
    async with server.serving(), standing(server) as stand:
        yield stand


async def card_of(stand: Stand) -> dict[str, Any]:
    drawn: dict[str, Any] = json.loads(await Easel(stand.kit).card(SHOWN, "", CHAT))
    return drawn


async def call(stand: Stand, method: str, path: str, body: Any, **more: Any) -> tuple[int, int]:
    """Status and code of one raw call."""
    about: dict[str, Any] = {"headers": {"Authorization": f"Bearer {await token(stand)}"}}
    async with (
        ClientSession() as session,
        session.request(method, stand.server.domain + path, json=body, **about | more) as answer,
    ):
        return answer.status, json.loads(await answer.read())["code"]


async def token(stand: Stand) -> str:
    if not stand.server.tenant.tokens:
        body = {"app_id": APP_ID, "app_secret": APP_SECRET}
        url = f"{stand.server.domain}/open-apis/auth/v3/tenant_access_token/internal"
        async with ClientSession() as session, session.post(url, json=body) as answer:
            assert (await answer.json())["code"] == 0
    return next(iter(stand.server.tenant.tokens))


def message(card: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"receive_id": CHAT, "msg_type": "interactive", "content": json.dumps(card), "uuid": "u"} | more


TO = f"{MESSAGES}?receive_id_type=chat_id"
MUTANTS: dict[str, tuple[int, Any]] = {
    "receive_id of nobody": (230001, lambda c: (TO, message(c, receive_id="oc_nobody"))),
    "receive_id of no text": (230001, lambda c: (TO, message(c, receive_id=7))),
    "no receive_id_type": (99992402, lambda c: (MESSAGES, message(c))),
    "a receive_id_type that is not its own": (230001, lambda c: (f"{MESSAGES}?receive_id_type=open_id", message(c))),
    "an unknown query": (99992402, lambda c: (f"{TO}&urgent=1", message(c))),
    "an unknown property": (99992402, lambda c: (TO, message(c, thread="x"))),
    "content as an object": (99992402, lambda c: (TO, message(c, content=c))),
    "content that is no JSON": (230099, lambda c: (TO, message(c, content="{"))),
    "content that is a list": (230099, lambda c: (TO, message(c, content="[]"))),
    "a card of version 1": (230099, lambda c: (TO, message(c, content=json.dumps({"elements": []})))),
    "a card not shared": (230099, lambda c: (TO, message(c | {"config": {"update_multi": False}}))),
    "a card over 30 KB": (230025, lambda c: (TO, message(c, content=json.dumps(c | {"x": "y" * 31_000})))),
    "another message type": (230001, lambda c: (TO, message(c, msg_type="text"))),
    "a uuid over 50": (99992402, lambda c: (TO, message(c, uuid="u" * 51))),
    "a uuid of no text": (99992402, lambda c: (TO, message(c, uuid=7))),
    "a chat without the bot": (230002, lambda c: (TO, message(c, receive_id=GONE))),
    "a body that is a list": (99992402, lambda c: (TO, [])),
    "an answer to no message": (230001, lambda c: (f"{MESSAGES}/om_nothing/reply", _answer(c))),
    "an answer to no id": (230001, lambda c: (f"{MESSAGES}/om-1/reply", _answer(c))),
    "an answer with receive_id": (99992402, lambda c: (f"{MESSAGES}/ROOT/reply", _answer(c, receive_id=CHAT))),
    "an answer beside the thread": (1, lambda c: (f"{MESSAGES}/ROOT/reply", _answer(c, reply_in_thread=False))),
    "a thread that is no boolean": (99992402, lambda c: (f"{MESSAGES}/ROOT/reply", _answer(c, reply_in_thread="yes"))),
}


def _answer(card: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"msg_type": "interactive", "content": json.dumps(card), "reply_in_thread": True} | more


@pytest.mark.parametrize("name", MUTANTS)
async def test_refuses_a_post_gone_wrong(stand: Stand, name: str) -> None:
    root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
    code, make = MUTANTS[name]
    path, body = make(await card_of(stand))
    status, said = await call(stand, "POST", path.replace("ROOT", root), body)
    assert (status, said) == (400, code)
    assert len(stand.server.tenant.messages) == 1


async def test_takes_what_the_mutants_are_mutants_of(stand: Stand) -> None:
    card = await card_of(stand)
    assert await call(stand, "POST", TO, message(card)) == (200, 0)
    (root,) = stand.server.tenant.messages
    assert await call(stand, "POST", f"{MESSAGES}/{root}/reply", _answer(card)) == (200, 0)
    assert await call(stand, "PATCH", f"{MESSAGES}/{root}", {"content": json.dumps(card)}) == (200, 0)


EDITS: dict[str, tuple[int, Any]] = {
    "an edit with a message type": (99992402, lambda c: {"content": json.dumps(c), "msg_type": "interactive"}),
    "an edit with an object": (99992402, lambda c: {"content": c}),
    "an edit without content": (99992402, lambda c: {}),
    "an edit that unshares": (230099, lambda c: {"content": json.dumps(c | {"config": {"update_multi": False}})}),
}


@pytest.mark.parametrize("name", EDITS)
async def test_refuses_an_edit_gone_wrong(stand: Stand, name: str) -> None:
    root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
    code, make = EDITS[name]
    assert await call(stand, "PATCH", f"{MESSAGES}/{root}", make(await card_of(stand))) == (400, code)
    assert stand.server.tenant.messages[root].edits == 0


async def test_refuses_to_edit_what_is_old_recalled_or_anothers(stand: Stand) -> None:
    root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
    body = {"content": json.dumps(await card_of(stand))}
    said = stand.server._written("ou_lin", CHAT, root, "text", {"text": "x"})
    assert await call(stand, "PATCH", f"{MESSAGES}/{said.id}", body) == (400, 230026)
    stand.server.age(14.1)
    stand.server.tenant.tokens.clear()
    assert await call(stand, "PATCH", f"{MESSAGES}/{root}", body) == (400, 230031)
    stand.server.tenant.messages[root].recalled = True
    assert await call(stand, "PATCH", f"{MESSAGES}/{root}", body) == (400, 230011)


@pytest.mark.parametrize(
    "said, code",
    [({}, 99991661), ({"Authorization": "Bearer guessed"}, 99991663), ({"Authorization": "Basic x"}, 99991661)],
)
async def test_refuses_who_has_no_token(stand: Stand, said: dict[str, str], code: int) -> None:
    card = await card_of(stand)
    assert await call(stand, "POST", TO, message(card), headers=said) == (400, code)


async def test_refuses_calls_over_pace_per_chat_and_per_message(stand: Stand) -> None:
    card = await card_of(stand)
    codes = [await call(stand, "POST", TO, message(card, uuid=f"{number}")) for number in range(7)]
    assert codes == [(200, 0)] * 5 + [(400, 230020)] * 2
    root = next(iter(stand.server.tenant.messages))
    body = {"content": json.dumps(card)}
    codes = [await call(stand, "PATCH", f"{MESSAGES}/{root}", body) for _ in range(7)]
    assert codes == [(200, 0)] * 5 + [(400, 230020)] * 2


@pytest.mark.parametrize(
    "answer",
    [{"toast": {"type": "success", "text": "x"}}, {"message": "x"}, {"toast": {"type": "info"}, "ok": True}],
)
async def test_shows_no_answer_with_a_property_it_does_not_know(stand: Stand, answer: dict[str, Any]) -> None:
    async def given(body: Mapping[str, Any], retries: int = 0) -> Any:
        return answer

    stand.server.deliver = given  # type: ignore[method-assign]
    with pytest.raises(AssertionError):
        await stand.server.sees({})


async def test_a_ticket_opens_one_connection(stand: Stand) -> None:
    body = {"AppID": APP_ID, "AppSecret": APP_SECRET}
    async with ClientSession() as session:
        async with session.post(f"{stand.server.domain}/callback/ws/endpoint", json=body) as answer:
            url = (await answer.json())["data"]["URL"].replace("ws://", "http://")
        async with session.ws_connect(url):
            pass
        async with session.get(url) as again:
            assert (again.status, again.headers["handshake-status"]) == (403, "514")


async def test_what_is_answered_late_counts_as_not_answered_and_comes_again(stand: Stand) -> None:
    """A callback that takes longer than three seconds: an event is brought five times, and a click has failed."""

    async def sleepy(request: web.Request) -> web.Response:
        await asyncio.sleep(1.0)
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/", sleepy)
    async with serving(app) as url:
        stand.server.callback, stand.server.deadline = (url, "key", "token"), 0.05
        said = stand.server._written("ou_lin", CHAT, "", "text", {"text": "x"})
        assert await stand.server.deliver(stand.server.message_event(said, [])) is None
        assert len(stand.server.late) == 5
        root = await stand.platform.post(CHAT, "", SHOWN, "inc_1/header")
        assert (await stand.server.presses("ou_lin", root, "b")).failed
        assert (len(stand.server.late), stand.server.codes) == (6, [])


async def test_refuses_the_long_connection_without_the_secret(stand: Stand) -> None:
    for body in ({"AppID": APP_ID, "AppSecret": "guessed"}, {"AppID": APP_ID}, {"AppID": APP_ID, "x": 1}):
        url = f"{stand.server.domain}/callback/ws/endpoint"
        async with ClientSession() as session, session.post(url, json=body) as answer:
            assert (await answer.json())["code"] == 1000040344


async def test_the_vendors_own_client_gets_what_it_expects(stand: Stand) -> None:
    """lark-oapi, with its own token, requests and models: post, answer in the thread, edit, look, react."""
    content = json.dumps(await card_of(stand))
    done = await asyncio.to_thread(with_the_sdk, stand.server.domain, content)
    root, answer = (stand.server.tenant.messages[id] for id in done)
    assert (root.chat, answer.root) == (CHAT, root.id)
    assert (root.edits, root.reactions) == (1, [(APP_ID, "OK")])


def with_the_sdk(domain: str, content: str) -> tuple[str, str]:
    async def loaded() -> tuple[Any, Any]:
        return import_module("lark_oapi"), import_module("lark_oapi.api.im.v1")

    lark, im = asyncio.run(loaded())
    client = lark.Client.builder().app_id(APP_ID).app_secret(APP_SECRET).domain(domain).build()
    lark.core.token.manager.TokenManager.cache = _NoCache()
    messages = client.im.v1.message
    made = im.CreateMessageRequestBody.builder().receive_id(CHAT).msg_type("interactive").content(content)
    posted = messages.create(
        im.CreateMessageRequest.builder().receive_id_type("chat_id").request_body(made.uuid("k").build()).build()
    )
    assert posted.success(), posted.msg
    again = im.ReplyMessageRequestBody.builder().msg_type("interactive").content(content).reply_in_thread(True)
    root = posted.data.message_id
    replied = messages.reply(
        im.ReplyMessageRequest.builder().message_id(root).request_body(again.uuid("l").build()).build()
    )
    assert replied.success(), replied.msg
    assert replied.data.thread_id.startswith("omt_")
    body = im.PatchMessageRequestBody.builder().content(content).build()
    assert messages.patch(im.PatchMessageRequest.builder().message_id(root).request_body(body).build()).success()
    seen = messages.get(im.GetMessageRequest.builder().message_id(root).build())
    assert seen.data.items[0].chat_id == CHAT
    assert seen.data.items[0].sender.sender_type == "app"
    emoji = im.Emoji.builder().emoji_type("OK").build()
    reacted = client.im.v1.message_reaction.create(
        im.CreateMessageReactionRequest.builder()
        .message_id(root)
        .request_body(im.CreateMessageReactionRequestBody.builder().reaction_type(emoji).build())
        .build()
    )
    assert reacted.success(), reacted.msg
    wrong = messages.patch(im.PatchMessageRequest.builder().message_id("om_none").request_body(body).build())
    assert (wrong.code, wrong.success()) == (230001, False)
    return root, replied.data.message_id


class _NoCache:
    """The SDK's own cache is one for all clients of a process; tests have a tenant each."""

    def get(self, key: str) -> str:
        return ""

    def set(self, key: str, value: str, expire: int) -> None: ...
