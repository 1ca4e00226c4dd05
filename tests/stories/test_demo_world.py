"""Plays the stories of the demo as anybody would start them, and measures anew what the cards say."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot.cli import make_parser
from bot.rehearsal import Operator
from bot.showcase import EXPECTED, SCENARIOS, Showcase, Stage, open_showcase
from cards import views
from cards.render.text import render
from cards.words import Words
from engine.incident import Incident
from engine.model import Evidence, Quantity
from engine.team import Account
from tests.fakes.platforms import FakePlatform
from tests.stories import measuring
from tests.stories.order import first_seen, wanted

WITHIN = 220.0
DEFAULT = SCENARIOS[0]
REAL = pytest.mark.real("prometheus", "alertmanager")
PROOF = pytest.mark.prove

KINDS = {
    "payment-503-after-deploy": "rollback_canary",
    "coupon-504-timeout": "scale_or_disable_coupon_path",
    "order-429-rate-limit": "adjust_rate_limit",
}
"""What each fault is answered with."""

RUNS = (
    pytest.param(DEFAULT, "zh", (), id="default"),
    pytest.param("coupon-504-timeout", "en", ("--prometheus",), marks=REAL, id="coupon-real"),
    pytest.param("order-429-rate-limit", "zh", ("--prometheus",), marks=REAL, id="order-real"),
    pytest.param("false-alarm", "en", ("--prometheus",), marks=REAL, id="false-alarm-real"),
    *(
        pytest.param(scenario, language, (), marks=PROOF, id=f"{scenario}-{language}")
        for scenario in SCENARIOS
        for language in ("zh", "en")
        if (scenario, language) != (DEFAULT, "zh")
    ),
)
"""`make test` plays one, CI the three others against real servers in both languages, `make prove` every pairing."""


async def played(*arguments: str) -> tuple[int, str, str]:
    """`tocsin demo --headless` with these arguments: exit code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        "--headless",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WITHIN):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("scenario, language, more", RUNS)
async def test_headless(scenario: str, language: str, more: tuple[str, ...]) -> None:
    code, out, err = await played("--json", "--scenario", scenario, "--lang", language, *more)
    assert code == 0, err[-3_000:]
    told = json.loads(out)
    assert out.count("\n") == 1, "one object on one line"
    assert set(told) == {"incident", "outcome", "timeline"}
    assert told["incident"].startswith("inc_")
    assert told["outcome"] == EXPECTED[scenario]
    timeline = told["timeline"]
    assert [set(entry) for entry in timeline] == [{"seq", "key", "kind", "actor", "at", "body", "digest"}] * len(
        timeline
    )
    assert [entry["seq"] for entry in timeline] == list(range(1, len(timeline) + 1))
    assert len({entry["key"] for entry in timeline}) == len(timeline)
    kinds = [entry["kind"] for entry in timeline]
    assert first_seen(kinds) == wanted(kinds)
    done = [entry["body"] for entry in timeline if entry["kind"] == "action.executed"]
    planned = [entry["body"]["plan"]["operation"] for entry in timeline if entry["kind"] == "action.planned"]
    if scenario in KINDS:
        assert planned == [KINDS[scenario]]
        assert [body["result"] for body in done] == ["done"]
        assert done[0]["receipt"]["id"]
    else:
        assert (planned, done) == ([], [])
    thread = err  # with --json everything people read goes to stderr
    for figure in ("inc_", "ev_metric_"):
        assert figure in thread
    other = "en" if language == "zh" else "zh"
    assert Words(language).text("button.view") in thread, "the thread speaks the language that was asked for"
    assert Words(other).text("button.view") not in thread


# --- every figure, measured anew while the world still runs ---


async def test_every_figure_is_what_the_world_says() -> None:
    terminal = FakePlatform("terminal")
    async with open_showcase("127.0.0.1", 0, Stage(language="en"), (terminal,)) as showcase, ClientSession() as session:
        state = await _lived(showcase)
        entries = await showcase.house.store.timeline.read(state.id)
        team = showcase.house.teams.team(state.team)
        page = str(render(views.page(state, entries, Words("en"), team), width=400).body)
        await _measures_evidence(session, showcase, state, page)
        await _measures_recovery(session, showcase, state, page)


