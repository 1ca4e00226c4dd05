"""Checks the cards of a round of looking: the first look, everything that was asked, and what may be asked next."""

from datetime import timedelta
from typing import Any

import pytest

from cards.model import Block, Button, Buttons, Card, Chart, Facts, Findings, Fold, Log, Prose, Steps
from cards.render import feishu, slack, text, wecom
from cards.views import draw, page
from cards.views.diagnosis import LONGEST, confidence
from cards.views.scene import Scene
from cards.words import Words
from engine.incident import Incident
from engine.looks import Asked, Asking
from engine.model import Claim, Diagnosis, Evidence, Hypothesis, Observation, Phrase, Suspect, Sweep
from tests.cards.draw_golden import plain_value
from tests.cards.factory import (
    DEPLOYED,
    TEAM,
    WINDOW,
    found,
    hypothesis,
    measured,
    said,
    unclear_example,
    worked_example,
)

STORY = worked_example("en")
EN = Words("en")
HOSTILE = "svc-\u202egnp\u200b<script>@channel**x**`" + "y" * 300


def drawn(incident: Incident, slot: str) -> Card:
    card = draw(incident, slot, EN, TEAM)
    assert card is not None
    return card


def body(card: Card) -> str:
    return text.render(card).body


def of(card: Card, kind: type[Any]) -> list[Any]:
    return [block for block in card.blocks if isinstance(block, kind)]


def presses(card: Card, action: str) -> list[Button]:
    rows: list[Buttons] = of(card, Buttons)
    return [choice for row in rows for choice in row.buttons if isinstance(choice, Button) and choice.action == action]


def lines(card: Card) -> dict[str, str]:
    (facts,) = of(card, Facts)
    return dict(facts.pairs)


def thinking(found_: Diagnosis, **more: Any) -> Incident:
    return STORY.fold("evidence.collected").model_copy(update={"diagnosis": found_, **more})


# --- who is asked --------------------------------------------------------------------------------------------------


def test_every_source_is_a_step_from_the_moment_it_is_asked() -> None:
    (steps,) = of(drawn(STORY.fold("evidence.asking"), "evidence"), Steps)
    assert [(step.text, step.state) for step in steps.steps] == [
        (source, "running") for source in ("prometheus", "loki", "jaeger", "deploys")
    ]


def test_the_steps_stay_and_say_how_many_came_how_fast_and_why_not() -> None:
    (steps,) = of(drawn(STORY.fold(), "evidence"), Steps)
    assert {step.text: (step.state, step.note) for step in steps.steps} == {
        "prometheus": ("done", "7 results in 0.4 s"),
        "loki": ("done", "34 results in 0.4 s"),
        "jaeger": ("failed", "silent: no answer within 10 s"),
        "deploys": ("done", "1 result in 0.4 s"),
    }


def test_incidents_of_older_versions_name_their_silent_sources_as_well() -> None:
    older = STORY.fold().model_copy(update={"asked": {"loki": Asked(source="loki", state="done")}, "asking": None})
    assert "✗ jaeger  silent: no answer within 10 s" in body(drawn(older, "evidence"))


def test_a_second_round_shows_its_steps_above_what_the_first_one_found() -> None:
    again = STORY.fold("evidence.collected")
    running = {"loki": Asked(source="loki", state="running")}
    card = drawn(again.model_copy(update={"asked": running}), "evidence")
    assert "still" in card.title
    assert card.tone == "info"
    assert "… loki" in body(card)
    assert "ev_metric_1" in body(card)


