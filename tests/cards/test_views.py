"""Checks what cards say at each moment of an incident, and that every state there can be gives cards."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.codec import encode
from cards.model import Block, Button, Buttons, Card, Chart, Findings, Fold, Prose, Table
from cards.render import html, text
from cards.views import draw, listing, page, slots
from cards.words import Words
from engine.incident import Incident, Proposal, fold
from engine.model import Alert, Decision, Diagnosis, Execution, Hypothesis, Judgement, Recovery, Witness
from engine.team import Team
from tests.cards.factory import APPROVAL, HOLD, INCIDENT, PLAN, START, TEAM, said, worked_example

STORY = worked_example("en")
ZH, EN = Words("zh"), Words("en")
MISSING_WORD = re.compile(r"\[[a-z_]+(\.[a-z_0-9]+)+\]")
SLOT = f"plan:{PLAN}"


def drawn(incident: Incident, slot: str, words: Words = EN, team: Team = TEAM) -> Card:
    card = draw(incident, slot, words, team)
    assert card is not None
    return card


def body(card: Card) -> str:
    return text.render(card).body


def everything(blocks: tuple[Block, ...]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        found.append(block)
        if isinstance(block, Fold):
            found += everything(block.blocks)
    return found


def actions(card: Card) -> list[str]:
    rows = [block for block in everything(card.blocks) if isinstance(block, Buttons)]
    return [button.action for row in rows for button in row.buttons if isinstance(button, Button)]


def with_proposal(upto: str, **changes: Any) -> Incident:
    incident = STORY.fold(upto)
    proposal = incident.proposals[PLAN].model_copy(update=changes)
    return incident.model_copy(update={"proposals": {PLAN: proposal}})


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_every_moment_of_the_story_can_be_told(words: Words) -> None:
    for end in range(len(STORY.entries) + 1):
        incident = fold(STORY.entries[:end])
        cards = [drawn(incident, slot, words) for slot in slots(incident)]
        cards.append(page(incident, STORY.entries[:end], words, TEAM))
        for card in cards:
            assert card.title
            assert card.summary
            assert card.incident == incident.id
            assert not MISSING_WORD.search(json.dumps(encode(card), ensure_ascii=False))
            assert text.render(card).body
            assert html.render(card).body


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=len(STORY.entries), max_size=len(STORY.entries)), st.sampled_from((ZH, EN)))
def test_any_timeline_gives_cards(kept: list[bool], words: Words) -> None:
    entries = [entry for entry, keep in zip(STORY.entries, kept, strict=True) if keep]
    incident = fold(entries)
    for slot in slots(incident):
        assert draw(incident, slot, words, Team(id="x", name="x")) is not None
    assert page(incident, entries, words, Team(id="x", name="x")).blocks


def test_slots_stand_in_thread_order() -> None:
    assert slots(STORY.fold()) == (
        "header",
        "background",
        "evidence",
        "diagnosis",
        SLOT,
        f"recovery:{PLAN}",
        "closing",
        "say:notice:constraint:1",
        "say:refused:in_1",
    )


@pytest.mark.parametrize("slot", ["", "nonsense", "plan:none", "recovery:none", "say:none", "evidence", "closing"])
def test_a_slot_with_nothing_to_show_gives_none(slot: str) -> None:
    assert draw(STORY.fold("alert.normalized"), slot, EN, TEAM) is None


def test_a_held_plan_can_be_lifted_and_not_approved() -> None:
    card = drawn(STORY.fold("approval.requested"), SLOT)
    assert "approve" not in actions(card)
    assert "lift" in actions(card)
    assert "Do not roll back. Is it v2.3.1?" in body(card)
    lift = next(b for row in card.blocks if isinstance(row, Buttons) for b in row.buttons if isinstance(b, Button))
    assert lift.value == {"incident": INCIDENT, "constraint": HOLD}


def test_a_waiting_plan_shows_all_a_person_needs() -> None:
    card = drawn(STORY.fold("constraint.lifted"), SLOT)
    assert actions(card) == ["approve", "reject"]
    row = next(block for block in card.blocks if isinstance(block, Buttons))
    assert row.approval
    for shown in (
        "rollback_canary",
        "payment-service-prod",
        "destructive",
        "ev_metric_1",
        "cp_3344",
        "argocd app rollback payment-service-prod v2.3.0",
        "9f2c4e5a7b81",
        "2026-11-20 08:30:00 UTC",
        "赵敏, Mary Chen",
        "deploy v2.3.1 again",
        f"approve {APPROVAL} CONFIRM_EXECUTE",
    ):
        assert shown in body(card)


def test_the_requester_is_not_among_those_who_may_approve() -> None:
    incident = STORY.fold("constraint.lifted")
    plan = incident.proposals[PLAN].plan.model_copy(update={"requester": "zhao"})
    card = body(drawn(with_proposal("constraint.lifted", plan=plan), SLOT))
    assert "Mary Chen" in card.split("May approve")[1]
    assert "赵敏" not in card.split("May approve")[1]


def test_without_a_way_back_the_card_says_none() -> None:
    plan = STORY.fold("constraint.lifted").proposals[PLAN].plan.model_copy(update={"way_back": None})
    assert re.search(r"Way back +none", body(drawn(with_proposal("constraint.lifted", plan=plan), SLOT)))


def test_what_policy_does_not_allow_is_advice() -> None:
    refused = Judgement(tier="observe", allowed=False, refusal=said("observe only"))
    card = drawn(with_proposal("action.planned", judgement=refused), SLOT)
    assert actions(card) == []
    assert "Advice only, will not be executed: observe only" in body(card)


@pytest.mark.parametrize("verdict", ["rejected", "expired", "void"])
def test_a_decided_plan_has_no_buttons_left(verdict: Any) -> None:
    decision = Decision(approval=APPROVAL, verdict=verdict, by="zhao" if verdict == "rejected" else "")
    card = drawn(with_proposal("constraint.lifted", decision=decision), SLOT)
    assert actions(card) == []


def test_a_decision_about_an_earlier_request_does_not_count() -> None:
    card = drawn(with_proposal("constraint.lifted", decision=Decision(approval="approval_old", verdict="void")), SLOT)
    assert actions(card) == ["approve", "reject"]


def test_an_unknown_outcome_asks_people_and_offers_no_second_try() -> None:
    unknown = Execution(plan=PLAN, result="unknown", reason=said("timed out"))
    card = drawn(with_proposal("action.executed", execution=unknown), SLOT)
    assert actions(card) == []
    assert "I will not try again" in body(card)
    assert card.tone == "bad"


def test_a_done_plan_offers_undo_until_the_end() -> None:
    assert actions(drawn(STORY.fold("action.executed"), SLOT)) == ["undo"]
    assert actions(drawn(STORY.fold(), SLOT)) == []
    assert "rcpt_9" in body(drawn(STORY.fold(), SLOT))


def test_an_undo_is_not_undone() -> None:
    assert actions(drawn(with_proposal("action.executed", undo_of="plan_old"), SLOT)) == []


def test_the_header_says_what_is_missing_and_what_came_before() -> None:
    card = drawn(STORY.fold("alert.repeated"), "header")
    assert actions(card) == ["ack", "escalate", "close", "false_alarm", "more"]
    assert "cut off 2 alerts" in body(card)
    assert "time is compressed" in body(card)
    later = body(drawn(STORY.fold("memory.recalled"), "header"))
    assert "Seen before: inc_000000aa" in later


def test_nobody_closes_while_something_is_executed() -> None:
    assert "close" not in actions(drawn(STORY.fold("approval.resolved"), "header"))


def test_a_stuck_incident_offers_to_resume() -> None:
    card = drawn(STORY.fold("evidence.collected").model_copy(update={"stuck": "disk full"}), "header")
    assert "resume" in actions(card)
    assert "disk full" in body(card)


def test_evidence_stands_abnormal_first_with_charts_and_the_silent_named() -> None:
    card = drawn(STORY.fold(), "evidence")
    first = next(block for block in card.blocks if isinstance(block, Findings))
    assert [item.id for item in first.findings] == [
        "ev_metric_1",
        "ev_metric_2",
        "ev_metric_3",
        "ev_log_1",
        "ev_deploy_1",
    ]
    assert all(item.abnormal for item in first.findings)
    charts = [block for block in card.blocks if isinstance(block, Chart)]
    assert len(charts) == 2
    assert {mark.tone for mark in charts[0].marks} == {"warning", "bad"}
    assert charts[0].unit == "%"
    assert max(value for _, value in charts[0].points) > 15
    assert "jaeger  silent: no answer within 10 s" in body(card)
    assert '{app="coupon"} |= "error"' in body(card)


def test_figures_a_sentence_holds_are_not_said_again() -> None:
    first = STORY.fold().sweep
    assert first is not None
    told = first.evidence[0].model_copy(update={"summary": said("503 ratio rose: 0.2 % → 18.2 %")})
    incident = STORY.fold().model_copy(update={"sweep": first.model_copy(update={"evidence": (told,)})})
    assert body(drawn(incident, "evidence")).count("18.2 %") == 1


def test_what_a_source_says_beside_its_figures_stands_open() -> None:
    first = STORY.fold().sweep
    assert first is not None
    update = {"id": "ev_state_9", "abnormal": False, "details": {"note": "label_mismatch"}, "excerpt": ("app=pay",)}
    noted = first.evidence[0].model_copy(update={**update, "summary": said("it is called pay there"), "points": ()})
    incident = STORY.fold().model_copy(update={"sweep": first.model_copy(update={"evidence": (noted,)})})
    card = drawn(incident, "evidence")
    assert card is not None
    assert "it is called pay there" in [block.text for block in card.blocks if isinstance(block, Prose)]
    assert body(card).count("it is called pay there") == 1


def test_a_change_that_several_sources_report_cites_each_of_them() -> None:
    first = STORY.fold().sweep
    assert first is not None
    deploy = next(each for each in first.evidence if each.change)
    assert deploy.change is not None
    told = [("argocd", "till/12"), ("kubernetes", "deployment/till@7")]
    seen = tuple(
        Witness(source=source, id=id, at=deploy.change.at, version="3f2a1b9", link=f"https://{source}.example/x")
        for source, id in told
    )
    several = deploy.model_copy(update={"change": deploy.change.model_copy(update={"witnesses": seen})})
    incident = STORY.fold().model_copy(update={"sweep": first.model_copy(update={"evidence": (several,)})})
    for card in (drawn(incident, "evidence"), page(incident, (), EN, TEAM)):
        (fold,) = [
            block for block in everything(card.blocks) if isinstance(block, Fold) and "Who reports" in block.title
        ]
        (found,) = [block for block in fold.blocks if isinstance(block, Findings)]
        links = [each.link for each in found.findings]
        assert links == ["https://argocd.example/x", "https://kubernetes.example/x"]
        assert [name in each.text for (_, name), each in zip(told, found.findings, strict=True)] == [True, True]


def test_evidence_while_asking_shows_each_source() -> None:
    said_ = body(drawn(STORY.fold("evidence.asked"), "evidence"))
    for source in ("prometheus", "loki", "jaeger", "deploys"):
        assert source in said_


def test_inconclusive_says_why_and_what_next_and_proposes_nothing() -> None:
    found = Diagnosis(
        verdict="inconclusive",
        hypotheses=(Hypothesis(category="x", service="s", title=said("maybe"), confidence=0.3),),
        why_inconclusive=(said("only one kind of evidence"),),
        next_steps=(said("look at the database"),),
    )
    incident = STORY.fold("evidence.collected").model_copy(update={"diagnosis": found})
    card = drawn(incident, "diagnosis")
    assert actions(card) == ["query", "query", "query", "look_again", "false_alarm", "close"]
    assert "only one kind of evidence" in body(card)
    assert "look at the database" in body(card)
    quiet = incident.model_copy(update={"diagnosis": found.model_copy(update={"quiet": True})})
    assert "false alarm" in drawn(quiet, "diagnosis").title


def test_a_change_that_did_not_help_says_so() -> None:
    card = drawn(with_proposal("action.executed", recovery=Recovery(verdict="not_recovered")), f"recovery:{PLAN}")
    assert card.tone == "bad"
    assert "did not bring recovery" in body(card)


def test_secrets_of_the_world_do_not_reach_a_card() -> None:
    alert = Alert(
        fingerprint="f",
        status="firing",
        name="A",
        summary="password=hunter2",
        labels={"dsn": "mysql://u:hunter2@db/x"},
        starts_at=START,
        generator_url="http://u:hunter2@prometheus/graph",
    )
    incident = STORY.fold().model_copy(update={"alerts": {"f": alert}, "title": "token=hunter2"})
    shown = [drawn(incident, slot) for slot in slots(incident)] + [page(incident, STORY.entries, EN, TEAM)]
    for card in shown:
        assert "hunter2" not in json.dumps(encode(card))


def test_an_endless_text_is_cut() -> None:
    incident = STORY.fold("alert.normalized").model_copy(update={"title": "x" * 1_000_000})
    assert len(json.dumps(encode(drawn(incident, "header")))) < 20_000


def test_the_page_holds_the_whole_timeline_and_the_raw_labels() -> None:
    card = page(STORY.fold(), STORY.entries, EN, TEAM)
    tables = [block for block in everything(card.blocks) if isinstance(block, Table)]
    assert max(len(table.rows) for table in tables) == len(STORY.entries)
    shown = body(card)
    assert "fingerprint" in shown
    assert "https://wiki.example/payment-503" in shown
    assert "incident.created" in shown


def test_a_broken_entry_does_not_break_the_page() -> None:
    odd = [
        entry.model_copy(update={"body": {"say": {"word": 3}, "plan": "x", "hypotheses": 7}}) for entry in STORY.entries
    ]
    assert page(STORY.fold(), odd, EN, TEAM).blocks


def test_the_listing() -> None:
    waiting, done = STORY.fold("approval.requested"), STORY.fold()
    shown = json.dumps(encode(listing((waiting, done), EN)), ensure_ascii=False)
    assert "Closed · recovered" in shown
    assert "Waiting for approval" in shown
    assert "没有事件。" in body(listing((), ZH))


def test_the_closing_card_counts_what_was_done() -> None:
    card = drawn(STORY.fold(), "closing")
    assert re.search(r"Operations +1: rollback_canary", body(card))
    assert actions(card) == ["keep", "edit", "drop"] * 2 + ["keep_all"]
    assert "kept (林晓)" in body(card)


def test_two_incidents_share_nothing() -> None:
    other = replace(worked_example("en"), incident="inc_other000")
    incident = STORY.fold("approval.requested").model_copy(update={"id": other.incident})
    ids = {
        b.value["incident"]
        for r in drawn(incident, SLOT).blocks
        if isinstance(r, Buttons)
        for b in r.buttons
        if isinstance(b, Button)
    }
    assert ids == {"inc_other000"}


def test_a_proposal_without_anything_gives_a_card() -> None:
    plan = STORY.fold().proposals[PLAN].plan
    assert drawn(Incident(id="inc_1", proposals={PLAN: Proposal(plan=plan)}), SLOT).blocks
