"""Checks what the pages show: rooms, threads, incidents, both languages, and what changes while somebody looks."""

import asyncio
import json
from typing import Any

from aiohttp import ClientResponse

from tests.bot.pages.stage import ROOM, Stage, open_stage
from tests.cards.factory import INCIDENT


async def test_the_overview_names_rooms_and_incidents() -> None:
    async with open_stage() as stage:
        await stage.tell("approval.requested")
        await stage.sign_in("lin")
        text = await (await stage.client.get("/")).text()
        assert f'href="/rooms/{ROOM}"' in text
        assert f'href="/incidents/{INCIDENT}"' in text
        assert "trade" not in text


async def test_a_thread_shows_cards_and_words_in_order() -> None:
    async with open_stage() as stage:
        await stage.tell("incident.created")
        await stage.tell("approval.requested")
        await stage.sign_in("lin")
        text = await (await stage.client.get(stage.thread_path)).text()
        places = [text.index(f'id="m-{number}"') for number in range(1, 8)]
        assert places == sorted(places)
        assert text.index("先不要回滚") < text.index("ev_metric_1") < text.index("cp_3344")


async def test_the_incident_page_holds_evidence_and_timeline() -> None:
    async with open_stage() as stage:
        await stage.tell("incident.closed")
        await stage.sign_in("lin")
        text = await (await stage.client.get(f"/incidents/{INCIDENT}")).text()
        for seen in ("ev_log_2", "fingerprint", "chart-svg", "rcpt_9", stage.thread_path):
            assert seen in text, seen


async def test_the_language_changes_page_and_cards() -> None:
    async with open_stage() as stage:
        await stage.tell("approval.requested")
        await stage.sign_in("lin")
        chinese = await (await stage.client.get(stage.thread_path)).text()
        assert 'lang="zh-CN"' in chinese
        form = await stage.form(stage.thread_path, "/language")
        answer = await stage.send("/language", form)
        assert answer.headers["Location"] == stage.thread_path
        english = await (await stage.client.get(stage.thread_path)).text()
        assert '<html lang="en">' in english
        assert "Evidence" in english
        assert "Acknowledge" not in chinese
        assert (await stage.send("/language", form | {"language": "xx"})).status == 400


async def test_a_card_that_cannot_be_drawn_anew_is_shown_as_it_was_sent() -> None:
    async with open_stage(personas=True) as stage:
        await stage.tell("approval.requested")
        state = stage.store.fake_timeline.entries.pop(INCIDENT)
        text = await (await stage.client.get(stage.thread_path, headers={"Accept-Language": "en"})).text()
        assert '<html lang="en">' in text
        assert "ev_metric_1" in text
        stage.store.fake_timeline.entries[INCIDENT] = state


async def next_event(stream: ClientResponse) -> dict[str, Any]:
    """The next fragment of a stream."""
    async with asyncio.timeout(5):
        async for line in stream.content:
            if line.startswith(b"data: "):
                told: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
                return told
    raise AssertionError("the stream ended")


async def listen(stage: Stage, after: int) -> ClientResponse:
    return await stage.client.get(f"/rooms/{ROOM}/stream?after={after}&thread={stage.thread}")


async def test_what_changes_is_streamed_to_who_looks() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        stream = await listen(stage, after=stage.store.room.revision)  # type: ignore[attr-defined]
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        await stage.tell("incident.acknowledged")
        told = await next_event(stream)
        assert told["id"] == int(stage.thread)
        assert "林晓" in told["html"]
        assert "status" in told
        stream.close()


async def test_a_stream_begins_where_the_page_ended() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        stream = await listen(stage, after=0)
        assert (await next_event(stream))["id"] == int(stage.thread)
        stream.close()


async def test_a_stream_ends_with_the_session_and_with_the_process() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        stream = await listen(stage, after=0)
        await next_event(stream)
        await stage.client.post("/sign-out", data=await stage.form("/", "/sign-out"))
        await stage.tell("incident.acknowledged")
        async with asyncio.timeout(5):
            await stream.read()
        await stage.sign_in("lin")
        other = await listen(stage, after=0)
        await next_event(other)
        stage.console.close()
        async with asyncio.timeout(5):
            await other.read()


async def test_only_so_many_may_listen() -> None:
    async with open_stage(personas=True) as stage:
        await stage.tell("alert.normalized")
        bells = [stage.console.listening(ROOM) for _ in range(256)]
        for bell in bells:
            bell.__enter__()
        answer = await listen(stage, after=0)
        assert answer.status == 503
        for bell in bells:
            bell.__exit__(None, None, None)
        again = await listen(stage, after=0)
        assert again.status == 200
        again.close()


async def test_style_and_script_are_kept_under_their_digest() -> None:
    async with open_stage(personas=True) as stage:
        text = await (await stage.client.get("/")).text()
        for name in ("room.css", "room.js", "bell.svg"):
            address = f"/static/{name}?v=" + text.partition(f"/static/{name}?v=")[2].partition('"')[0]
            answer = await stage.client.get(address)
            assert answer.status == 200
            assert "immutable" in answer.headers["Cache-Control"]
        assert (await stage.client.get("/static/room.py")).status == 404