def test_very_much_evidence_stays_readable() -> None:
    odd = [measured(f"ev_metric_{n}", said(f"figure {n}"), f"s{n}", "ratio", 0.1, 0.5) for n in range(1, 13)]
    usual = [found(f"ev_log_{n}", "log", "loki", "x", said(f"line {n}"), count=1, query=f"q{n}") for n in range(1, 25)]
    asked = {f"source-{n}": Asked(source=f"source-{n}", state="done", count=9, seconds=n) for n in range(8)}
    sweep = Sweep(window=WINDOW, evidence=(*odd, *usual))
    incident = STORY.fold("evidence.collected").model_copy(update={"sweep": sweep, "asked": asked})
    card = drawn(incident, "evidence")
    (open_ones,) = of(card, Findings)
    assert len(open_ones.findings) == 6
    assert len(of(card, Chart)) == 2
    assert [fold.title for fold in of(card, Fold)] == [
        "6 more abnormal findings",
        "24 normal findings (they speak against)",
        "10 more charts",
        "What was asked (36)",
    ]
    seen = [item.id for block in card.blocks for item in _findings(block)]
    assert sorted(seen) == sorted(item.id for item in sweep.evidence)
    message = slack.message(card, slack.Stage("https://tocsin.example", plain_value, {}))
    assert sum(len(each["blocks"]) for each in message.attachments) <= 20
    assert not message.shed
    assert not set(feishu.card({"en": card}, feishu.Stage("https://tocsin.example", plain_value)).shed) & {"findings"}


def _findings(block: Block) -> list[Any]:
    if isinstance(block, Fold):
        return [item for inner in block.blocks for item in _findings(inner)]
    return list(block.findings) if isinstance(block, Findings) else []


def test_the_decisive_stand_open_in_order_of_time() -> None:
    odd = [
        measured(f"ev_metric_{n}", said("x"), f"s{n}", "ratio", 0.1, 0.5, onset=DEPLOYED + timedelta(seconds=100 - n))
        for n in range(1, 9)
    ]
    incident = STORY.fold("evidence.collected").model_copy(update={"sweep": Sweep(window=WINDOW, evidence=tuple(odd))})
    (open_ones,) = of(drawn(incident, "evidence"), Findings)
    assert [item.id for item in open_ones.findings] == [f"ev_metric_{n}" for n in (6, 5, 4, 3, 2, 1)]


def test_of_each_kind_the_weightiest_stands_open_whatever_else_is_heavy() -> None:
    odd = [measured(f"ev_metric_{n}", said("x"), f"s{n}", "ratio", 0.1, 0.5) for n in range(1, 9)]
    log = found("ev_log_1", "log", "loki", "x", said("new error"), abnormal=True, count=3)
    change = found("ev_change_1", "change", "deploys", "change", said("went out"), abnormal=True, count=1)
    incident = STORY.fold("evidence.collected").model_copy(
        update={"sweep": Sweep(window=WINDOW, evidence=(*odd, log, change))}
    )
    (open_ones,) = of(drawn(incident, "evidence"), Findings)
    assert {"ev_log_1", "ev_change_1", "ev_metric_1"} < {item.id for item in open_ones.findings}


def test_the_first_curves_are_what_users_meet_and_what_stands_behind_it() -> None:
    version = measured("ev_metric_1", said("x"), "error_ratio", "ratio", 0, 0.7, details={"versions": {"v2": 9}})
    pool = measured("ev_metric_2", said("x"), "pool_use", "ratio", 0.1, 1.0)
    wait = measured("ev_metric_3", said("x"), "pool_wait", "seconds", 0.1, 1.0)
    felt = measured("ev_metric_4", said("x"), "error_ratio", "ratio", 0.0, 0.2)
    incident = STORY.fold("evidence.collected").model_copy(
        update={"sweep": Sweep(window=WINDOW, evidence=(version, pool, wait, felt))}
    )
    card = drawn(incident, "evidence")
    assert [chart.title[-13:] for chart in of(card, Chart)] == ["[ev_metric_4]", "[ev_metric_2]"]


def test_everything_that_was_asked_can_be_read_and_opened() -> None:
    card = drawn(STORY.fold(), "evidence")
    (asked,) = [fold for fold in of(card, Fold) if fold.title.startswith("What was asked")]
    told = body(Card("t", "s", blocks=asked.blocks))
    sweep = STORY.fold().sweep
    assert sweep is not None
    assert all(item.query in told and f"{item.id}: {item.count} result" in told for item in sweep.evidence)
    links = [item.link for block in card.blocks for item in _findings(block) if item.link]
    assert len(links) == len([item for item in sweep.evidence if item.link])


