"""Checks what people are told when they ask what was changed: all of it once, newest first, and of their team alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from cards.model import Finding, Findings
from engine.errors import SourceSilent
from engine.model import Change, Observation, Phrase
from engine.ports import Question
from engine.team import Service
from handlers.front_door import FrontDoor
from handlers.inbound import Answer
from handlers.recent import understood
from handlers.telemetry import Telemetry
from tests.fakes.clock import FakeClock
from tests.fakes.sources import FakeSource
from tests.handlers.house import Scene
from tests.handlers.test_commands_team import BOTH, read, word

NOW = FakeClock().now()


def change(id: str, service: str, minutes: float, **more: object) -> Change:
    return Change(id=id, service=service, kind="deploy", at=NOW - timedelta(minutes=minutes), **more)  # type: ignore[arg-type]


RELEASE = change("dep-7", "payment", 20, version="1.4.2", previous_version="1.4.1", by="mia", link="https://rel/7")
MERGED = change(
    "pr-48",
    "coupon",
    50,
    version="abc1234",
    naming="commit",
    note="cache coupons; token=hunter2hunter2",
    files=("cache.py",),
    diff="-ttl = 60\n+ttl = 0",
)


def answering(source: str, *changes: Change) -> FakeSource:
    def answer(question: Question) -> Sequence[Observation]:
        return tuple(
            Observation(
                source=source, kind="change", service=each.service, query=f"GET /{source}", window=question.window,
                changes=(each,), count=1,
            )
            for each in changes
        )  # fmt: skip

    return FakeSource(answer, source)


class Changed(Scene):
    """The house with a service that calls another, and some sources of changes."""

    def __init__(
        self, language: str = "en", changes: tuple[FakeSource, ...] = (), rollouts: tuple[FakeSource, ...] = ()
    ) -> None:
        super().__init__(language)
        services = {"payment": Service(name="payment", dependencies=("coupon",)), "coupon": Service(name="coupon")}
        self.teams.teams["trade"] = self.team.model_copy(update={"services": services})
        self.house = replace(self.house, telemetry=lambda team: Telemetry(changes=changes, rollouts=rollouts))
        self.door = FrontDoor(self.house)


def found(answer: Answer) -> list[Finding]:
    assert answer.card is not None
    return [each for block in answer.card.blocks if isinstance(block, Findings) for each in block.findings]


def shown(answer: Answer) -> list[str]:
    return [each.id for each in found(answer)]


@BOTH
async def test_changes_of_a_service_and_those_it_calls_stand_newest_first(language: str) -> None:
    scene = Changed(language, changes=(answering("releases", RELEASE), answering("github", MERGED)))
    for asked in (
        word(language, "最近变更 payment", "changes payment"),
        word(language, "查询 变更 payment", "query changes payment"),
    ):
        answer = await scene.type("vic", "", asked)
        text = read(answer)
        assert shown(answer) == ["dep-7", "pr-48"]
        for said in ("1.4.1 → 1.4.2", "mia", "coupon: abc1234", "cache.py", "+1 −1", "GET /github"):
            assert said in text, said
        assert found(answer)[0].link == "https://rel/7"
        assert "hunter2" not in text
        assert "ttl = 0" not in text
        assert "[recent" not in text


async def test_what_several_sources_tell_of_is_one_change_with_each_that_says_so() -> None:
    again = RELEASE.model_copy(update={"id": "app@7", "by": ""})
    scene = Changed(changes=(answering("releases", RELEASE),), rollouts=(answering("kubernetes", again),))
    answer = await scene.type("vic", "", "changes payment")
    (one,) = found(answer)
    assert one.query == "kubernetes: GET /kubernetes, releases: GET /releases"


async def test_how_far_back_is_said_or_two_hours() -> None:
    source = answering("releases", RELEASE, change("dep-6", "payment", 200, version="1.4.1"))
    scene = Changed(changes=(source,))
    assert shown(await scene.type("vic", "", "changes payment")) == ["dep-7"]
    assert shown(await scene.type("vic", "", "changes payment last 6h")) == ["dep-7", "dep-6"]
    assert [question.window.end - question.window.start for question in source.asked] == [
        timedelta(hours=2),
        timedelta(hours=6),
    ]


@pytest.mark.parametrize(
    "text, name, hours",
    [
        ("", "", 2),
        ("last 3h", "", 3),
        ("payment 最近 1天", "payment", 24),
        ("payment last while", "payment last while", 2),
    ],
)
def test_what_was_asked_is_understood(text: str, name: str, hours: float) -> None:
    assert understood(text) == (name, timedelta(hours=hours), None)


@BOTH
async def test_a_time_from_when_to_when_is_asked_about(language: str) -> None:
    source = answering("releases", RELEASE, MERGED)
    scene = Changed(language, changes=(source,))
    asked = word(language, "查询 变更 payment 从 09:00 到 09:30", "query changes payment from 09:00 to 09:30")
    answer = await scene.type("vic", "", asked)
    assert shown(answer) == ["pr-48"]
    assert scene.words.duration(50 * 60) in found(answer)[0].text, "ago is counted from now"
    (question,) = source.asked
    assert (NOW - question.window.start, NOW - question.window.end) == (timedelta(hours=1), timedelta(minutes=30))
    wrong = await scene.type(
        "vic", "", word(language, "最近变更 payment 从 09:30 到 9:99", "changes payment from 9:30 to 9:99")
    )
    assert wrong.tone == "refused"
    assert "9:99" in scene.heard(wrong)


async def test_a_change_of_a_source_whose_clock_is_ahead_is_told() -> None:
    scene = Changed(changes=(answering("releases", change("dep-8", "payment", -0.1, version="1.4.3")),))
    assert shown(await scene.type("vic", "", "changes payment")) == ["dep-8"]


async def test_in_a_thread_it_is_about_the_incidents_service_and_written_down() -> None:
    scene = Changed(changes=(answering("releases", RELEASE),))
    incident = await scene.incident()
    assert shown(await scene.type("alice", incident, "changes")) == ["dep-7"]
    (entry,) = await scene.entries(incident, "query.asked")
    assert (entry.body["source"], entry.body["query"], entry.body["count"]) == ("releases", "changes payment", 1)


@BOTH
async def test_who_does_not_answer_is_named_and_where_nothing_was_changed_it_is_said(language: str) -> None:
    def silent(question: Question) -> Sequence[Observation]:
        raise SourceSilent(Phrase(word="evidence.silent.broken", values={"source": "argocd"}))

    scene = Changed(language, changes=(FakeSource(silent, "argocd"), answering("releases")))
    text = read(await scene.type("vic", "", word(language, "最近变更 payment", "changes payment")))
    assert scene.words.text("recent_card.nothing") in text
    assert "argocd" in text
    nobody = await Changed(language).type("vic", "", "changes payment")
    assert nobody.phrase is not None
    assert nobody.phrase.word == "error.no_change_source"


async def test_only_those_that_were_asked_about_are_named() -> None:
    source = answering("releases", RELEASE)
    scene = Changed(changes=(source,))
    known = scene.team.services["payment"].model_copy(update={"dependencies": tuple(f"peer-{n}" for n in range(20))})
    scene.teams.teams["trade"] = scene.team.model_copy(update={"services": {"payment": known}})
    text = read(await scene.type("vic", "", "changes payment"))
    asked = {each.name for each in source.asked[0].neighbours}
    assert {name for name in known.dependencies if f"{name}," in text or f"{name}." in text} == asked


async def test_of_another_teams_service_nothing_is_told() -> None:
    scene = Changed(changes=(answering("releases", RELEASE),))
    scene.teams.teams["supply"] = scene.teams.teams["supply"].model_copy(
        update={"services": {"stock": Service(name="stock")}}
    )
    assert (await scene.type("vic", "", "changes stock")).tone == "refused"
