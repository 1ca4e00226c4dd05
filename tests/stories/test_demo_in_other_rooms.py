"""Plays the demo in a Feishu chat and in a WeCom group of the reader's own: a wrong word first, then the right one."""

import asyncio
import re
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.platforms.wecom.codes import CODE
from bot.showcase import Showcase, Stage, open_showcase
from cards.words import Words
from engine.incident import Incident
from tests.fakes.feishu_rest import APP_ID, APP_SECRET
from tests.fakes.feishu_server import FeishuServer, labels, reads
from tests.fakes.wecom_server import BOT, SECRET, wecom_server

CHAT, GROUP = "oc_rehearse", "wrRehearse"
WITHIN = 150.0


async def decided(showcase: Showcase, within: float = WITHIN) -> Incident:
    """The incident once it has recovered."""
    async with asyncio.timeout(within):
        while True:
            (incident,) = await showcase.house.store.register.newest()
            state = await showcase.house.desk.state(incident)
            if state.status == "recovered":
                return state
            await asyncio.sleep(0.2)


def by(state: Incident) -> str:
    (decision,) = [p.decision for p in state.proposals.values() if p.decision]
    return decision.by


@pytest.mark.prove
async def test_in_feishu(tmp_path: Path) -> None:
    server = FeishuServer()
    server.chat(CHAT, "ou_any")
    words = Words("zh")
    async with server.serving():
        file = tmp_path / "tocsin.toml"
        about = f'app_id = "{APP_ID}"\napp_secret = "{APP_SECRET}"\ndomain = "{server.domain}"\n'
        file.write_text(f"[feishu]\n{about}", encoding="utf-8")
        stage = Stage(language="zh", rooms=(f"feishu:{CHAT}",), config=file)
        async with open_showcase("127.0.0.1", 0, stage) as showcase:
            await server.connected()
            await showcase.arm("payment-503-after-deploy")

            async def press(label: str, **fields: str) -> None:
                await server.until(lambda: any(label in labels(m.card) for m in server.cards(CHAT)), WITHIN)
                message = next(m for m in reversed(server.cards(CHAT)) if label in labels(m.card))
                await server.presses("ou_any", message.id, label, **fields)

            await press(words.text("button.approve"))
            submit = words.text("form.approve_submit")
            await press(submit, word="confirm_execute")
            await press(submit, word="CONFIRM_EXECUTE")
            assert by(await decided(showcase)) == "feishu:ou_any"
            await server.until(lambda: any("已恢复" in reads(m.card, "zh_cn") for m in server.cards(CHAT)), WITHIN)


@pytest.mark.prove
async def test_in_wecom(tmp_path: Path) -> None:
    words = Words("zh")
    async with wecom_server(SystemClock().now) as server:
        server.chats = {GROUP: {"any"}}
        file = tmp_path / "tocsin.toml"
        about = f'bot_id = "{BOT}"\nbot_secret = "{SECRET}"\nws_url = "{server.url}"\n'
        file.write_text(f"[wecom]\n{about}", encoding="utf-8")
        stage = Stage(language="zh", rooms=(f"wecom:{GROUP}",), config=file)
        async with open_showcase("127.0.0.1", 0, stage) as showcase:
            await showcase.arm("payment-503-after-deploy")
            approve = words.text("wecom.button.approve")
            await server.until(lambda: any(f"[{approve}]" in text for text in server.seen(GROUP, "any")), WITHIN)
            await server.answered(await server.press("any", GROUP, approve))
            opening = words.text("wecom.code.say").partition("{")[0].partition("[")[0]
            told = next(text for text in reversed(server.seen(GROUP, "any")) if opening in text)
            found = re.search(CODE, told[told.index("批准 ") :])
            assert found, told
            await server.answered(await server.say("any", GROUP, f"批准 {found[0]} CONFIRM_EXECUTE"))
            assert by(await decided(showcase)) == "wecom:any"
            await server.until(lambda: any("已恢复" in text for text in server.seen(GROUP, "any")), WITHIN)