def test_a_terminal_cuts_what_nobody_can_open_there_but_no_question() -> None:
    inside = tuple(Prose(f"line {n}") for n in range(40))
    card = Card("t", "s", blocks=(Fold("many", inside), Fold("asked", (*inside, Buttons((Button("ack", "Take"),))))))
    whole, short = text.render(card), text.render(card, folded=10)
    assert whole.shed == ()
    assert short.shed == ("many",)
    assert "… 31 more lines, on the page of the incident" in short.body
    assert short.body.count("line 39") == 1
    assert whole.body.count("line 39") == 2


# --- the first look ------------------------------------------------------------------------------------------------


def test_a_first_look_says_what_it_is_and_offers_nothing() -> None:
    card = drawn(STORY.fold("evidence.first_look"), "diagnosis")
    assert card.title.startswith("First look: ")
    assert "First look, 2 of 4 sources; still waiting for loki, jaeger" in body(card)
    assert lines(card)["What to do"] == "Nothing is proposed before the others have answered."
    assert not [choice for row in of(card, Buttons) for choice in row.buttons if isinstance(choice, Button)]


@pytest.mark.parametrize("quiet, title", [(False, "First look: no cause yet"), (True, "First look: nothing abnormal")])
def test_a_first_look_without_a_cause_names_none(quiet: bool, title: str) -> None:
    incident = STORY.fold("evidence.first_look")
    assert incident.first_look is not None
    nothing = Diagnosis(verdict="inconclusive", quiet=quiet)
    first = incident.first_look.model_copy(update={"diagnosis": nothing})
    card = drawn(incident.model_copy(update={"first_look": first}), "diagnosis")
    assert card.title.startswith(title)


def test_that_the_first_look_had_named_another_cause_is_said() -> None:
    same = drawn(STORY.fold("hypothesis.generated"), "diagnosis")
    assert "first look" not in body(same)
    other = hypothesis(STORY).model_copy(update={"category": "rate_limited", "title": said("a limit")})
    changed = drawn(thinking(Diagnosis(verdict="conclusive", hypotheses=(other,))), "diagnosis")
    assert "The first look had named another cause: v2.3.1 leaks" in " ".join(body(changed).split())
    unproven = drawn(thinking(Diagnosis(verdict="inconclusive")), "diagnosis")
    assert "does not prove" in " ".join(body(unproven).split())


def test_the_header_says_how_many_have_answered() -> None:
    assert "2 of 4 answered" in body(drawn(STORY.fold("evidence.first_look"), "header"))


def test_the_page_tells_the_round_in_its_timeline() -> None:
    card = page(STORY.fold(), STORY.entries, EN, TEAM)
    told = body(card)
    assert "prometheus, loki, jaeger, deploys" in told
    assert "2 of 4 answered · v2.3.1 leaks database connections" in " ".join(told.split())


# --- five lines ----------------------------------------------------------------------------------------------------


def test_a_cause_is_five_lines() -> None:
    card = drawn(STORY.fold("hypothesis.generated"), "diagnosis")
    assert list(lines(card)) == [
        "What broke",
        "Since when",
        "Why we think so",
        "What speaks against",
        "What to do",
    ]
    assert "very high (91 %)" in body(card)


def test_what_broke_is_what_users_meet_and_not_the_cause_again() -> None:
    broke = lines(drawn(STORY.fold("hypothesis.generated"), "diagnosis"))["What broke"]
    assert broke == "503 ratio went up [ev_metric_1]"


