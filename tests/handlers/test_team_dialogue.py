"""Tells a whole shift of a team in one room over the store that ships, while a neighbour sees nothing of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from handlers.front_door import FrontDoor
from handlers.telemetry import Telemetry
from store.sqlite import open_sqlite
from tests.fakes.silencer import FakeSilencer
from tests.fakes.sources import FakeQueried, FakeSource
from tests.handlers.house import Scene
from tests.handlers.test_commands_team import (
    FakeBoard,
    alerted,
    complained,
    deployed,
    lines,
    measured,
    pressable,
    read,
    series,
    spans,
)

SAID = {
    "zh": (
        "总览",
        "待审批",
        "服务列表",
        "监控 payment",
        "查询 up",
        "查询 日志 payment",
        "查询 链路 payment",
        "习惯",
        "手册",
        "摘要 周报",
    ),
    "en": (
        "home",
        "approvals",
        "services",
        "monitor payment",
        "query up",
        "query logs payment",
        "query traces payment",
        "habits",
        "runbooks",
        "digest weekly",
    ),
}


@pytest.fixture(params=["zh", "en"])
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(request.param)
    by_hand = (FakeQueried(series), FakeQueried(lines, "log", "loki"), FakeQueried(spans, "trace", "jaeger"))
    telemetry = Telemetry(
        metrics=(FakeSource(measured, "prometheus"),),
        logs=(FakeSource(complained, "loki"),),
        changes=(FakeSource(deployed, "releases"),),
        by_hand=by_hand,
    )
    async with open_sqlite(tmp_path / "t.sqlite", scene.clock, scene.ids) as store:
        scene.store = store  # type: ignore[assignment]
        scene.house = replace(
            scene.house,
            register=store.register,
            timeline=store.timeline,
            memory=store.memory,
            seen=store.seen,
            telemetry=lambda team: telemetry,
            silencer=FakeSilencer(),
        )
        scene.door = FrontDoor(scene.house)
        yield scene


async def test_a_shift_in_one_room(scene: Scene) -> None:
    incident = await alerted(scene)
    request = await scene.asked(incident)
    offer = await scene.type("rita", incident, "remember 先看连接池 pool first")
    await scene.press("alice", "keep", **dict(pressable(offer.card))["keep"])
    silence = await scene.type("rita", incident, "silence 1h rollout under way 发布中")
    assert "unsilence" in dict(pressable(silence.card))
    seen = {text: read(await scene.type("bob", "", text)) for text in SAID[scene.words.language]}
    everything = "\n".join(seen.values())
    for part in (incident, request.id, "20 %", "v2.3.1", "pool exhausted", "POST /pay", "pool first", "Alice"):
        assert part in everything, part
    for text in SAID[scene.words.language]:
        theirs = await scene.type("eve", "", text)
        for part in (incident, request.id, "20 %", "pool first"):
            assert part not in str(theirs), (text, part)
    assert (await scene.type("alice", incident, "unsilence")).tone == "ok"
    kinds = [entry.kind for entry in await scene.entries(incident)]
    for kind in ("skill.generated", "memory.learned", "silence.asked", "silence.set", "silence.lifted"):
        assert kinds.count(kind) == 1, kind


async def test_what_is_delivered_twice_has_one_effect(scene: Scene) -> None:
    incident = await alerted(scene)
    silencer = scene.house.silencer
    assert isinstance(silencer, FakeSilencer)
    scene.house = replace(scene.house, board=FakeBoard())
    for _ in range(3):
        await scene.type("rita", incident, "silence 1h because", id="once")
        await scene.type("rita", "", "remember payment: no Fridays", id="twice")
        await scene.say("vic", incident, "@tocsin query logs payment", id="thrice")
    assert len(silencer.silences) == 1
    assert len(await scene.store.memory.kept("trade/offered")) == 1
    for kind in ("silence.set", "query.asked"):
        assert len(await scene.entries(incident, kind)) == 1


async def test_a_typo_is_met_with_what_was_meant(scene: Scene) -> None:
    for typed, meant in (("approvls", "approvals"), ("monitr payment", "monitor"), ("qurey up", "query")):
        answer = await scene.type("vic", "", typed)
        assert answer.tone == "refused"
        assert meant in scene.heard(answer)
