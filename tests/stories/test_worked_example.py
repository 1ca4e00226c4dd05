"""Tells the worked example as a dialogue: a bad release, a hold, a cause, a word, a change, and what was learned.

What the worked example shows besides and this version does not do yet stands in PENDING; the story fails as soon as one
of these appears, so that the list stays true.
"""

from datetime import timedelta
from pathlib import Path

import pytest

from cards.words import Filling
from engine.incident import Incident
from engine.model import Phrase, Quantity
from engine.team import Lesson, LessonKind
from tests.fakes.clock import START
from tests.stories.order import A_085, first_seen, wanted
from tests.stories.stage import Story, in_story_time, open_story

PENDING = {
    "citations of knowledge (A-182)": lambda kinds, state: "rag.recalled" in kinds,
    "evidence read from an image (A-183)": lambda kinds, state: any("visual" in e.id for e in state.sweep.evidence),
    "the preview of a deploy controller (A-187)": lambda kinds, state: "argocd" in str(state.proposals),
    "training files (A-190)": lambda kinds, state: any("trajector" in kind for kind in kinds),
}
"""What the worked example shows and later versions bring, each with how one would see it."""

SAYS = {
    "zh": {
        "hold": "先不要回滚。请查证据，判断是不是 v2.3.1 发布导致",
        "approve": "批准 {id} CONFIRM_EXECUTE。先 dry-run。",
        "promise": "只读",
        "prior": "不是证据",
        "held": "已叫停",
        "ticks": "✓ 审批已通过",
        "again": "再次预演",
        "recovered": "已恢复",
    },
    "en": {
        "hold": "Do not roll back yet. Look at the evidence first: was it the release?",
        "approve": "approve {id} CONFIRM_EXECUTE. dry-run first.",
        "promise": "only read",
        "prior": "not evidence",
        "held": "On hold",
        "ticks": "✓ Approval given",
        "again": "Repeated dry-run",
        "recovered": "Recovered",
    },
}
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


async def remembers(story: Story) -> None:
    """The team kept two things of an earlier incident."""
    kinds: tuple[LessonKind, ...] = ("incident_summary", "fault_pattern")
    for number, kind in enumerate(kinds):
        about: dict[str, Filling] = {"alert": "PaymentHigh503", "service": story.world.service}
        lesson = Lesson(
            id=f"les_0000aa0{number}",
            kind=kind,
            title=Phrase(word="lesson.summary.title", values={"incident": "inc_0000beef", **about}),
            lines=(Phrase(word="lesson.summary.alert", values=about),),
            incident="inc_0000beef",
            service=story.world.service,
            category="deploy_db_regression",
            alert="PaymentHigh503",
            taught_by="chen",
            at=story.house.tools.clock.now() - timedelta(days=9),
        )
        await story.store.memory.keep("trade", lesson)


@BOTH
@in_story_time
async def test_the_worked_example(tmp_path: Path, language: str):
    says = SAYS[language]
    async with open_story(tmp_path, language) as story:
        await remembers(story)
        lin = story.person("lin")
        story.world.release_leaks()

        # the alert is a thread within five seconds.
        await story.alert()
        await story.house.tools.clock.sleep(5.0)
        header = await story.reads("header")
        assert "P1" in header
        assert "PaymentHigh503" in header
        assert (await story.kinds())[:3] == ["incident.created", "alert.normalized", "gateway.received"]

        # the person holds, the bot promises to read only, in seven steps.
        heard = await lin.says(says["hold"])
        assert heard.tone == "ok"
        assert says["promise"] in heard.text
        (notice,) = await story.entries("notice.posted")
        promise = await story.reads(f"say:{notice.key}")
        for step in range(1, 8):
            assert f"{step}." in promise

        # what the team remembers is background, and says so.
        background = await story.reads("background")
        assert "inc_0000beef" in background
        assert says["prior"] in background

        # evidence of five kinds, and a cause that cites it.
        proposal = await story.asked()
        state = await story.state()
        _evidence_is_shown(state, await story.reads("evidence"))
        _cause_cites(state, await story.reads("diagnosis"))

        # the plan is complete, held, and cannot be approved until the hold is lifted.
        request = proposal.request
        assert request is not None
        card = await story.reads(f"plan:{proposal.plan.id}")
        for part in (
            says["held"],
            request.id,
            request.checkpoint.id,
            request.digest[:12],
            "v2.3.0",
            story.world.service,
        ):
            assert part in card
        assert (await lin.presses("approve", approval=request.id)).tone == "refused"
        assert story.world.target.done == []
        held = state.holding[0]
        assert held.operation_class == "rollback"
        assert (await lin.presses("lift", constraint=held.id)).tone == "ok"
        assert (await story.state()).status == "awaiting_approval", "lifting is not asking, nor approving"

        # approved by text, with the dry-run once more before.
        heard = await lin.says(says["approve"].format(id=request.id))
        assert heard.tone == "ok"
        state = await story.status("recovered")
        assert [order.approval for order in story.world.target.done] == [request.id]
        assert [entry.body.get("repeated") for entry in await story.entries("dry_run.completed")] == [False, True]

        # six ticks before, a receipt after.
        card = await story.reads(f"plan:{proposal.plan.id}")
        (checked,) = await story.entries("action.checked")
        assert len(checked.body["checks"]) == 6
        assert all(checked.body["checks"].values())
        assert card.count("✓") == 6
        for part in (says["again"], says["ticks"], "receipt_1"):
            assert part in card
        assert story.world.target.states[story.world.service] == {"version": "v2.3.0"}

        # before against after, measured.
        _recovery_is_measured(state, proposal.plan.id)
        assert says["recovered"] in await story.reads(f"recovery:{proposal.plan.id}")

        # what was learned is kept, and the incident closed.
        assert (await lin.presses("keep_all")).tone == "ok"
        assert (await lin.presses("close", outcome="recovered")).tone == "ok"
        state = await story.status("closed")
        assert (state.outcome, state.closed_by) == ("recovered", "lin")
        kept = {lesson.kind for lesson in await story.store.memory.kept("trade")}
        assert kept == {"incident_summary", "fault_pattern", "habit", "runbook"}
        assert "SKILL.md" in await story.reads("closing")

        kinds = await story.kinds()
        assert first_seen(kinds) == wanted(kinds)
        assert set(A_085) - set(kinds) == {"rag.recalled", "checkpoint.restored"}
        arrived = [name for name, seen in PENDING.items() if seen(kinds, state)]
        assert not arrived, f"no longer pending: {arrived}"