def test_what_broke_is_not_said_again_as_a_reason() -> None:
    harm = Claim(phrase=Phrase(word="diagnosis.clue.harm", values={"what": said("h")}), evidence_ids=("ev_metric_2",))
    why = Claim(phrase=said("because"), evidence_ids=("ev_log_1",))
    shown = caused_by(harm, why)
    assert shown["Why we think so"] == "• because [ev_log_1]"
    assert shown["What broke"].endswith("[ev_metric_1, ev_metric_2]")
    assert "ev_metric_2" in caused_by(harm)["Why we think so"]


def test_a_sign_long_before_the_trouble_is_told_with_how_long() -> None:
    known = Scene(STORY.fold(), EN, TEAM).cited
    felt, sign = known["ev_metric_1"], known["ev_log_1"]
    assert felt.onset
    early = sign.model_copy(update={"onset": felt.onset - timedelta(seconds=108)})
    claim = Claim(phrase=said("x"), evidence_ids=(felt.id, early.id))
    shown = caused_by(claim, sweep=Sweep(window=WINDOW, evidence=(felt, early)))
    assert shown["Since when"].endswith("(1 min 48 s earlier) [ev_log_1]")


def caused_by(*reasons: Claim, **more: Any) -> dict[str, str]:
    """The five lines of a cause without a change, for which this speaks."""
    cause = hypothesis(STORY).model_copy(update={"supporting": reasons, "change": None})
    return lines(drawn(thinking(Diagnosis(verdict="conclusive", hypotheses=(cause,)), **more), "diagnosis"))


def test_who_could_not_be_heard_stands_with_what_speaks_against() -> None:
    assert "Not heard: jaeger." in lines(drawn(STORY.fold("hypothesis.generated"), "diagnosis"))["What speaks against"]


def test_many_and_long_reasons_are_folded_and_none_is_lost() -> None:
    reasons = tuple(Claim(phrase=said(f"reason {n} " + "why " * 60), evidence_ids=("ev_metric_1",)) for n in range(6))
    cause = hypothesis(STORY).model_copy(update={"supporting": reasons})
    steps = tuple(said(f"step {n}") for n in range(5))
    card = drawn(thinking(Diagnosis(verdict="conclusive", hypotheses=(cause,), next_steps=steps)), "diagnosis")
    shown = lines(card)
    assert shown["Why we think so"].count("reason") == 3
    assert all(len(line) < LONGEST + 40 for line in shown["Why we think so"].split("\n"))
    assert shown["What to do"].count("step") == 3
    (whole,) = [fold for fold in of(card, Fold) if fold.title == "In full"]
    told = dict(whole.blocks[0].pairs)
    assert told["Why we think so"].count("reason") == 6
    assert told["What to do"].count("step") == 5
    assert "why " * 59 in told["Why we think so"]


def test_suspects_are_ranked_in_a_fold_three_of_them_and_one_alone_is_none() -> None:
    suspects = tuple(Suspect(service=f"s{n}", probability=0.5 / (n + 1)) for n in range(5))
    cause = hypothesis(STORY)
    made = Diagnosis(verdict="conclusive", hypotheses=(cause,), suspects=suspects)
    (fold,) = [fold for fold in of(drawn(thinking(made), "diagnosis"), Fold) if "suspicious" in fold.title]
    assert [row[:2] for row in fold.blocks[0].rows] == [("s0", "50 %"), ("s1", "25 %"), ("s2", "17 %")]
    sure = (Suspect(service="s0", probability=0.999), Suspect(service="s1", probability=0.001))
    for too_few in (suspects[:1], sure):
        lone = drawn(thinking(made.model_copy(update={"suspects": too_few})), "diagnosis")
        assert not [fold for fold in of(lone, Fold) if "suspicious" in fold.title]


@pytest.mark.parametrize(
    "share, told",
    [(1.0, "very high"), (0.9, "very high"), (0.89, "high"), (0.6, "moderate"), (0.3, "low"), (0.1, "very low")],
)
def test_a_confidence_is_said_in_words_and_as_a_figure(share: float, told: str) -> None:
    shown = confidence(Scene(STORY.fold(), EN, TEAM), share)
    assert shown.startswith(f"Confidence: {told} (")
    assert f"{min(round(share * 100), 99)} %" in shown


