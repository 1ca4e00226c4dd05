"""Checks merging, splitting and taking apart as dialogues: what is said, where alerts go afterwards, and why."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cards import views
from engine.incident import Incident
from handlers.commands import COMMANDS
from handlers.front_door import FrontDoor
from store.audit import audit_verify
from store.sqlite import open_sqlite
from tests.handlers.house import Scene
from tests.handlers.test_alerts_in import one, webhook

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


async def fired(scene: Scene, *names: str, start: str = "10:00:00", group: str = "") -> str:
    """The incident that alerts of these names belong to."""
    alerts = [one(name=name, fingerprint=f"fp-{name}", start=start) for name in names]
    return (await scene.alerts(webhook(*alerts, groupKey=group or names[0]))).incidents[0]


def header(scene: Scene, state: Incident) -> str:
    card = views.draw(state, "header", scene.words, scene.team)
    assert "[duty" not in str(card)
    return str(card)


@BOTH
async def test_merged_closed_with_a_link_and_its_alerts_go_where_people_look(language: str) -> None:
    scene = Scene(language)
    a, b = await fired(scene, "Errors"), await fired(scene, "Latency")
    text = f"合并到 {b} 同一个原因" if language == "zh" else f"merge into {b} 同一个原因"
    assert b in scene.heard(await scene.type("alice", a, text))
    first, second = await scene.state(a), await scene.state(b)
    assert (first.status, first.outcome, first.merged_into, first.closed_by) == ("closed", "merged", b, "alice")
    assert set(second.alerts) == {"fp-Errors", "fp-Latency"}
    assert b in header(scene, first)
    assert a in header(scene, second)
    assert "同一个原因" in header(scene, second)
    (said,) = second.says
    assert a in scene.words.say(said.phrase)
    assert (b, f"say:{said.key}") in scene.desk.shown
    assert await fired(scene, "Errors", start="10:03:00") == b
    assert await fired(scene, "New", group="Errors") == b
    resolved = webhook(
        one(name="Errors", fingerprint="fp-Errors", start="10:00:00", status="resolved"), groupKey="Errors"
    )
    assert (await scene.alerts(resolved)).incidents == (b,)
    assert (await scene.state(b)).alerts["fp-Errors"].status == "resolved"
    assert await scene.store.register.living() == (b,)
    for where in (a, b):
        card = (await scene.type("vic", where, "为什么合并？" if language == "zh" else "why merged?")).card
        for said_there in ("Alice", "同一个原因", "Errors"):
            assert said_there in str(card)


@BOTH
async def test_taken_apart_it_lives_again_with_its_alerts(language: str) -> None:
    scene = Scene(language)
    a, b = await fired(scene, "Errors"), await fired(scene, "Latency")
    await scene.type("alice", a, f"merge {b}")
    assert a in scene.heard(await scene.type("alice", a, "reopen"))
    answer = await scene.type("rita", *((a, "拆开 不是一回事") if language == "zh" else (b, f"unlink {a} 不是一回事")))
    assert answer.tone == "ok"
    assert a in scene.heard(answer)
    first, second = await scene.state(a), await scene.state(b)
    assert (first.status, first.episode, first.merged_into) == ("open", 2, "")
    assert set(first.alerts) == {"fp-Errors"}
    assert set(second.alerts) == {"fp-Latency"}
    assert not first.ties
    assert not second.ties
    assert await fired(scene, "Errors", start="10:03:00") == a
    assert a in scene.woken
    assert (await scene.type("rita", b, f"unlink {a}")).tone == "refused"
    assert (await scene.type("rita", a, "why merged")).tone == "refused"
    assert (await scene.type("rita", a, f"merge {b}")).tone == "ok"
    assert (await scene.state(a)).merged_into == b


@BOTH
async def test_an_alert_gets_an_incident_of_its_own(language: str) -> None:
    scene = Scene(language)
    old = await fired(scene, "Errors", "Disk", group="g")
    text = "拆分 disk 是另一台机器" if language == "zh" else "split fp-Disk 是另一台机器"
    answer = await scene.type("alice", old, text)
    (fresh,) = answer.incidents
    assert fresh in scene.heard(answer)
    first, second = await scene.state(old), await scene.state(fresh)
    assert (set(first.alerts), set(second.alerts)) == ({"fp-Errors"}, {"fp-Disk"})
    assert (second.team, second.title, second.service) == ("trade", "Disk", first.service)
    assert fresh in header(scene, first)
    assert old in header(scene, second)
    assert fresh in scene.woken
    assert await fired(scene, "Disk", start="10:03:00", group="g") == fresh
    assert await fired(scene, "Third", group="g") == old
    for wrong, why in (("split", "Errors"), ("split nothing", "Errors"), ("拆分 Disk", "Errors")):
        refused = await scene.type("alice", old, wrong)
        assert refused.tone == "refused"
        assert why in scene.heard(refused)


async def test_the_only_alert_is_not_split_off() -> None:
    scene = Scene()
    incident = await fired(scene, "Errors")
    assert "only alert" in scene.heard(await scene.type("alice", incident, "split Errors"))


@BOTH
async def test_what_cannot_be_merged_is_refused_in_a_sentence(language: str) -> None:
    scene = Scene(language)
    a, b = await fired(scene, "Errors"), await fired(scene, "Latency")
    foreign = await scene.incident("supply")
    before = await scene.entries(a)
    for wrong in (
        "merge",
        "merge it all",
        f"merge {a}",
        "merge inc_ffffffff",
        f"merge {foreign}",
        "unlink",
        f"unlink {b}",
    ):
        answer = await scene.type("alice", a, wrong)
        assert answer.tone == "refused", wrong
        assert scene.heard(answer)
    assert await scene.entries(a) == before
    request = await scene.asked(a)
    await scene.approve("alice", a, request)
    assert (await scene.type("alice", a, f"merge {b}")).tone == "refused"
    await scene.type("alice", b, "resolve")
    other = await fired(scene, "Disk")
    assert (await scene.type("alice", other, f"merge {b}")).tone == "refused"
    assert (await scene.state(other)).status == "open"


async def test_merged_in_a_chain_everything_is_found_at_its_end_and_comes_back_in_steps() -> None:
    scene = Scene()
    a, b, c = [await fired(scene, name) for name in ("Errors", "Latency", "Disk")]
    await scene.type("alice", a, f"merge {b}")
    await scene.type("alice", b, f"merge {c}")
    assert [(await scene.state(i)).merged_into for i in (a, b, c)] == [c, c, ""]
    assert set((await scene.state(c)).alerts) == {"fp-Errors", "fp-Latency", "fp-Disk"}
    assert await fired(scene, "New", group="Errors") == c
    assert await fired(scene, "Errors", start="10:03:00") == c
    assert (await scene.type("alice", b, "unlink")).tone == "ok"
    assert [(await scene.state(i)).merged_into for i in (a, b, c)] == [b, "", ""]
    assert await fired(scene, "Errors", start="10:04:00") == b
    assert not (await scene.state(c)).ties
    assert (await scene.type("alice", a, "unlink")).tone == "ok"
    assert await fired(scene, "Errors", start="10:05:00") == a
    alerts = [set((await scene.state(i)).alerts) for i in (a, b, c)]
    assert alerts == [{"fp-Errors"}, {"fp-Latency"}, {"fp-Disk", "fp-New"}]
    assert await fired(scene, "Newer", group="Errors") == a


@BOTH
@pytest.mark.parametrize("text", ["merge {b}", "split Errors", "unlink {b}"])
async def test_who_may_only_look_moves_nothing(language: str, text: str) -> None:
    scene = Scene(language)
    a, b = await fired(scene, "Errors", "Disk", group="g"), await fired(scene, "Latency")
    before = len(await scene.entries(a))
    answer = await scene.type("vic", a, text.format(b=b))
    assert (answer.tone, "team.yaml" in scene.heard(answer)) == ("refused", True)
    assert [entry.kind for entry in (await scene.entries(a))[before:]] == ["request.refused"]


async def test_delivered_ten_times_it_moves_once() -> None:
    scene = Scene()
    a, b = await fired(scene, "Errors", "Disk", group="g"), await fired(scene, "Latency")
    for _ in range(10):
        await scene.type("alice", a, "split Disk", id="one")
        await scene.type("alice", a, f"merge {b}", id="two")
        await scene.type("alice", a, "unlink", id="three")
    kinds = [entry.kind for entry in await scene.entries(a)]
    for kind in ("incident.split", "incident.merged", "incident.unlinked", "incident.reopened"):
        assert kinds.count(kind) == 1, kind
    assert len(await scene.store.register.newest("trade")) == 3


def test_only_what_speaks_of_two_incidents_leaves_a_named_one_to_the_command() -> None:
    assert {command.name for command in COMMANDS if command.other} == {"merge", "unlink"}


STEPS = st.lists(
    st.tuples(st.sampled_from(["merge", "unlink", "split"]), st.integers(0, 5), st.integers(0, 5)), max_size=12
)


async def belonging(scene: Scene, incidents: Sequence[str]) -> dict[str, str]:
    """The open incident of each alert, by what the incidents themselves say; every alert is in one at most."""
    there: dict[str, str] = {}
    for incident in incidents:
        state = await scene.state(incident)
        for name in state.alerts if state.status != "closed" else ():
            assert name not in there, (name, incident, there[name])
            there[name] = incident
    return there


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
@example(steps=[("merge", 0, 1), ("split", 1, 0), ("unlink", 0, 0)])
@example(steps=[("merge", 0, 1), ("split", 1, 0), ("unlink", 0, 0), ("merge", 1, 0), ("unlink", 0, 1)])
async def test_however_people_move_them_alerts_go_where_they_are_shown(steps: list[tuple[str, int, int]]) -> None:
    scene = Scene()
    names = ("Aa", "Bb", "Cc", "Dd")
    await fired(scene, "Aa", "Bb", group="g")
    await fired(scene, "Cc")
    await fired(scene, "Dd")
    for verb, which, other in steps:
        incidents = list(await scene.store.register.newest("trade"))[::-1]
        here = incidents[which % len(incidents)]
        what = names[other % 4] if verb == "split" else incidents[other % len(incidents)]
        scene.heard(await scene.type("alice", here, f"{verb} {what}"))
    incidents = list(await scene.store.register.newest("trade"))
    shown = await belonging(scene, incidents)
    assert set(shown) == {f"fp-{name}" for name in names}
    for name in names:
        assert await fired(scene, name, start="10:07:00", group=f"later-{name}") == shown[f"fp-{name}"]


async def test_the_same_over_the_store_that_ships(tmp_path: Path) -> None:
    scene = Scene()
    path = tmp_path / "t.sqlite"
    async with open_sqlite(path, scene.clock, scene.ids) as store:
        scene.store = store  # type: ignore[assignment]
        scene.house = scene.house.__class__(
            **vars(scene.house)
            | {"register": store.register, "timeline": store.timeline, "memory": store.memory, "seen": store.seen}
        )
        scene.door = FrontDoor(scene.house)
        a, b = await fired(scene, "Errors", "Disk", group="g"), await fired(scene, "Latency")
        (fresh,) = (await scene.type("alice", a, "split Disk")).incidents
        await scene.type("alice", a, f"merge {b}")
        await scene.type("alice", fresh, f"merge {b}")
        assert await store.register.living() == (b,)
        assert await fired(scene, "Disk", start="10:03:00") == b
        await scene.type("alice", fresh, "unlink")
        for incident in (a, b, fresh):
            assert not (await audit_verify(store.disk, incident)).faults
    async with open_sqlite(path, scene.clock, scene.ids) as store:
        assert set(await store.register.living()) == {b, fresh}
        scene.house = scene.house.__class__(
            **vars(scene.house) | {"register": store.register, "timeline": store.timeline, "seen": store.seen}
        )
        scene.door = FrontDoor(scene.house)
        assert await fired(scene, "Disk", start="10:04:00") == fresh
        assert await fired(scene, "Errors", start="10:04:00") == b