def _evidence_is_shown(state: Incident, card: str) -> None:
    assert state.sweep is not None
    abnormal = [each for each in state.sweep.evidence if each.abnormal]
    assert {each.kind for each in abnormal} == {"sli", "metric", "log", "trace", "change"}
    for each in abnormal:
        assert each.id in card
    signals = {each.signal: each for each in abnormal}
    ratio, latency = signals["unavailable_ratio"], signals["latency_p95"]
    assert (ratio.before, latency.before) != (None, None)
    assert ratio.after is not None
    assert latency.after is not None
    assert abs(ratio.after.value - 0.18) < 0.02
    assert abs(latency.after.value - 2.4) < 0.2
    change = signals["change"].change
    assert change is not None
    assert (change.version, change.previous_version) == ("v2.3.1", "v2.3.0")


def _cause_cites(state: Incident, card: str) -> None:
    cause = state.diagnosis.cause if state.diagnosis else None
    assert cause is not None
    assert (cause.category, cause.service) == ("deploy_db_regression", "payment-service")
    cited = {id for claim in cause.supporting for id in claim.evidence_ids}
    kinds = {id.split("_")[1] for id in cited}
    assert kinds >= {"metric", "log", "trace", "change"}
    for id in cited:
        assert id in card


def _recovery_is_measured(state: Incident, plan: str) -> None:
    recovery = state.proposals[plan].recovery
    assert recovery is not None
    assert len(recovery.signals) == 6
    assert all(signal.ok for signal in recovery.signals)
    errors = next(signal for signal in recovery.signals if signal.name == "unavailable_ratio")
    assert errors.before is not None
    assert errors.before.value > 0.15
    assert errors.after == Quantity(value=0.0, unit="ratio")


@BOTH
@in_story_time
async def test_by_button_and_form_and_taken_back_again(tmp_path: Path, language: str):
    """The same by press, then type; afterwards a person asks for it to be undone, which another one has to approve."""
    async with open_story(tmp_path, language) as story:
        lin, chen = story.person("lin"), story.person("chen")
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        heard = await lin.presses("approve", approval=proposal.request.id)
        assert heard.form is not None
        assert proposal.request.digest[:12] in heard.form.question
        assert (await lin.types("CONFIRM_EXECUTE")).tone == "ok"
        await story.status("recovered")

        assert (await lin.presses("undo", plan=proposal.plan.id)).form is not None
        assert (await lin.types("worse than before")).tone == "ok"
        undo = await story.asked()
        assert undo.request is not None
        assert (undo.undo_of, undo.plan.operation, undo.plan.requester) == (proposal.plan.id, "restore_state", "lin")
        refused = await lin.presses("approve", approval=undo.request.id)
        assert refused.tone == "refused"
        assert "Chen" in refused.text
        await chen.presses("approve", approval=undo.request.id)
        assert (await chen.types("CONFIRM_EXECUTE")).tone == "ok"
        await story.until(lambda s: s.proposals[undo.plan.id].recovery)
        assert story.world.target.states[story.world.service] == {"version": "v2.3.1"}
        kinds = await story.kinds()
        assert kinds.count("checkpoint.restored") == 1
        assert kinds.index("checkpoint.restored") > kinds.index("recovery.verified")
        assert (await story.state()).status != "recovered", "the old trouble is back, and it says so"


@in_story_time
async def test_watched_long_enough_it_closes_by_itself(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await story.person("lin").says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        state = await story.status("closed")
        assert (state.outcome, state.closed_by) == ("recovered", "tocsin")
        assert {taught.state for taught in state.lessons.values()} == {"offered"}
        assert await story.store.memory.kept("trade") == (), "nothing is kept that nobody kept"
        assert (await story.person("lin").presses("keep_all")).tone == "ok"
        assert await story.store.memory.kept("trade"), "a person may still keep afterwards"


@in_story_time
async def test_a_rejected_plan_changes_nothing_and_waits_for_people(tmp_path: Path):
    async with open_story(tmp_path) as story:
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        lin = story.person("lin")
        await lin.presses("reject", approval=proposal.request.id)
        assert (await lin.types("too risky at noon")).tone == "ok"
        state = await story.status("needs_human")
        assert story.world.target.done == []
        decision = state.proposals[proposal.plan.id].decision
        assert decision is not None
        assert (decision.verdict, decision.by, decision.reason) == ("rejected", "lin", "too risky at noon")
        assert "too risky at noon" in await story.reads(f"plan:{proposal.plan.id}")
        assert story.house.tools.clock.now() - START < timedelta(minutes=5)
