"""Holds the fake workspace to Slack's own clients, and checks that it refuses what Slack would refuse."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from typing import Any

import pytest
from aiohttp import ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.platforms.seal import Seal
from cards.model import Ask, Button, Buttons, Card, Chart, Facts, Field, Prose, Table
from cards.render import slack as drawn
from tests.bot.platforms.slack.conftest import OTHER, ROOM
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import APP_TOKEN, BOT_TOKEN, Human

STAGE = drawn.Stage("https://tocsin.example", Seal(b"k" * 32).close)
APPROVE = Buttons((Button("approve", "Approve", {"incident": "inc_1"}, "danger"),), approval=True)
BLOCKS = (
    Prose("why"),
    Facts((("Service", "payment"),)),
    Table(("a", "b"), (("1", "2"),)),
    Chart("errors", ((1e9, 1.0), (1e9 + 15, 2.0)), "%"),
    APPROVE,
)
CARD = Card("payment fails", "payment fails", blocks=BLOCKS, incident="inc_1")
FORM = Ask("Execute?", "approvers", None, "approve", "Execute", {"incident": "inc_1"}, (Field("word", "Type it"),))
Json = dict[str, Any]


@pytest.fixture
async def client(slack: SlackServer) -> AsyncIterator[AsyncWebClient]:
    async with ClientSession() as session:
        yield AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url, session=session, retry_handlers=[])


@pytest.fixture
def lin(slack: SlackServer) -> Human:
    return slack.workspace.human("U1LIN", "Lin")


def message() -> Json:
    return {"channel": ROOM, **copy.deepcopy(drawn.message(CARD, STAGE).payload)}


def below(payload: Json, kind: str) -> Json:
    """The first block of this kind."""
    blocks = [*payload["blocks"], *(b for a in payload["attachments"] for b in a["blocks"])]
    return next(block for block in blocks if block["type"] == kind)


async def test_slacks_own_client_posts_edits_and_uploads(slack: SlackServer, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(**message())
    replied = await client.chat_postMessage(**message(), thread_ts=posted["ts"])
    await client.chat_update(**{**message(), "channel": ROOM}, ts=replied["ts"])
    told = await client.conversations_replies(channel=ROOM, ts=posted["ts"])
    assert [each["ts"] for each in told["messages"]] == [posted["ts"], replied["ts"]]
    uploaded = await client.files_upload_v2(file=BytesIO(b"\x89PNG"), filename="chart.png")
    assert uploaded["file"]["id"] in slack.workspace.ready


async def test_slacks_own_socket_connects_and_acknowledges(slack: SlackServer, client: AsyncWebClient, lin: Human):
    heard: list[str] = []

    async def hear(socket: Any, request: SocketModeRequest) -> None:
        heard.append(request.type)
        await socket.send_socket_mode_response(
            SocketModeResponse(envelope_id=request.envelope_id, payload={"text": "ok"})
        )

    socket = SocketModeClient(APP_TOKEN, web_client=client)
    socket.socket_mode_request_listeners.append(hear)
    await socket.connect()
    await slack.commands(lin, ROOM, "help")
    await slack.opens_home(lin)
    assert heard == ["slash_commands", "events_api"]
    assert [told.text for told in slack.told(lin)] == ["ok"]
    await socket.close()
    left = (socket.message_processor, socket.message_receiver, socket.current_session_monitor)
    await asyncio.wait({task for task in left if task is not None})


def _set(path: str, value: object) -> Callable[[Json], None]:
    def spoil(payload: Json) -> None:
        payload[path] = value

    return spoil


def _block(kind: str, name: str, value: object) -> Callable[[Json], None]:
    def spoil(payload: Json) -> None:
        below(payload, kind)[name] = value

    return spoil


def _element(name: str, value: object) -> Callable[[Json], None]:
    def spoil(payload: Json) -> None:
        below(payload, "actions")["elements"][0][name] = value

    return spoil


def _many_blocks(payload: Json) -> None:
    payload["blocks"] = [{"type": "divider", "block_id": f"d{at}"} for at in range(51)]


def _same_id(payload: Json) -> None:
    first, second = payload["attachments"][0]["blocks"][:2]
    second["block_id"] = first["block_id"]


def _crowded(payload: Json) -> None:
    row = below(payload, "actions")
    row["elements"] = [{**row["elements"][0], "action_id": f"press.{at}"} for at in range(26)]


def _wide(payload: Json) -> None:
    below(payload, "table")["rows"][0] = [{"type": "raw_text", "text": "x"}] * 21


PLAIN = {"type": "plain_text", "text": "x"}
MUTANTS: dict[str, tuple[Callable[[Json], None], str]] = {
    "a channel nobody knows": (_set("channel", "C0NOWHERE"), "channel_not_found"),
    "an unknown argument": (_set("colour", "red"), "invalid_arguments"),
    "a thread nobody knows": (_set("thread_ts", "1.000001"), "message_not_found"),
    "metadata of another shape": (_set("metadata", {"key": "x"}), "invalid_metadata_format"),
    "no text for notifications": (_set("text", ""), "invalid_blocks"),
    "too much text": (_set("text", "x" * 40_001), "invalid_blocks"),
    "too many blocks": (_many_blocks, "invalid_blocks"),
    "one block id twice": (_same_id, "invalid_blocks"),
    "an unknown block": (_block("header", "type", "heading"), "invalid_blocks"),
    "an unknown property of a block": (_block("header", "colour", "red"), "invalid_blocks"),
    "a title that is too long": (_block("header", "text", {**PLAIN, "text": "x" * 151}), "invalid_blocks"),
    "a title in markup": (_block("header", "text", {"type": "mrkdwn", "text": "x"}), "invalid_blocks"),
    "a block id that is too long": (_block("header", "block_id", "x" * 256), "invalid_blocks"),
    "too many buttons": (_crowded, "invalid_blocks"),
    "a button that says too much": (_element("text", {**PLAIN, "text": "x" * 76}), "invalid_blocks"),
    "a button that carries too much": (_element("value", "x" * 2_001), "invalid_blocks"),
    "a button in markup": (_element("text", {"type": "mrkdwn", "text": "x"}), "invalid_blocks"),
    "a style nobody knows": (_element("style", "loud"), "invalid_blocks"),
    "an action id that is too long": (_element("action_id", "x" * 256), "invalid_blocks"),
    "a table that is too wide": (_wide, "invalid_blocks"),
    "fields that are too long": (_block("section", "fields", [{**PLAIN, "text": "x" * 2_001}]), "invalid_blocks"),
    "too many fields": (_block("section", "fields", [PLAIN] * 11), "invalid_blocks"),
}


@pytest.mark.parametrize("name", MUTANTS)
async def test_a_spoilt_message_is_refused(slack: SlackServer, client: AsyncWebClient, name: str) -> None:
    spoil, code = MUTANTS[name]
    payload = message()
    spoil(payload)
    with pytest.raises(SlackApiError) as refused:
        await client.api_call("chat.postMessage", json=payload)
    assert refused.value.response["error"] == code
    assert slack.shown(ROOM) == []


@pytest.mark.parametrize("name", ["a picture nobody uploaded", "one of both ends"])
async def test_a_picture_must_be_there(slack: SlackServer, client: AsyncWebClient, name: str) -> None:
    pictured = drawn.message(CARD, drawn.Stage(STAGE.public_url, STAGE.close, {0: "F404"})).payload
    if name == "one of both ends":
        below(pictured, "image")["image_url"] = "https://example.com/x.png"
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        await client.chat_postMessage(channel=ROOM, **pictured)


async def test_tokens_are_looked_at(slack: SlackServer, client: AsyncWebClient) -> None:
    for token, code in (("xoxb-wrong", "invalid_auth"), (APP_TOKEN, "invalid_auth"), ("", "not_authed")):
        client.token = token
        with pytest.raises(SlackApiError, match=code):
            await client.chat_postMessage(**message())
    with pytest.raises(SlackApiError, match="invalid_auth"):
        await client.apps_connections_open(app_token=BOT_TOKEN)
    client.token = BOT_TOKEN
    with pytest.raises(SlackApiError, match="unknown_method"):
        await client.api_call("chat.shout", json={})


async def test_only_ones_own_messages_in_their_room_are_edited(slack: SlackServer, client: AsyncWebClient, lin: Human):
    talk = slack.workspace.said(ROOM, lin.id, "talk")
    posted = await client.chat_postMessage(**message())
    for where, code in (
        ({"channel": ROOM, "ts": talk.ts}, "cant_update_message"),
        ({"channel": OTHER, "ts": posted["ts"]}, "message_not_found"),
    ):
        with pytest.raises(SlackApiError, match=code):
            await client.chat_update(**{**message(), **where})


async def test_a_form_opens_once_in_time_and_within_bounds(slack: SlackServer, client: AsyncWebClient, lin: Human):
    view = drawn.modal(FORM, STAGE, "about")
    trigger = slack.workspace.trigger(lin.id)
    for name, value in (("title", {**PLAIN, "text": "x" * 25}), ("blocks", view["blocks"] * 60), ("shape", "round")):
        with pytest.raises(SlackApiError, match="invalid_arguments"):
            await client.views_open(trigger_id=trigger, view={**view, name: value})
    await client.views_open(trigger_id=trigger, view=view)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await client.views_open(trigger_id=trigger, view=view)
    late = slack.workspace.trigger(lin.id)
    began = slack.workspace.tick()
    slack.workspace.tick = lambda: began + 3.5
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client.views_open(trigger_id=late, view=view)
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        await client.views_open(trigger_id="1.2.3", view=view)


async def test_an_address_for_answers_takes_five(slack: SlackServer, lin: Human) -> None:
    url = slack.workspace.responder(lin.id, ROOM, "")
    async with ClientSession() as session:
        for status in (200, 200, 200, 200, 200, 404):
            async with session.post(url, json=drawn.ephemeral("hello")) as answer:
                assert answer.status == status
    assert len(slack.told(lin)) == 5


async def test_calls_over_pace_are_told_to_wait(slack: SlackServer, client: AsyncWebClient) -> None:
    for _ in range(10):
        await client.chat_postMessage(**message())
    with pytest.raises(SlackApiError, match="ratelimited") as refused:
        await client.chat_postMessage(**message())
    assert (refused.value.response.status_code, int(refused.value.response.headers["Retry-After"])) >= (429, 1)
    posted = slack.shown(ROOM)[0]
    for _ in range(50):
        await client.chat_update(**{**message(), "ts": posted.ts})
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.chat_update(**{**message(), "ts": posted.ts})


async def test_a_ticket_opens_one_connection(slack: SlackServer, client: AsyncWebClient) -> None:
    url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with ClientSession() as session, session.ws_connect(url) as socket:
        assert (await socket.receive_json())["type"] == "hello"
        async with session.get(url.replace("ws", "http", 1)) as again:
            assert again.status == 403


async def test_late_and_odd_acknowledgements_are_noticed(
    slack: SlackServer, client: AsyncWebClient, lin: Human
) -> None:
    slack.deadline = 0.05
    url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with ClientSession() as session, session.ws_connect(url) as socket:
        await socket.receive_json()
        await slack.until(lambda: slack.sockets)
        assert await slack.deliver("interactive", {"type": "block_actions"}) is None
        assert slack.late == ["interactive"]
        await socket.send_json({"envelope_id": (await socket.receive_json())["envelope_id"], "loud": True})
        await slack.until(lambda: len(slack.wrong) == 2)