def test_what_broke_is_said_of_the_whole_service_with_a_before() -> None:
    version = measured("ev_metric_1", said("v2 69 %"), "error_ratio", "ratio", 0, 0.7, details={"versions": {"v2": 9}})
    slow = measured("ev_metric_2", said("slow"), "latency_p95", "seconds", 0.1, 1.0, unusual=99.0)
    whole = measured("ev_metric_3", said("12 %"), "error_ratio", "ratio", 0.0, 0.12)
    made = Diagnosis(verdict="conclusive", hypotheses=(hypothesis(STORY),))
    card = drawn(thinking(made, sweep=Sweep(window=WINDOW, evidence=(version, slow, whole))), "diagnosis")
    assert lines(card)["What broke"] == "12 % [ev_metric_3]"


def test_a_quiet_diagnosis_misses_nothing_and_suspects_nobody() -> None:
    suspects = (Suspect(service="a", probability=0.5), Suspect(service="b", probability=0.5))
    made = Diagnosis(verdict="inconclusive", quiet=True, suspects=suspects, why_inconclusive=(said("all is usual"),))
    card = drawn(thinking(made), "diagnosis")
    assert "all is usual" in lines(card)["Why we think so"]
    assert not of(card, Fold)


# --- what to ask next ----------------------------------------------------------------------------------------------


def test_inconclusive_offers_what_to_ask_next_as_buttons() -> None:
    card = drawn(unclear_example("en").fold(), "diagnosis")
    assert [(button.label, button.value["ask"]) for button in presses(card, "query")] == [
        ("Logs: payment-service", "logs payment-service"),
        ("503 ratio: payment-service", 'metrics unavailable_ratio{service="payment-service"} last 1h'),
        ("p95 latency: payment-service", 'metrics latency_p95{service="payment-service"} last 1h'),
    ]
    assert "query logs payment-service" in body(card)


def test_only_sources_that_answer_are_offered_and_only_while_it_lasts() -> None:
    traced = found("ev_trace_1", "trace", "jaeger", "error_span", said("x"), count=3)
    sweep = Sweep(window=WINDOW, evidence=(traced,))
    unclear = Diagnosis(verdict="inconclusive", suspects=(Suspect(service="mysql", probability=0.6),))
    card = drawn(thinking(unclear, sweep=sweep), "diagnosis")
    assert [button.value["ask"] for button in presses(card, "query")] == ["traces mysql", "traces payment-service"]
    for update in ({"status": "closed"}, {"diagnosis": unclear.model_copy(update={"quiet": True})}):
        assert not presses(drawn(thinking(unclear, sweep=sweep).model_copy(update=update), "diagnosis"), "query")


def test_no_button_asks_what_nobody_could_type() -> None:
    long = measured("ev_metric_1", said("x"), "s", "ratio", 0.1, 0.5, query="x" * 300)
    named = found("ev_log_1", "log", "loki", "x", said("x"), count=1)
    unclear = Diagnosis(verdict="inconclusive", suspects=(Suspect(service="a service", probability=0.6),))
    card = drawn(thinking(unclear, sweep=Sweep(window=WINDOW, evidence=(long, named))), "diagnosis")
    assert [button.value["ask"] for button in presses(card, "query")] == ["logs payment-service"]


# --- hostile -------------------------------------------------------------------------------------------------------


