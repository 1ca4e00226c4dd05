"""Shows each way an approval must fail, with its word and its audit entry, and the few ways it may count."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cards.words import Words
from engine.approvals import Attempt, Refused, ask, decide, digest, judge_attempt, may_approve, refuse, seal, standings
from engine.incident import fold
from engine.model import Checkpoint, Decision, DryRun, Judgement, OperationClass, Phrase, Plan, Request, Value
from engine.ports import Draft
from engine.team import Account, Constraint, Person, Policy, Team
from tests.fakes.clock import START, FakeClock, FakeIds
from tests.fakes.store import FakeTimeline

INCIDENT = "inc_00000001"
LI = Person(id="li", name="Li Wei", roles=frozenset({"approver"}), accounts={"browser": "u-li", "slack": "S1"})
ANN = Person(id="ann", name="Ann", roles=frozenset({"approver"}), accounts={"browser": "u-ann"})
BO = Person(id="bo", name="Bo", roles=frozenset({"responder"}), accounts={"browser": "u-bo"})
TEAM = Team(id="default", name="Default", people=(LI, ANN, BO))
PLAN = Plan(
    id="plan_1",
    operation="rollback_canary",
    operation_class="rollback",
    executor="fake",
    target="payment",
    arguments={"version": "v1"},
    reason=Phrase(word="plan.reason"),
    evidence_ids=("ev_metric_1", "ev_log_1"),
)
CHECKPOINT = Checkpoint(id="checkpoint_1", target="payment", state={"version": "v2"}, resource_version="100", at=START)
DRY_RUN = DryRun(allowed=True, command_preview="roll back", changes=({"field": "version"},), resource_version="100")
DESTRUCTIVE = Judgement(tier="destructive", allowed=True)
CONFIRM = Judgement(tier="confirm", allowed=True, needs_word=False)


class Room:
    """One incident with a card that waits, and people who try."""

    def __init__(self) -> None:
        self.timeline = FakeTimeline()
        self.timeline.create(INCIDENT, "default")
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.team = TEAM
        self.count = 0

    async def write(self, key: str, kind: str, body: Value | dict[str, Any], actor: str = "tocsin") -> None:
        told = body.model_dump(mode="json") if isinstance(body, Value) else body
        await self.timeline.write(INCIDENT, Draft(key=key, kind=kind, actor=actor, at=self.clock.now(), body=told))

    async def ask(self, plan: Plan = PLAN, judgement: Judgement = DESTRUCTIVE, i: int = 1) -> Request:
        planned = {"plan": plan.model_dump(mode="json"), "judgement": judgement.model_dump(mode="json")}
        await self.write(f"1/{plan.id}/planned", "action.planned", planned)
        request = ask(INCIDENT, plan, judgement, CHECKPOINT, DRY_RUN, self.ids, self.clock.now(), 30)
        await self.write(f"1/{plan.id}/request/{i}", "approval.requested", request)
        return request

    async def attempt(self, attempt: Attempt, inbound: str = "") -> Decision | Refused:
        self.count += 1
        state = fold(await self.timeline.read(INCIDENT))
        id = inbound or f"in_{self.count}"
        answer = await decide(self.timeline, state, attempt, self.team, self.clock, id)
        if isinstance(answer, Refused):
            return await refuse(self.timeline, attempt, answer.phrase, self.clock.now(), id)
        return answer

    async def refused(self, attempt: Attempt) -> str:
        """Try; it must be refused, with an audit entry and words in both languages. The word, shortened."""
        before = fold(await self.timeline.read(INCIDENT)).proposal_of(attempt.approval)
        answer = await self.attempt(attempt)
        assert isinstance(answer, Refused), answer
        entry = await self.timeline.find(INCIDENT, f"refused:in_{self.count}")
        assert entry is not None
        assert (entry.kind, entry.actor) == ("approval.refused", attempt.actor)
        assert Phrase.model_validate(entry.body["say"]) == answer.phrase
        assert entry.body["to"] == attempt.actor
        assert entry.body["attempt"]["account"]["id"] == attempt.account.id
        for language in ("en", "zh"):
            said = Words(language).say(answer.phrase)
            assert "approval.refused" not in said, said
            assert "{" not in said, said
        after = fold(await self.timeline.read(INCIDENT)).proposal_of(attempt.approval)
        assert (before and before.decision) == (after and after.decision)
        return answer.phrase.word.removeprefix("approval.refused.")


@pytest.fixture
async def room() -> Room:
    room = Room()
    await room.write("created", "incident.created", {"team": "default", "title": "503", "service": "payment"})
    return room


def form(request: Request, person: Person = LI, **values: Any) -> Attempt:
    told = {"verdict": "approve", "word": "CONFIRM_EXECUTE", "digest": request.digest, **values}
    account = Account(platform="browser", id=person.accounts.get("browser", "?"), name=person.name)
    return Attempt(
        approval=request.id, person=person, account=account, incident=INCIDENT, at=START, **told
    )  # fmt: skip


def text(request: Request, said: str, person: Person = LI, **values: Any) -> Attempt:
    return form(request, person, word=said, digest=None, via="text", **values)


def exact(request: Request) -> str:
    return f"批准 {request.id} CONFIRM_EXECUTE"


# --- what counts -----------------------------------------------------------------------------------------------------


async def test_the_form_with_the_word_counts(room: Room) -> None:
    request = await room.ask()
    decision = await room.attempt(form(request))
    assert isinstance(decision, Decision)
    assert (decision.verdict, decision.by, decision.break_glass) == ("approved", "li", False)
    state = fold(await room.timeline.read(INCIDENT))
    proposal = state.proposal_of(request.id)
    assert proposal is not None
    assert proposal.decision == decision
    entry = await room.timeline.find(INCIDENT, f"1/approval/{request.id}")
    assert entry is not None
    assert entry.actor == "li"
    assert entry.body["via"] == "form"


@pytest.mark.parametrize(
    "said, again",
    [
        ("批准 {id} CONFIRM_EXECUTE", False),
        ("批准 {id} CONFIRM_EXECUTE。先 dry-run。", True),
        ("approve {id} CONFIRM_EXECUTE", False),
        ("approve {id} CONFIRM_EXECUTE, dry-run first.", True),
    ],
)
async def test_the_text_counts_in_both_languages(room: Room, said: str, again: bool) -> None:
    request = await room.ask()
    decision = await room.attempt(text(request, said.format(id=request.id)))
    assert isinstance(decision, Decision)
    assert (decision.verdict, decision.dry_run_first) == ("approved", again)


async def test_spaces_around_the_word_do_no_harm(room: Room) -> None:
    assert isinstance(await room.attempt(form(await room.ask(), word="  CONFIRM_EXECUTE ")), Decision)


async def test_a_confirm_needs_no_word_in_the_form(room: Room) -> None:
    plan = PLAN.model_copy(update={"operation_class": "degrade"})
    assert isinstance(await room.attempt(form(await room.ask(plan, CONFIRM), word=None)), Decision)


async def test_no_needs_no_word_and_no_second_person(room: Room) -> None:
    request = await room.ask(PLAN.model_copy(update={"requester": "li"}))
    decision = await room.attempt(form(request, verdict="reject", word=None, reason="not now"))
    assert isinstance(decision, Decision)
    assert (decision.verdict, decision.reason) == ("rejected", "not now")


async def test_a_quote_besides_the_exact_text_does_no_harm(room: Room) -> None:
    request = await room.ask()
    assert isinstance(await room.attempt(text(request, exact(request), quoted="which incident?")), Decision)


async def test_the_same_press_delivered_twice_gets_the_same_answer(room: Room) -> None:
    request = await room.ask()
    first = await room.attempt(form(request), "press_1")
    assert await room.attempt(form(request), "press_1") == first


# --- what must fail --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said, word",
    [
        ("confirmed", "word.not_the_word"),
        ("not CONFIRM_EXECUTE yet", "word.more"),
        ("confirm_execute", "word.lower_case"),
        ("Confirm_Execute", "word.lower_case"),
        ("CONFIRM EXECUTE", "word.not_the_word"),
        ("", "word.missing"),
        ("ＣＯＮＦＩＲＭ_ＥＸＥＣＵＴＥ", "word.lookalike"),
        ("CONFIRM_\u200bEXECUTE", "word.lookalike"),
        ("CONFIRM_EXECUTE\u200b", "word.lookalike"),
        ("СONFIRM_EXECUTE", "word.lookalike"),
        ("\u3000CONFIRM_EXECUTE", "word.more"),
        ("CONFIRM_EXECUTE\n", "word.more"),
    ],
)
async def test_nothing_but_the_word_counts_in_the_form(room: Room, said: str, word: str) -> None:
    assert await room.refused(form(await room.ask(), word=said)) == word


@pytest.mark.parametrize(
    "said, word",
    [
        ("confirmed", "word.not_the_word"),
        ("not CONFIRM_EXECUTE yet", "word.more"),
        ("CONFIRM_EXECUTE", "word.more"),
        ("approve {id} confirm_execute", "word.lower_case"),
        ("批准 {id} confirm_execute", "word.lower_case"),
        ("please approve {id} CONFIRM_EXECUTE", "word.more"),
        ("approve {id} CONFIRM_EXECUTE later", "word.more"),
        ("approve {id} CONFIRM_EXECUTE?", "word.more"),
        ("approve {id}", "word.not_the_word"),
        ("批准\u3000{id} CONFIRM_EXECUTE", "word.more"),
    ],
)
async def test_nothing_but_the_grammar_counts_as_text(room: Room, said: str, word: str) -> None:
    request = await room.ask()
    assert await room.refused(text(request, said.format(id=request.id))) == word


async def test_the_word_in_somebody_elses_message(room: Room) -> None:
    request = await room.ask()
    assert await room.refused(text(request, "+1", quoted=exact(request))) == "word.quoted"
    assert await room.refused(text(request, "", quoted=exact(request))) == "word.quoted"
    assert await room.refused(text(request, exact(request), forwarded=True)) == "forwarded"


async def test_an_edited_message(room: Room) -> None:
    request = await room.ask()
    assert await room.refused(text(request, exact(request), edited=True)) == "edited"


async def test_an_approval_of_another_action(room: Room) -> None:
    mine = await room.ask()
    other = await room.ask(PLAN.model_copy(update={"id": "plan_2", "arguments": {"version": "v0"}}))
    assert other.digest != mine.digest
    assert await room.refused(form(other, digest=mine.digest)) == "digest"
    assert await room.refused(form(other, digest=None)) == "digest"
    assert await room.refused(text(other, exact(mine))) == "unknown"


async def test_an_approval_of_another_incident(room: Room) -> None:
    request = await room.ask()
    elsewhere = request.model_copy(update={"id": "approval_ffffffff"})
    assert await room.refused(form(elsewhere)) == "unknown"
    assert await room.refused(text(elsewhere, exact(elsewhere))) == "unknown"


async def test_an_attempt_for_another_incident_is_never_judged_by_this_ones_card(room: Room) -> None:
    request = await room.ask()
    entries = await room.timeline.read(INCIDENT)
    attempt = replace(form(request), incident="inc_ffffffff")
    judged = judge_attempt(fold(entries), standings(entries).get, attempt, TEAM, START)
    assert isinstance(judged, Refused)
    assert judged.phrase.word == "approval.refused.unknown"


async def test_a_second_use(room: Room) -> None:
    request = await room.ask()
    await room.attempt(form(request))
    assert await room.refused(form(request)) == "used"
    assert await room.refused(form(request, ANN)) == "used"
    assert await room.refused(text(request, exact(request), ANN)) == "used"


async def test_a_flipped_decision(room: Room) -> None:
    request = await room.ask()
    await room.attempt(form(request))
    assert await room.refused(form(request, verdict="reject")) == "flipped"
    other = await room.ask(PLAN.model_copy(update={"id": "plan_2"}))
    await room.attempt(form(other, verdict="reject"))
    assert await room.refused(form(other, ANN)) == "flipped"
    assert await room.refused(form(other, ANN, verdict="reject")) == "used"


async def test_who_was_first_and_when_is_said(room: Room) -> None:
    request = await room.ask()
    await room.attempt(form(request))
    answer = await room.attempt(form(request, ANN))
    assert isinstance(answer, Refused)
    assert answer.phrase.values["by"] == "Li Wei"
    assert "2026-03-01 10:00:00" in str(answer.phrase.values["at"])


async def test_an_expired_one(room: Room) -> None:
    request = await room.ask()
    await room.clock.advance(30 * 60 - 1)
    early = await room.timeline.read(INCIDENT)
    assert not isinstance(
        judge_attempt(fold(early), standings(early).get, form(request), TEAM, room.clock.now()), Refused
    )
    await room.clock.advance(1)
    assert await room.refused(form(request)) == "expired"
    expired = Decision(approval=request.id, verdict="expired")
    await room.write(f"1/approval/{request.id}", "approval.resolved", expired)
    assert await room.refused(form(request)) == "expired"


async def test_a_void_one(room: Room) -> None:
    request = await room.ask()
    await room.write(
        f"1/approval/{request.id}", "approval.resolved", Decision(approval=request.id, verdict="void")
    )  # fmt: skip
    assert await room.refused(form(request)) == "void"


async def test_one_that_a_newer_card_replaced(room: Room) -> None:
    older = await room.ask()
    newer = await room.ask(i=2)
    assert await room.refused(form(older)) == "superseded"
    assert await room.refused(form(older, digest=newer.digest)) == "superseded"
    assert isinstance(await room.attempt(form(newer)), Decision)


async def test_a_newer_card_waits_afresh(room: Room) -> None:
    older = await room.ask()
    await room.attempt(form(older))
    newer = await room.ask(i=2)
    state = fold(await room.timeline.read(INCIDENT))
    proposal = state.proposal_of(newer.id)
    assert proposal is not None
    assert (proposal.decision, proposal.execution, proposal.checks) == (None, None, {})
    assert state.status == "awaiting_approval"
    assert await room.refused(form(older)) == "used"


async def test_one_of_an_earlier_episode(room: Room) -> None:
    request = await room.ask()
    await room.write("reopened:2", "incident.reopened", {})
    assert await room.refused(form(request)) == "superseded"


async def test_a_person_who_may_not(room: Room) -> None:
    request = await room.ask()
    assert await room.refused(form(request, BO)) == "role"
    assert await room.refused(form(request, BO, verdict="reject")) == "role"
    gone = LI.model_copy(update={"id": "gone", "name": "Gone"})
    assert await room.refused(form(request, gone)) == "unlinked"


async def test_an_account_nobody_is_linked_to(room: Room) -> None:
    request = await room.ask()
    stranger = replace(form(request), person=None, account=Account(platform="slack", id="S9", name="Li Wei"))
    assert await room.refused(stranger) == "unlinked"


async def test_the_requester_on_whichever_platform(room: Room) -> None:
    request = await room.ask(PLAN.model_copy(update={"requester": "li"}))
    assert await room.refused(form(request)) == "requester"
    slack = replace(form(request), account=Account(platform="slack", id="S1"))
    assert await room.refused(slack) == "requester"
    assert isinstance(await room.attempt(form(request, ANN)), Decision)


async def test_one_that_is_held(room: Room) -> None:
    request = await room.ask()
    held = Constraint(id="constraint_1", text="先不要回滚", operation_class="rollback", by="bo", at=START)
    await room.write("constraint:in_0", "constraint.set", held)
    assert await room.refused(form(request)) == "held"
    answer = await room.attempt(form(request))
    assert isinstance(answer, Refused)
    assert answer.phrase.values == {"by": "Bo", "text": "先不要回滚"}
    await room.write("lift:constraint_1", "constraint.lifted", {"constraint": "constraint_1"}, actor="li")
    assert isinstance(await room.attempt(form(request)), Decision)


@pytest.mark.parametrize("kind, holds", [("restart", False), (None, True)])
async def test_only_what_is_meant_is_held(room: Room, kind: OperationClass | None, holds: bool) -> None:
    request = await room.ask()
    held = Constraint(id="constraint_1", text="don't", operation_class=kind, by="bo", at=START)
    await room.write("constraint:in_0", "constraint.set", held)
    assert isinstance(await room.attempt(form(request)), Refused) == holds


async def test_held_does_not_keep_anybody_from_saying_no(room: Room) -> None:
    request = await room.ask()
    held = Constraint(id="constraint_1", text="don't", by="bo", at=START)
    await room.write("constraint:in_0", "constraint.set", held)
    assert isinstance(await room.attempt(form(request, verdict="reject")), Decision)


async def test_a_closed_incident(room: Room) -> None:
    request = await room.ask()
    await room.write("1/closed", "incident.closed", {"outcome": "false_alarm"}, actor="li")
    assert await room.refused(form(request)) == "closed"


async def test_no_approval_named_means_the_one_that_waits_and_is_still_refused(room: Room) -> None:
    request = await room.ask()
    assert await room.refused(replace(text(request, "confirmed"), approval="")) == "word.not_the_word"
    await room.ask(PLAN.model_copy(update={"id": "plan_2"}))
    assert await room.refused(replace(text(request, "confirmed"), approval="")) == "unknown"


async def test_what_was_typed_is_kept_but_bounded(room: Room) -> None:
    await room.refused(form(await room.ask(), word="x" * 10_000))
    entry = await room.timeline.find(INCIDENT, f"refused:in_{room.count}")
    assert entry is not None
    assert len(entry.body["attempt"]["word"]) == 200


# --- races -----------------------------------------------------------------------------------------------------------


async def test_two_people_at_once_decide_once(room: Room) -> None:
    request = await room.ask()
    async with asyncio.TaskGroup() as group:
        tries = [
            group.create_task(room.attempt(form(request, LI), "in_a")),
            group.create_task(room.attempt(form(request, ANN, verdict="reject"), "in_b")),
            group.create_task(room.attempt(text(request, exact(request), ANN), "in_c")),
        ]
    answers = [task.result() for task in tries]
    assert sum(isinstance(answer, Decision) for answer in answers) == 1
    assert sum(isinstance(answer, Refused) for answer in answers) == 2
    kinds = [entry.kind for entry in await room.timeline.read(INCIDENT)]
    assert kinds.count("approval.resolved") == 1
    assert kinds.count("approval.refused") == 2


class Slow(FakeTimeline):
    """A timeline in which somebody else is always a moment faster with the contested key."""

    faster: Draft | None = None

    async def write(self, incident, draft):
        if self.faster and draft.kind == "approval.resolved":
            first, self.faster = self.faster, None
            await super().write(incident, first)
        return await super().write(incident, draft)


@pytest.mark.parametrize("verdict, word", [("approved", "used"), ("rejected", "flipped"), ("expired", "expired")])
async def test_who_comes_a_moment_late_is_told_so(room: Room, verdict: str, word: str) -> None:
    request = await room.ask()
    slow = Slow()
    slow.entries, slow.standings = room.timeline.entries, room.timeline.standings
    room.timeline = slow
    body = {"approval": request.id, "verdict": verdict, "by": "ann", "inbound": "other"}
    slow.faster = Draft(key=f"1/approval/{request.id}", kind="approval.resolved", actor="ann", at=START, body=body)
    answer = await room.attempt(form(request))
    assert isinstance(answer, Refused)
    assert answer.phrase.word == f"approval.refused.{word}"
    assert await room.timeline.find(INCIDENT, f"refused:in_{room.count}")


# --- break glass -----------------------------------------------------------------------------------------------------


async def test_a_lone_approver_may_break_the_glass_with_a_reason(room: Room) -> None:
    alone = Team(id="default", name="Default", people=(LI, BO), policy=Policy(break_glass=True))
    request = await room.ask(PLAN.model_copy(update={"requester": "li"}))
    room.team = alone
    assert await room.refused(form(request, reason="  ")) == "break_glass_reason"
    decision = await room.attempt(form(request, reason="alone at night, checkout is down"))
    assert isinstance(decision, Decision)
    assert decision.break_glass
    assert decision.reason == "alone at night, checkout is down"


async def test_the_glass_holds_where_policy_says_so_or_somebody_else_is_there(room: Room) -> None:
    request = await room.ask(PLAN.model_copy(update={"requester": "li"}))
    room.team = Team(id="default", name="Default", people=(LI, BO))
    assert await room.refused(form(request, reason="alone")) == "requester"
    room.team = TEAM.model_copy(update={"policy": Policy(break_glass=True)})
    assert await room.refused(form(request, reason="alone")) == "requester"


def test_roles_are_ranked() -> None:
    responders = TEAM.model_copy(update={"policy": Policy(approver_role="responder")})
    assert may_approve(BO, responders)
    assert may_approve(LI, responders)
    assert not may_approve(BO, TEAM)
    assert not may_approve(BO.model_copy(update={"roles": frozenset()}), responders)


# --- the digest ------------------------------------------------------------------------------------------------------


def bound(**values: Any) -> str:
    told: dict[str, Any] = {
        "plan": PLAN,
        "incident_id": INCIDENT,
        "evidence_ids": PLAN.evidence_ids,
        "checkpoint": CHECKPOINT,
        "dry_run": DRY_RUN,
        **values,
    }
    return digest(**told)


@pytest.mark.parametrize(
    "change",
    [
        {"plan": PLAN.model_copy(update={"operation": "restart"})},
        {"plan": PLAN.model_copy(update={"target": "order"})},
        {"plan": PLAN.model_copy(update={"arguments": {"version": "v0"}})},
        {"incident_id": "inc_00000002"},
        {"evidence_ids": ("ev_metric_1",)},
        {"checkpoint": CHECKPOINT.model_copy(update={"resource_version": "101"})},
        {"checkpoint": CHECKPOINT.model_copy(update={"at": START + timedelta(seconds=1)})},
        {"dry_run": DRY_RUN.model_copy(update={"command_preview": "rm -rf /"})},
        {"dry_run": DRY_RUN.model_copy(update={"resource_version": "101"})},
    ],
)
def test_every_difference_makes_another_digest(change: dict[str, Any]) -> None:
    assert bound(**change) != bound()


def test_the_digest_survives_json_and_order() -> None:
    shuffled = PLAN.model_copy(update={"arguments": {"b": 1, "a": 2}})
    sorted_ = PLAN.model_copy(update={"arguments": {"a": 2, "b": 1}})
    assert bound(plan=shuffled) == bound(plan=sorted_)
    back = Checkpoint.model_validate(CHECKPOINT.model_dump(mode="json"))
    assert bound(checkpoint=back) == bound()


async def test_a_seal_knows_another_dry_run(room: Room) -> None:
    request = await room.ask()
    same = seal(INCIDENT, Request.model_validate(request.model_dump(mode="json")))
    assert same(DRY_RUN)
    assert not same(DRY_RUN.model_copy(update={"resource_version": "101"}))
    assert not seal("inc_ffffffff", request)(DRY_RUN)
