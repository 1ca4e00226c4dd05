"""Checks the front door over the store that ships: what the fake allows, the real one does too."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.front_door import FrontDoor
from store.sqlite import open_sqlite
from tests.handlers.house import Scene
from tests.handlers.test_alerts_in import capture, one, webhook


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene()
    async with open_sqlite(tmp_path / "t.sqlite", scene.clock, scene.ids) as store:
        scene.store = store  # type: ignore[assignment]
        scene.house = replace(
            scene.house, register=store.register, timeline=store.timeline, memory=store.memory, seen=store.seen
        )
        scene.door = FrontDoor(scene.house)
        yield scene


async def test_an_alert_from_first_to_reopened(scene: Scene) -> None:
    (incident,) = (await scene.alerts(webhook(one()), id="raw_1")).incidents
    raw = await scene.store.raw("raw_1")
    assert raw is not None
    assert (await scene.alerts(webhook(one()))).incidents == (incident,)
    for _ in range(2):
        assert (await scene.alerts(webhook(one(status="resolved")))).incidents == (incident,)
    await scene.type("alice", incident, "close recovered")
    assert (await scene.alerts(webhook(one(start="10:05:00")))).incidents == (incident,)
    state = await scene.state(incident)
    assert (state.episode, state.status, state.repeats) == (2, "open", 1)
    assert [entry.seq for entry in await scene.entries(incident)] == list(range(1, state.seq + 1))


async def test_genuine_webhooks_and_a_decision(scene: Scene) -> None:
    answers = [await scene.alerts(capture(f"webhook_0{n}")) for n in range(1, 8)]
    assert [answer.accepted for answer in answers] == [1, 1, 1, 2, 2, 2, 1]
    assert len({incident for answer in answers for incident in answer.incidents}) == 4
    incident = await scene.incident()
    request = await scene.asked(incident)
    for _ in range(3):
        await scene.approve("alice", incident, request, id="once")
    assert len(await scene.entries(incident, "approval.resolved")) == 1
    assert not await scene.entries(incident, "approval.refused")
