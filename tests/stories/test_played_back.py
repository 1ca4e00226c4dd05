"""Tells how what a platform signed once is played back to a process that started anew: it changes nothing more."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientSession

from bot.clock import RandomIds
from bot.platforms.feishu.platform import PATH as FEISHU_PATH
from bot.platforms.slack.callback import PATH as SLACK_PATH
from bot.platforms.wecom.app import PATH as WECOM_PATH
from bot.run import bind, serving
from bot.settings import load
from bot.wiring import House, Parts, open_house
from engine.incident import fold
from tests.fakes.feishu_rest import APP_ID, APP_SECRET
from tests.fakes.feishu_server import FeishuServer, sealed
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_wire import event_callback, signed
from tests.fakes.slack_workspace import BOT, BOT_TOKEN, SIGNING_SECRET
from tests.fakes.wecom_app_server import AES_KEY, AGENT, CORP, SECRET, wecom_app_server
from tests.fakes.wecom_app_server import TOKEN as WECOM_TOKEN
from tests.stories.stage import LoopClock

KEY, TOKEN = "made-up-encrypt-key", "made-up-verification-token"
SAID = "open payment-service payments fail"
ROOMS = {"slack": "C1", "feishu": "oc_1", "wecom": "app:lin"}
ACCOUNTS = {"slack": "U1", "feishu": "ou_1", "wecom": "lin"}

Play = Callable[[str], Awaitable[int]]
"""Posts to this address the very same bytes each time; the status."""


def team_of(folder: Path, *platforms: str) -> None:
    """A team of one person with a room on each of these platforms."""
    team = {
        "name": "Trade",
        "rooms": [f"{platform}:{ROOMS[platform]}" for platform in platforms],
        "people": {"lin": {"roles": ["responder"], "accounts": ACCOUNTS}},
    }
    (folder / "trade").mkdir(parents=True)
    (folder / "trade" / "team.yaml").write_text(yaml.safe_dump(team), encoding="utf-8")


@asynccontextmanager
async def process(folder: Path, clock: LoopClock, **settings: Any) -> AsyncIterator[tuple[House, str]]:
    """One life of the process, over the store that ships."""
    parts = Parts(clock, RandomIds(), sources=(), executors={}, team_files=folder / "teams")
    known = load(None, data_dir=folder / "data", **settings)
    async with open_house(known, parts) as house, serving(house, bind("127.0.0.1", 0)) as address:
        yield house, address


async def played_back(folder: Path, clock: LoopClock, path: str, play: Play, **settings: Any) -> None:
    """Once in one process, and again in the next: one incident, and one message in its timeline."""
    team_of(folder / "teams", *settings)
    kept = []
    for _ in range(2):
        async with process(folder, clock, **settings) as (house, address):
            while await play(address + path) != 200:
                await clock.sleep(0.05)  # not ready yet
            for _ in range(3):
                assert await play(address + path) == 200
            await house.outbox.settle(10.0)
            (incident,) = await house.store.register.newest()
            entries = await house.store.timeline.read(incident)
            assert fold(entries).requester == "lin"
            kept.append([entry.digest for entry in entries if entry.actor == "lin"])
    assert kept[0] == kept[1]
    assert kept[0]


def posting(session: ClientSession, body: bytes | str, headers: dict[str, str], query: dict[str, str]) -> Play:
    async def play(address: str) -> int:
        async with session.post(address, data=body, headers=headers, params=query) as answer:
            await answer.read()
            return answer.status

    return play


async def test_slack(tmp_path: Path) -> None:
    clock, slack = LoopClock(), SlackServer()
    slack.workspace.now = lambda: clock.now().timestamp()
    slack.workspace.channel("C1")
    slack.workspace.human("U1", "lin")
    event = {"type": "app_mention", "channel": "C1", "user": "U1", "text": f"<@{BOT}> {SAID}", "ts": "1.1"}
    async with slack.serving(), ClientSession() as session:
        body = json.dumps(event_callback(event, 1)).encode()
        headers = signed(body, int(clock.now().timestamp()), SIGNING_SECRET) | {"Content-Type": "application/json"}
        about = {"bot_token": BOT_TOKEN, "signing_secret": SIGNING_SECRET, "api_url": slack.api_url}
        await played_back(tmp_path, clock, SLACK_PATH, posting(session, body, headers, {}), slack=about)


async def test_feishu(tmp_path: Path) -> None:
    clock = LoopClock()
    server = FeishuServer(now=lambda: int(clock.now().timestamp() * 1000))
    server.chat("oc_1", "ou_1")
    async with server.serving(), ClientSession() as session:
        server.callback = "", KEY, TOKEN
        said = server._written("ou_1", "oc_1", "", "text", {"text": f"@_user_1 {SAID}"})
        mention = {"key": "@_user_1", "id": {"open_id": "ou_bot00001"}, "name": "Tocsin"}
        body, headers = sealed(server.message_event(said, [mention]), KEY, clock.now().timestamp())
        about = {"app_id": APP_ID, "app_secret": APP_SECRET, "domain": server.domain}
        about |= {"encrypt_key": KEY, "verification_token": TOKEN}
        await played_back(tmp_path, clock, FEISHU_PATH, posting(session, body, headers, {}), feishu=about)


async def test_wecom(tmp_path: Path) -> None:
    clock = LoopClock()
    async with wecom_app_server(clock.now) as server, ClientSession() as session:
        message = server.message("lin", {"MsgType": "text", "Content": SAID, "MsgId": "7"})
        encrypted = server.crypto.close(message)
        body = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        about = {"corp_id": CORP, "agent_id": AGENT, "secret": SECRET, "api_url": server.url}
        about |= {"token": WECOM_TOKEN, "encoding_aes_key": AES_KEY}
        play = posting(session, body, {}, server.query(encrypted))
        await played_back(tmp_path, clock, WECOM_PATH, play, wecom=about)