def hostile() -> Incident:
    """Names and texts from outside as hostile as they get, in everything the cards of a round say."""
    made = measured("ev_metric_1", said(HOSTILE), "unavailable_ratio", "ratio", 1e12, 1e300, service=HOSTILE)
    odd = made.model_copy(update={"peer": HOSTILE, "query": f"q\u2066{HOSTILE}\n", "source": HOSTILE[:20]})
    cause = Hypothesis(
        category="x",
        service=HOSTILE,
        title=said(HOSTILE),
        confidence=1.0,
        supporting=(Claim(phrase=said(HOSTILE), evidence_ids=("ev_metric_1",)),),
    )
    unclear = Diagnosis(
        verdict="inconclusive",
        hypotheses=(cause,),
        suspects=(Suspect(service=HOSTILE, probability=0.5), Suspect(service="\u200b", probability=0.5)),
        next_steps=(said(HOSTILE),),
    )
    asked = {HOSTILE: Asked(source=HOSTILE, state="silent", seconds=1e12, reason=said(HOSTILE))}
    return thinking(unclear, sweep=Sweep(window=WINDOW, evidence=(odd,)), asked=asked, service=HOSTILE)


@pytest.mark.parametrize("slot", ["evidence", "diagnosis", "header"])
def test_hostile_names_do_no_harm_on_any_platform(slot: str) -> None:
    card = drawn(hostile(), slot)
    stage = slack.Stage("https://tocsin.example", plain_value, {})
    shown = [
        body(card),
        str(slack.message(card, stage).payload),
        str(feishu.card({"en": card}, feishu.Stage("https://tocsin.example", plain_value)).document),
        wecom.render(card, wecom.Stage(plain_value, "https://tocsin.example", "n0nce")).markdown,
    ]
    for told in shown:
        assert not set("\u202e\u200b\u2066") & set(told)
        assert " nan" not in told
        assert "inf " not in told
    assert all(len(line) <= 200 for line in body(card).split("\n"))


def test_a_figure_nobody_can_measure_is_a_dash() -> None:
    lost = Observation(source="x", kind="metric", service="s", query="q", window=WINDOW, points=((0.0, float("nan")),))
    assert lost.points
    item: Evidence = measured("ev_metric_1", said("x"), "s", "ratio", float("nan"), float("inf"))
    incident = STORY.fold("evidence.collected").model_copy(update={"sweep": Sweep(window=WINDOW, evidence=(item,))})
    assert "nan" not in body(drawn(incident, "evidence")).lower().replace("finance", "")


# --- how sure a measurement is -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "language, high, low",
    [
        ("en", "confidence is high where nothing else is said", "confidence low (few samples: 3, near what is usual)"),
        ("zh", "未注明的可信度均为高", "可信度低（样本少：3、接近平时）"),
    ],
)
def test_it_is_said_of_which_findings_how_little_sure_they_are_and_why(language: str, high: str, low: str) -> None:
    doubts = (Phrase(word="evidence.doubt.few", values={"n": 3}), Phrase(word="evidence.doubt.close"))
    sure = measured("ev_metric_1", said("a"), "s", "ratio", 0.1, 0.5)
    weak = measured("ev_metric_2", said("b"), "s", "ratio", 0.1, 0.2, confidence="low", doubts=doubts)
    old = measured("ev_metric_3", said("c"), "s", "ratio", 0.1, 0.2, confidence="")
    seen = thinking(Diagnosis(verdict="inconclusive"), sweep=Sweep(window=WINDOW, evidence=(sure, weak, old)))
    card = draw(seen, "evidence", Words(language), TEAM)
    assert card is not None
    found = [
        *of(card, Findings),
        *(each for fold in of(card, Fold) for each in fold.blocks if isinstance(each, Findings)),
    ]
    shown = {item.id: item.sure for block in found for item in block.findings}
    assert shown == {"ev_metric_1": "", "ev_metric_2": low, "ev_metric_3": ""}
    for each in (high, low):
        assert each in " ".join(body(card).split())
    doubtful = draw(
        seen.model_copy(update={"sweep": Sweep(window=WINDOW, evidence=(weak, old))}), "evidence", Words(language), TEAM
    )
    assert doubtful is not None
    assert high not in " ".join(body(doubtful).split())


# --- what was looked at ----------------------------------------------------------------------------------------------


def checked(incident: Incident, words: Words = EN) -> dict[str, str]:
    card = draw(incident, "evidence", words, TEAM)
    assert card is not None
    facts = [dict(block.pairs) for block in of(card, Facts)]
    return next((pairs for pairs in facts if words.text("checklist.looked") in pairs), {})


