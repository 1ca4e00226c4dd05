"""Checks the answer that grows while its incident moves: one message, ended in time, and never in anybody's way."""

from cards.model import Card, Chart, Prose, Step, Steps
from engine.model import Phrase
from handlers.inbound import Answer
from tests.bot.platforms.wecom.desk import INCIDENT, ROOM, Desk, desk
from tests.fakes.clock import settle
from tests.fakes.wecom_server import Message


def header(evidence: str, execution: str = "pending", text: str = "正在取证") -> Card:
    steps = (Step("告警", "done"), Step("证据", evidence), Step("执行", execution))  # type: ignore[arg-type]
    return Card("P1", f"P1 · {text}", "bad", (Prose(text, strong=True), Steps(steps)), INCIDENT, "zh")


async def asked(here: Desk, text: str = "再查一遍") -> Message:
    here.inbox.answers[text] = Answer(phrase=Phrase(word="error.plain", values={"text": "正在重新查证"}))
    message = await here.server.answered(await here.server.say("lin", ROOM, text))
    assert message is not None
    return message


async def test_an_answer_grows_with_every_step_and_ends_with_the_last() -> None:
    async with desk() as here:
        here.cards["header"] = header("running")
        reference = await here.platform.post(ROOM, "", here.cards["header"], f"{INCIDENT}/header")
        message = await asked(here)
        assert message.text.startswith("正在重新查证\n**<font")
        assert "… 证据" in message.text
        before = len(here.server.messages)
        await here.platform.edit(ROOM, reference, header("running", "running"))
        assert "… 执行" in message.text
        callback = next(reversed(here.server.callbacks.values()))
        assert not callback.over
        await here.platform.edit(ROOM, reference, header("done", "done"))
        assert "✓ 执行" in message.text
        assert callback.over
        assert len(here.server.messages) == before, "all of it was one message"
        assert here.server.refused == []


async def test_it_ends_when_nothing_is_new_and_before_wecom_ends_it() -> None:
    async with desk() as here:
        here.cards["header"] = header("running")
        reference = await here.platform.post(ROOM, "", here.cards["header"], f"{INCIDENT}/header")
        await asked(here)
        quiet = next(reversed(here.server.callbacks.values()))
        await here.clock.advance(60.0)
        assert quiet.over
        await asked(here, "看看")
        busy = next(reversed(here.server.callbacks.values()))
        for number in range(7):
            await here.clock.advance(50.0)
            await here.platform.edit(ROOM, reference, header("running", text=f"第 {number} 步"))
        assert busy.over
        assert here.server.refused == []


async def test_a_newer_answer_ends_the_older_one() -> None:
    async with desk() as here:
        here.cards["header"] = header("running")
        await here.platform.post(ROOM, "", here.cards["header"], f"{INCIDENT}/header")
        await asked(here)
        first = next(reversed(here.server.callbacks.values()))
        await asked(here, "看看")
        await settle()
        assert first.over
        assert not next(reversed(here.server.callbacks.values())).over


async def test_where_nothing_moves_the_answer_is_over_at_once() -> None:
    async with desk() as here:
        here.cards["header"] = header("done", "done")
        await here.platform.post(ROOM, "", here.cards["header"], f"{INCIDENT}/header")
        message = await asked(here)
        assert message.text == f'正在重新查证\n<font color="comment">{INCIDENT}</font>'
        assert next(reversed(here.server.callbacks.values())).over


async def test_an_answer_that_cannot_grow_any_more_is_left_as_it_is() -> None:
    async with desk() as here:
        here.cards["header"] = header("running")
        reference = await here.platform.post(ROOM, "", here.cards["header"], f"{INCIDENT}/header")
        message = await asked(here)
        here.server.fail_next = [846608]
        await here.platform.edit(ROOM, reference, header("running", "running"))
        assert "… 执行" not in message.text
        await here.platform.edit(ROOM, reference, header("done", "done"))
        await here.clock.advance(400.0)
        assert here.server.refused == [(846608, "as the test wants it")]


async def test_charts_are_pictures_and_one_that_is_not_taken_holds_nothing_up() -> None:
    async with desk() as here:
        chart = Chart("503 占比", ((0.0, 1.0), (60.0, 18.0)), "%")
        card = Card("证据", "证据", "bad", (chart, chart), INCIDENT, "zh")
        await here.platform.post(ROOM, "", card, f"{INCIDENT}/evidence")
        assert [message.picture[:4] for message in here.server.messages] == [b"", b"\x89PNG", b"\x89PNG"]
        here.server.fail_next = []
        take = here.platform._bot.picture

        async def refused(room: str, content: bytes, name: str) -> None:
            here.server.fail_next = [40058]
            await take(room, content, name)

        here.platform._bot.picture = refused  # type: ignore[method-assign]
        assert await here.platform.post("trade", "", card, f"{INCIDENT}/evidence")
        assert here.server.titles("trade") == ["证据"]