async def _lived(showcase: Showcase) -> Incident:
    house = showcase.house
    operator = Operator(
        desk=house.desk,
        register=house.store.register,
        front_door=house.front_door,
        clock=house.tools.clock,
        account=Account(platform="terminal", id="lin", name="Lin"),
        room="demo",
        language="en",
        holds=True,
        echo=lambda name, text: None,
    )
    await showcase.arm(DEFAULT)
    state = await operator.see_through(await operator.wait_for_incident(90.0), 120.0)
    assert state.outcome == "recovered"
    return state


def _near(said: Quantity | None, found: float | None) -> bool:
    if said is None or found is None:
        return said is None and found is None
    return abs(said.value - found) <= 1e-6 * max(1.0, abs(found))


def _shown(figure: Quantity | None, page: str) -> bool:
    return figure is None or Words("en").quantity(figure) in page


async def _measures_evidence(session: ClientSession, showcase: Showcase, state: Incident, page: str) -> None:
    assert state.sweep is not None
    measured = [e for e in state.sweep.evidence if e.kind in ("metric", "sli") and e.count]
    assert len(measured) >= 10
    for evidence in measured:
        points = await measuring.points_of(session, showcase.addresses, evidence)
        assert len(points) == evidence.count, evidence.id
        assert _near(evidence.before, measuring.before_of(points, evidence)), (evidence.id, evidence.query)
        assert _near(evidence.after, measuring.after_of(points, evidence)), (evidence.id, evidence.query)
        assert _shown(evidence.before, page), evidence.id
        assert _shown(evidence.after, page), evidence.id
    for evidence in state.sweep.evidence:
        if evidence.kind == "log" and evidence.abnormal:
            await _measures_lines(session, showcase, evidence)
        if evidence.change is not None:
            await _finds_change(session, showcase, evidence)


async def _measures_lines(session: ClientSession, showcase: Showcase, evidence: Evidence) -> None:
    """The lines that say what the excerpt says, before the split and after it."""
    found = await measuring.lines(session, showcase.addresses, evidence.query, evidence.window)
    said = measuring.digits_aside(evidence.excerpt)
    alike = [at for at, line in found if any(text in part for text in said for part in measuring.digits_aside([line]))]
    split = evidence.window.split.timestamp() * 1e9
    assert evidence.before is not None
    assert evidence.after is not None
    assert (sum(at < split for at in alike), sum(at >= split for at in alike)) == (
        evidence.before.value,
        evidence.after.value,
    ), evidence.id


async def _finds_change(session: ClientSession, showcase: Showcase, evidence: Evidence) -> None:
    path = evidence.query.removeprefix("GET ")
    async with session.get(f"{showcase.addresses.releases}{path}") as answer:
        known: Any = await answer.json()
    (one,) = [each for each in known["deployments"] if each["id"] == evidence.change.id]  # type: ignore[union-attr]
    assert evidence.change is not None
    assert (one["version"], one["previous_version"]) == (evidence.change.version, evidence.change.previous_version)


async def _measures_recovery(session: ClientSession, showcase: Showcase, state: Incident, page: str) -> None:
    (proposal,) = state.proposals.values()
    recovery, execution = proposal.recovery, proposal.execution
    assert recovery is not None
    assert execution is not None
    assert execution.receipt is not None
    assert state.sweep is not None
    look = measuring.Look(recovery, execution.receipt.at)
    figures = [s for s in recovery.signals if s.name in ("unavailable_ratio", "error_ratio", "latency_p95", "traffic")]
    assert len(figures) == 3
    for signal in figures:
        found = await measuring.recovered(session, showcase.addresses, signal, state.sweep.window.start, look)
        assert _near(signal.after, found), signal
        known = next(e for e in state.sweep.evidence if e.query == signal.query and e.signal == signal.name)
        assert signal.before == (known.before if signal.name == "traffic" else known.after)
        assert _shown(signal.before, page), signal.name
        assert _shown(signal.after, page), signal.name
    now = await measuring.state(session, showcase.addresses, state.service)
    assert now["versions"] == {"v2.3.0": 4}
    platform = next(s for s in recovery.signals if s.name == "state")
    assert platform.text_after == "versions=v2.3.0:4"


def test_the_room_of_the_demo_is_where_people_expect_it(root: Path) -> None:
    """The address README prints is the one the command listens on."""
    options = make_parser().parse_args(["demo"])
    assert (options.host, options.port) == ("127.0.0.1", 8321)
    assert f"http://{options.host}:{options.port}" in (root / "README.md").read_text(encoding="utf-8")