def test_the_checklist_names_what_came_what_failed_and_whom_nobody_could_ask() -> None:
    said_ = checked(STORY.fold())
    assert (
        said_["Looked at"] == "metrics (4), logs (2), changes (1), service catalogue, memory (1 recalled, no evidence)"
    )
    assert said_["No answer"] == "jaeger (traces)"
    assert said_["Not set up"] == "platform state, health checks"
    assert checked(worked_example("zh").fold(), Words("zh"))["未回应"] == "jaeger（链路）"


def test_a_kind_that_was_asked_for_and_held_nothing_was_looked_at() -> None:
    asking = Asking(sources=("thanos", "tempo"), tells={"thanos": "metric", "tempo": "trace", "posted": "change"})
    asked = {name: Asked(source=name, state="done") for name in asking.tells}
    bare = {"asking": asking, "asked": asked, "background": (), "service": "unheard-of", "sweep": Sweep(window=WINDOW)}
    said_ = checked(STORY.fold("evidence.collected").model_copy(update=bare))
    assert said_["Looked at"] == "metrics (0), traces (0), changes (0), memory (nothing recalled)"
    assert said_["Not set up"] == "logs, platform state, health checks, service catalogue"
    assert "No answer" not in said_


def test_of_an_older_incident_the_checklist_tells_what_came() -> None:
    older = checked(STORY.fold().model_copy(update={"asked": {}, "asking": None}))
    assert older["Looked at"] == checked(STORY.fold())["Looked at"]
    assert older["No answer"] == "jaeger"


def test_while_sources_are_asked_their_steps_say_so_alone() -> None:
    assert not checked(STORY.fold("evidence.asking"))
    assert not checked(STORY.fold("evidence.first_look"))


def test_data_that_ended_stands_open_and_apart_from_what_is_normal() -> None:
    usual = [measured(f"ev_metric_{n}", said(f"figure {n}"), f"s{n}", "ratio", 0.1, 0.1) for n in (1, 2)]
    calm = [each.model_copy(update={"abnormal": False}) for each in usual]
    gone = calm[1].model_copy(update={"details": {"ended": DEPLOYED.isoformat()}})
    incident = STORY.fold("evidence.collected").model_copy(
        update={"sweep": Sweep(window=WINDOW, evidence=(calm[0], gone))}
    )
    folds = {fold.title: fold for fold in of(drawn(incident, "evidence"), Fold)}
    assert folds["Data that ended (1)"].open
    assert [item.id for item in _findings(folds["Data that ended (1)"])] == ["ev_metric_2"]
    assert [item.id for item in _findings(folds["1 normal finding (it speaks against)"])] == ["ev_metric_1"]


def test_a_change_before_the_trouble_shows_its_files_and_how_much_it_changes_there() -> None:
    story = STORY.fold("evidence.collected")
    assert story.sweep is not None
    deploy = next(each for each in story.sweep.evidence if each.change)
    assert deploy.change is not None
    told = {"files": ("pool.py", "README.md"), "diff": "@@ -1 +1,2 @@\n-size = 20\n+size = 2\n+secret_sauce()\n x"}
    more = deploy.model_copy(update={"change": deploy.change.model_copy(update=told)})
    sweep = story.sweep.model_copy(update={"evidence": (more,)})
    card = drawn(story.model_copy(update={"sweep": sweep}), "evidence")
    (fold,) = [each for each in of(card, Fold) if each.title == EN.text("recent_card.touches", id=deploy.id, n=2)]
    paths, counted = fold.blocks
    assert isinstance(paths, Log)
    assert paths.lines == told["files"]
    assert isinstance(counted, Prose)
    assert "+2 −1 lines" in counted.text
    assert "secret_sauce" not in body(card), "code stands in a thread only where the setting says so"
    assert not [each for each in of(drawn(story, "evidence"), Fold) if "touches" in each.title]
