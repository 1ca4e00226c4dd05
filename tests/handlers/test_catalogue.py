"""Checks what the catalogue says in chat, that dependencies are added by people alone, and that teams stay apart."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.learned import take_up
from bot.teams import TeamFiles
from cards.model import Card, Log
from engine.errors import SourceSilent
from engine.model import Observation, Phrase, Span
from engine.policy import Permissions
from engine.ports import Question
from engine.team import Fault, FaultSign, Objective, Policy, Remedy, Rollback, Service, Signal
from handlers.front_door import FrontDoor
from handlers.telemetry import Telemetry
from tests.bot.test_teams import write
from tests.fakes.clock import FakeClock
from tests.fakes.sources import FakeSource
from tests.handlers.house import Scene
from tests.handlers.test_commands_team import BOTH, pressable, read, word

PAYMENT = Service(
    name="payment",
    owner="payments",
    environment="prod",
    region="eu-1",
    dependencies=("coupon", "mail"),
    learned=("mail",),
    objective=Objective(error_ratio=0.01, latency_p95=0.3, availability=0.999),
    labels={"app": "pay"},
    signals=(Signal(name="queue_depth", expression="sum(jobs)"),),
    runbooks=("https://wiki.example.com/pay", "https://wiki.example.com/pay2"),
    rollback=Rollback(executor="argocd", safe_revision="1.4"),
    health_url="http://payment/health",
)


def span(id: str, service: str, parent: str = "", peer: str = "") -> Span:
    at = FakeClock().now()
    return Span(
        trace_id="t",
        span_id=id,
        parent_id=parent,
        service=service,
        operation="op",
        peer=peer,
        start=at,
        duration=0.1,
    )


def traced(question: Question) -> tuple[Observation, ...]:
    spans = (span("a", "payment"), span("b", "payment", "a", peer="ledger"), span("c", "coupon", "a"))
    one = Observation(
        source="jaeger", kind="trace", service="payment", query="q", window=question.window, spans=spans, count=3
    )
    return (one,)


class Catalogued(Scene):
    """The house with a described service and a source of traces; `relearned` counts how often it took up."""

    def __init__(self, language: str = "en", source: FakeSource | None = None) -> None:
        super().__init__(language)
        services = {"payment": PAYMENT, "coupon": Service(name="coupon")}
        self.teams.teams["trade"] = self.team.model_copy(update={"services": services})
        self.relearned = 0

        async def relearn() -> None:
            self.relearned += 1

        traces = (source or FakeSource(traced, "jaeger"),)
        self.house = replace(self.house, telemetry=lambda team: Telemetry(traces=traces), relearn=relearn)
        self.door = FrontDoor(self.house)


def drawn(card: Card | None) -> tuple[str, ...]:
    assert card is not None
    return next(block.lines for block in card.blocks if isinstance(block, Log))


@BOTH
async def test_an_entry_says_who_owns_it_what_it_promises_and_where_its_runbooks_are(language: str) -> None:
    scene = Catalogued(language)
    answer = await scene.type("vic", "", word(language, "服务 payment", "service payment"))
    text = read(answer)
    for said in ("payments", "prod", "eu-1", "coupon", "1 %", "300 ms", "99.9 %", "sum(jobs)"):
        assert said in text, said
    assert scene.words.text("catalogue.in_chat", name="mail") in text
    assert "argocd" in text
    assert ("topology", {"service": "payment"}) in pressable(answer.card)


WHOLE = Service(
    name="payment",
    owner="the-owner",
    environment="the-environment",
    region="the-region",
    dependencies=("the-callee", "the-learned"),
    learned=("the-learned",),
    objective=Objective(error_ratio=0.013, latency_p95=0.345, availability=0.997),
    labels={"the-label": "the-value"},
    signals=(Signal(name="the_signal", expression="the(expression)", unit="bytes", worse="falls"),),
    runbooks=("https://wiki.example.com/the-runbook",),
    rollback=Rollback(executor="the-platform", workload="the-deployment", argocd_app="the-app", safe_revision="4.5.6"),
    repository="the/repository",
    repo_path="the/clone",
    language="the-language",
    health_url="http://the-health/healthz",
    log_paths=("/var/log/the.log",),
    hosts=("the-host",),
    units=("the.service",),
    namespace="the-namespace",
    workload="the-workload",
    remedies=(
        Remedy(
            operation="the_operation",
            operation_class="scale",
            executor="the-executor",
            against=("the_fault", "another_fault"),
            tier="safe",
            peer="the-peer",
        ),
    ),
)
SAID = {
    "name": ("payment",),
    "owner": ("the-owner",),
    "environment": ("the-environment",),
    "region": ("the-region",),
    "dependencies": ("the-callee",),
    "learned": ("the-learned",),
    "objective": ("1.3 %", "345 ms", "99.7 %"),
    "labels": ("the-label=the-value",),
    "signals": ("the_signal", "the(expression)", "bytes", "worse when it falls"),
    "runbooks": ("https://wiki.example.com/the-runbook",),
    "rollback": ("the-platform", "the-deployment", "the-app", "4.5.6"),
    "repository": ("the/repository",),
    "repo_path": ("the/clone",),
    "language": ("the-language",),
    "health_url": ("http://the-health/healthz",),
    "log_paths": ("/var/log/the.log",),
    "hosts": ("the-host",),
    "units": ("the.service",),
    "namespace": ("the-namespace",),
    "workload": ("the-workload",),
    "remedies": ("the_operation", "scaling", "the-executor", "the_fault", "another_fault", "the-peer"),
}
"""What an entry says of each field of the catalogue."""


def described(**more: object) -> Catalogued:
    scene = Catalogued()
    scene.teams.teams["trade"] = scene.team.model_copy(update={"services": {"payment": WHOLE}, **more})
    return scene


async def test_an_entry_says_all_that_the_catalogue_knows() -> None:
    text = read(await described().type("vic", "", "service payment"))
    assert SAID.keys() == Service.model_fields.keys()
    for field, said in SAID.items():
        assert all(each in text for each in said), field


async def test_an_entry_says_whose_consent_an_operation_needs_as_the_team_has_it() -> None:
    scene = described()
    scene.house = replace(
        scene.house,
        permissions=Permissions(
            execution_enabled=True,
            allowed_operations=frozenset({"the_operation"}),
            executors={"the-executor": {"the_operation": "scale"}},
        ),
    )
    scene.door = FrontDoor(scene.house)
    needs, advice = (scene.words.text(each) for each in ("tier.confirm", "plan_state.advice"))
    assert advice in read(await described().type("vic", "", "service payment"))
    text = read(await scene.type("vic", "", "service payment"))
    assert needs in text
    assert advice not in text
    assert scene.words.text("catalogue.before_every_change") in text
    stricter = scene.team.model_copy(
        update={"services": {"payment": WHOLE}, "policy": Policy(tiers={"scale": "destructive"})}
    )
    scene.teams.teams["trade"] = stricter
    assert "destructive" in read(await scene.type("vic", "", "service payment"))


async def test_an_entry_names_the_faults_the_team_knows_of_it() -> None:
    sign = (FaultSign(metric="traffic"),)
    own = Fault(name="month_end", title="the ledger is held", services=("payment",), needs=sign)
    everywhere = Fault(name="brown_out", title="the site has no power", needs=sign)
    others = Fault(name="elsewhere", title="the stock is counted", services=("stock",), needs=sign)
    text = read(await described(faults=(own, everywhere, others)).type("vic", "", "service payment"))
    for said in ("month_end", "the ledger is held", "brown_out", "the site has no power"):
        assert said in text
    assert "elsewhere" not in text


async def test_in_a_thread_it_is_about_the_incidents_service() -> None:
    scene = Catalogued()
    incident = await scene.incident()
    assert "payments" in read(await scene.type("alice", incident, "service"))
    assert (await scene.type("alice", "", "service nothing-like-it")).tone == "refused"


@BOTH
async def test_the_graph_shows_catalogue_and_traces_and_where_they_differ(language: str) -> None:
    scene = Catalogued(language)
    answer = await scene.type("vic", "", word(language, "拓扑 payment", "topology payment"))
    text, lines = read(answer), drawn(answer.card)
    assert lines[0] == "payment"
    assert lines[1].startswith("├─ coupon")
    assert scene.words.text("topology.by_traces") in lines[2]
    assert lines[3] == f"└─ mail  ({scene.words.text('topology.by_people')})"
    assert scene.words.text("topology.undeclared", caller="payment", callee="ledger") in text
    assert scene.words.text("topology.unseen", names="mail") in text
    assert ("learn", {"caller": "payment", "callee": "ledger"}) in pressable(answer.card)


async def test_without_traces_the_graph_is_the_catalogue_and_says_so() -> None:
    def silent(question: Question) -> tuple[Observation, ...]:
        raise SourceSilent(Phrase(word="evidence.silent.broken", values={"source": "jaeger"}))

    scene = Catalogued(source=FakeSource(silent, "jaeger"))
    assert "makes no sense" in read(await scene.type("vic", "", "topology payment"))
    scene.house = replace(scene.house, telemetry=lambda team: Telemetry())
    scene.door = FrontDoor(scene.house)
    assert scene.words.text("topology.no_traces") in read(await scene.type("vic", "", "topology payment"))


@BOTH
async def test_a_person_adds_what_traces_show(language: str) -> None:
    scene = Catalogued(language)
    incident = await scene.incident()
    pressed = await scene.press("rita", "learn", incident="", caller="payment", callee="ledger")
    assert pressed.tone == "ok"
    assert scene.relearned == 1
    typed = await scene.type("rita", incident, word(language, "依赖 payment → sms", "depends payment -> sms"))
    assert typed.tone == "ok"
    lessons = await scene.store.memory.kept("trade", "dependency")
    assert [(each.service, each.rule["peer"], each.taught_by) for each in lessons] == [
        ("payment", "sms", "rita"),
        ("payment", "ledger", "rita"),
    ]
    (entry,) = await scene.entries(incident, "memory.learned")
    assert entry.actor == "rita"
    assert not await scene.store.memory.kept("supply")


@pytest.mark.parametrize("text", ["depends", "depends payment", "depends payment 10.0.0.1", "depends a b c"])
async def test_what_makes_no_sense_is_refused(text: str) -> None:
    answer = await Catalogued().type("rita", "", text)
    assert answer.tone == "refused"


async def test_only_who_may_act_and_only_services_of_the_own_team() -> None:
    scene = Catalogued()
    assert (await scene.press("vic", "learn", incident="", caller="payment", callee="ledger")).tone == "refused"
    assert (await scene.press("rita", "learn", incident="", caller="elsewhere", callee="ledger")).tone == "refused"
    known = await scene.press("rita", "learn", incident="", caller="payment", callee="coupon")
    assert known.phrase is not None
    assert known.phrase.word == "catalogue.known"
    assert not await scene.store.memory.kept("trade", "dependency")


async def test_what_was_added_stands_beside_the_file_until_it_is_forgotten(tmp_path: Path) -> None:
    teams = TeamFiles(write(tmp_path, "trade", team="name: T", services="payment: {dependencies: [coupon]}"))
    teams.reload()
    scene = Catalogued()
    await scene.press("rita", "learn", incident="", caller="payment", callee="ledger")
    memory = scene.store.memory
    await take_up(memory, teams)
    service = teams.team("trade").services["payment"]
    assert (service.dependencies, service.learned) == (("coupon", "ledger"), ("ledger",))
    (lesson,) = await memory.kept("trade", "dependency")
    assert (await scene.type("rita", "", f"forget {lesson.id}")).tone == "ok"
    await take_up(memory, teams)
    assert teams.team("trade").services["payment"].dependencies == ("coupon",)


@BOTH
async def test_calls_that_were_written_down_are_drawn_and_held_against_the_catalogue(language: str) -> None:
    scene = Catalogued(language)
    said = "order -> payment -> ledger; mail -> smtp; payment -> coupon"
    answer = await scene.type("vic", "", word(language, f"拓扑 {said}", f"topology {said}"))
    text, lines = read(answer), drawn(answer.card)
    assert answer.card is not None
    assert answer.card.title == scene.words.text("topology.drawn", nodes=6, edges=4)
    assert lines[:2] == ("order", "└─ payment")
    assert lines[2:4] == ("   ├─ coupon", f"   └─ ledger  ({scene.words.text('topology.new')})")
    assert scene.words.text("topology.not_in_catalogue", calls="payment → ledger") in text
    assert scene.words.text("topology.not_drawn", calls="payment → mail") in text
    assert scene.words.text("topology.no_evidence") in text
    assert "order" in text
    assert ("learn", {"caller": "payment", "callee": "ledger"}) in pressable(answer.card)
    assert [action for action, _ in pressable(answer.card)] == ["learn"]
