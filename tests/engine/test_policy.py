"""Holds policy to its one promise: rules tighten, nothing loosens, and what is unknown is forbidden."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.incident import Incident
from engine.model import Change, Claim, Diagnosis, Hypothesis, Judgement, Naming, OperationClass, Phrase, Plan, Tier
from engine.policy import (
    ALWAYS_FORBIDDEN,
    LEAST_TIER,
    STRICTNESS,
    Permissions,
    judge,
    left_out,
    propose,
    still_allowed,
    stricter,
)
from engine.team import Lesson, Policy, Remedy, Rollback, Service, Team

AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
OPERATIONS: dict[str, OperationClass] = {"undo_release": "rollback", "bounce": "restart", "shed": "degrade"}
OPEN = Permissions(execution_enabled=True, allowed_operations=frozenset(OPERATIONS), executors={"platform": OPERATIONS})
TEAM = Team(id="shop", name="Shop")
INCIDENT = Incident(id="inc_1")

ROLLBACK = Remedy(
    operation="undo_release",
    operation_class="rollback",
    executor="platform",
    against=("bad_release",),
    arguments={"to": "{previous_version}", "note": "from {version}", "force": False},
    undo="restore_state",
)
SHED = Remedy(
    operation="shed", operation_class="degrade", executor="platform", against=("dependency_timeout",), peer="stock",
    tier="confirm", arguments={"peer": "{peer}"},
)  # fmt: skip


def cause(category: str = "bad_release", service: str = "cart", **values: Any) -> Diagnosis:
    hypothesis = Hypothesis(
        category=category,
        service=service,
        title=Phrase(word="pattern.title"),
        confidence=0.9,
        supporting=(
            Claim(phrase=Phrase(word="a"), evidence_ids=("ev_metric_1", "ev_change_1")),
            Claim(phrase=Phrase(word="b"), evidence_ids=("ev_metric_1", "ev_log_1")),
        ),
        **values,
    )
    return Diagnosis(verdict="conclusive", hypotheses=(hypothesis,))


def deploy(**values: Any) -> Change:
    return Change(id="c1", service="cart", kind="rollout", at=AT, **{"version": "7", "previous_version": "6", **values})


def catalogue(*remedies: Remedy, **more: Service) -> dict[str, Service]:
    return {"cart": Service(name="cart", remedies=remedies), **more}


def plan(**values: Any) -> Plan:
    told = {"operation": "undo_release", "operation_class": "rollback", "executor": "platform", **values}
    return Plan(id="plan_1", target=told.pop("target", "cart"), reason=Phrase(word="x"), **told)


# --- propose ---------------------------------------------------------------------------------------------------------


def test_a_remedy_is_filled_from_the_change_and_cites_the_evidence() -> None:
    (found,) = propose(cause(change=deploy()), catalogue(ROLLBACK), "inc_1/1/1")
    assert found.arguments == {"to": "6", "note": "from 7", "force": False}
    assert found.evidence_ids == ("ev_metric_1", "ev_change_1", "ev_log_1")
    assert (found.target, found.operation, found.executor, found.requester) == ("cart", "undo_release", "platform", "")
    assert found.way_back is not None
    assert found.reason.values["cause"] == Phrase(word="pattern.title")


def test_asking_again_gives_the_same_plan_and_another_turn_another() -> None:
    again = [propose(cause(change=deploy()), catalogue(ROLLBACK), seed)[0].id for seed in ("a", "a", "b")]
    assert again[0] == again[1] != again[2]


def test_a_remedy_may_go_back_to_what_the_catalogue_calls_safe() -> None:
    target = {"to": "{safe_revision}", "of": "{namespace}/{workload}", "app": "{argocd_app}"}
    remedy = ROLLBACK.model_copy(update={"arguments": target})
    back = Rollback(safe_revision="1.4", argocd_app="shop-cart")
    cart = Service(name="cart", remedies=(remedy,), rollback=back, namespace="shop", workload="deployment/cart")
    (found,) = propose(cause(), {"cart": cart}, "s")
    assert found.arguments == {"to": "1.4", "of": "shop/deployment/cart", "app": "shop-cart"}
    assert propose(cause(), catalogue(remedy), "s") == ()


def test_a_value_nobody_knows_makes_no_plan_and_is_said() -> None:
    nameless = cause(change=deploy(previous_version=""))
    assert propose(nameless, catalogue(ROLLBACK), "s") == ()
    (said,) = left_out(nameless, catalogue(ROLLBACK))
    assert (said.word, said.values["value"]) == ("plan.missing_value", "previous_version")
    assert propose(cause(), catalogue(ROLLBACK), "s") == ()
    odd = ROLLBACK.model_copy(update={"arguments": {"a": [{"b": "{nonsense}"}]}})
    assert propose(cause(change=deploy()), catalogue(odd), "s") == ()


@pytest.mark.parametrize("naming", ["commit", "manifest"])
def test_a_commit_is_no_version_to_roll_back_to_and_is_said(naming: Naming) -> None:
    known = cause(change=deploy(previous_version="3f2a1b9c0d", naming=naming))
    assert propose(known, catalogue(ROLLBACK), "s") == ()
    (said,) = left_out(known, catalogue(ROLLBACK))
    assert (said.word, said.values["known"]) == ("plan.no_way_back", "3f2a1b9c0d")


def test_inconclusive_proposes_nothing() -> None:
    sure = cause(change=deploy())
    assert propose(sure.model_copy(update={"verdict": "inconclusive"}), catalogue(ROLLBACK), "s") == ()
    assert left_out(sure.model_copy(update={"verdict": "inconclusive"}), catalogue(ROLLBACK)) == ()


def test_another_category_or_an_unknown_service_proposes_nothing() -> None:
    assert propose(cause("rate_limited"), catalogue(ROLLBACK), "s") == ()
    assert propose(cause(service="nobody", change=deploy()), catalogue(ROLLBACK), "s") == ()
    assert left_out(cause(change=deploy()), catalogue(ROLLBACK)) == ()


def test_what_came_with_a_release_is_taken_back_with_it_whatever_it_looks_like() -> None:
    (found,) = propose(cause("memory_leak", change=deploy()), catalogue(ROLLBACK), "s")
    assert found.operation == "undo_release"
    assert propose(cause("memory_leak"), catalogue(ROLLBACK), "s") == ()
    assert propose(cause("feature_flag", change=deploy(previous_version="")), catalogue(ROLLBACK), "s") == ()
    elsewhere = ROLLBACK.model_copy(update={"against": ("deploy_db_regression",)})
    assert propose(cause("memory_leak", change=deploy()), catalogue(elsewhere), "s") == ()


def test_a_neighbour_is_shed_whatever_goes_on_inside_it() -> None:
    services = catalogue(SHED, stock=Service(name="stock"))
    (found,) = propose(cause("slow_query", service="stock"), services, "s")
    assert (found.target, found.arguments) == ("cart", {"peer": "stock"})
    assert propose(cause("slow_query", service="cart"), services, "s") == ()


def test_a_peer_is_shed_only_where_it_is_the_cause() -> None:
    (found,) = propose(cause("dependency_timeout", peer="stock"), catalogue(SHED), "s")
    assert found.arguments == {"peer": "stock"}
    assert propose(cause("dependency_timeout", peer="mail"), catalogue(SHED), "s") == ()


def test_who_calls_the_culprit_can_shed_it() -> None:
    services = catalogue(SHED, stock=Service(name="stock"))
    (found,) = propose(cause("dependency_timeout", service="stock"), services, "s")
    assert (found.target, found.arguments) == ("cart", {"peer": "stock"})


def test_hostile_values_are_filled_once_and_never_read_again() -> None:
    (found,) = propose(cause(change=deploy(previous_version="{version}")), catalogue(ROLLBACK), "s")
    assert found.arguments["to"] == "{version}"


# --- judge -----------------------------------------------------------------------------------------------------------


def judged(thing: Plan | None = None, **values: Any) -> Judgement:
    told = {"team": TEAM, "settings": OPEN, "habits": (), "incident": INCIDENT, **values}
    return judge(thing or plan(), told["team"], told["settings"], told["habits"], told["incident"])


def refusal(found: Judgement) -> str:
    assert not found.allowed
    assert found.refusal is not None
    return found.refusal.word


def test_a_rollback_is_destructive_whatever_the_catalogue_says() -> None:
    gentle = ROLLBACK.model_copy(update={"tier": "safe"})
    team = TEAM.model_copy(update={"services": catalogue(gentle)})
    found = judged(team=team)
    assert (found.tier, found.allowed, found.needs_approval, found.needs_word) == ("destructive", True, True, True)


@pytest.mark.parametrize("kind", ["restart", "scale", "configure", "degrade", "rate_limit"])
def test_every_change_needs_a_person(kind: OperationClass) -> None:
    settings = OPEN.model_copy(update={"executors": {"platform": {"undo_release": kind}}})
    found = judged(plan(operation_class=kind), settings=settings)
    assert (found.tier, found.needs_approval, found.needs_word) == ("confirm", True, False)


def test_a_plan_cannot_call_a_rollback_something_milder() -> None:
    assert judged(plan(operation_class="degrade")).tier == "destructive"


def test_nothing_is_done_unless_somebody_turned_it_on() -> None:
    found = judged(settings=Permissions())
    assert refusal(found) == "plan.refused.execution_disabled"
    assert found.tier == "destructive"
    closed = OPEN.model_copy(update={"execution_enabled": False})
    assert refusal(judged(settings=closed)) == "plan.refused.execution_disabled"
    unlisted = OPEN.model_copy(update={"allowed_operations": frozenset()})
    assert refusal(judged(settings=unlisted)) == "plan.refused.not_allow_listed"
    absent = OPEN.model_copy(update={"executors": {}})
    assert refusal(judged(settings=absent)) == "plan.refused.no_executor"


def test_what_the_executor_does_not_know_is_forbidden() -> None:
    anything = OPEN.model_copy(update={"allowed_operations": frozenset({"format_disk"})})
    found = judged(plan(operation="format_disk"), settings=anything)
    assert (found.tier, refusal(found)) == ("forbidden", "plan.refused.unknown_operation")


@pytest.mark.parametrize("name", sorted(ALWAYS_FORBIDDEN))
@pytest.mark.parametrize("dress", [str, str.upper, lambda n: n.replace("_", "-"), lambda n: f" {n.title()} "])
def test_some_things_are_never_done(name: str, dress: Any) -> None:
    named = dress(name)
    settings = Permissions(
        execution_enabled=True, allowed_operations=frozenset({named}), executors={"platform": {named: "configure"}}
    )
    found = judged(plan(operation=named, operation_class="configure"), settings=settings)
    assert (found.tier, refusal(found)) == ("forbidden", "plan.refused.always_forbidden")


def test_width_and_humps_hide_nothing() -> None:
    for named in ("ｄｒｏｐ_ｔａｂｌｅ", "dropTable", "DropTable"):
        assert refusal(judged(plan(operation=named))) == "plan.refused.always_forbidden"


def test_a_team_tightens_and_it_is_said() -> None:
    strict = TEAM.model_copy(update={"policy": Policy(tiers={"bounce": "destructive"})})
    found = judged(plan(operation="bounce", operation_class="restart"), team=strict)
    assert (found.tier, found.needs_word) == ("destructive", True)
    assert [rule.word for rule in found.tightened_by] == ["plan.tightened.policy"]
    by_class = TEAM.model_copy(update={"policy": Policy(tiers={"restart": "destructive"})})
    assert judged(plan(operation="bounce", operation_class="restart"), team=by_class).tier == "destructive"


def test_a_team_cannot_loosen() -> None:
    loose = TEAM.model_copy(update={"policy": Policy(tiers={"undo_release": "observe", "rollback": "safe"})})
    found = judged(team=loose)
    assert (found.tier, found.tightened_by) == ("destructive", ())


def test_a_team_forbids() -> None:
    for policy in (Policy(forbidden=("Undo-Release",)), Policy(tiers={"undo_release": "forbidden"})):
        found = judged(team=TEAM.model_copy(update={"policy": policy}))
        assert found.tier == "forbidden"
        assert refusal(found) in ("plan.refused.team_forbids", "plan.refused.forbidden")


def test_a_closed_incident_changes_nothing() -> None:
    assert refusal(judged(incident=Incident(id="inc_1", status="closed"))) == "plan.refused.incident_closed"


def habit(**rule: str) -> Lesson:
    return Lesson(id="lesson_1", kind="habit", title=Phrase(word="x"), incident="inc_0", rule=rule, at=AT)


def test_habits_are_named_where_they_bind() -> None:
    held = habit(do="hold", **{"class": "rollback"})
    again = habit(do="dry_run_first")
    look = habit(do="look_first", kind="metric")
    found = judged(habits=(held, again, look))
    assert [rule.word for rule in found.tightened_by] == ["plan.tightened.hold", "plan.tightened.dry_run_first"]
    assert judged(plan(operation="bounce", operation_class="restart"), habits=(held,)).tightened_by == ()
    elsewhere = held.model_copy(update={"service": "mail"})
    assert judged(habits=(elsewhere,)).tightened_by == ()
    assert judged(habits=(held.model_copy(update={"kind": "runbook"}),)).tightened_by == ()


def test_a_stricter_rule_after_the_approval_voids_it() -> None:
    mild, hard = judged(plan(operation="bounce", operation_class="restart")), judged()
    assert still_allowed(mild, mild) is None
    assert still_allowed(hard, mild) is None
    refused = still_allowed(mild, hard)
    assert refused is not None
    assert refused.word == "plan.refused.tightened"
    off = judged(settings=Permissions())
    assert still_allowed(hard, off) == off.refusal


tiers = st.sampled_from(STRICTNESS)
names = st.sampled_from([*OPERATIONS, "restart", "rollback", "degrade", "Undo Release"])
policies = st.builds(
    Policy, tiers=st.dictionaries(names, tiers, max_size=4), forbidden=st.lists(names, max_size=2).map(tuple)
)
habits = st.lists(
    st.sampled_from([habit(do="hold", **{"class": "rollback"}), habit(do="dry_run_first"), habit(do="allow"), habit()]),
    max_size=3,
).map(tuple)
plans = st.sampled_from(sorted(OPERATIONS)).flatmap(
    lambda name: st.builds(lambda kind: plan(operation=name, operation_class=kind), st.sampled_from(sorted(LEAST_TIER)))
)


@given(plans, policies, habits, st.dictionaries(names, tiers, max_size=3), habits)
def test_more_rules_never_lower_a_tier_nor_open_a_door(
    thing: Plan, policy: Policy, taught: tuple[Lesson, ...], more: dict[str, Tier], learned: tuple[Lesson, ...]
) -> None:
    fewer = TEAM.model_copy(update={"policy": policy})
    added = {name: stricter(tier, policy.tiers.get(name, "observe")) for name, tier in more.items()}
    rules = policy.model_copy(update={"tiers": policy.tiers | added})
    before = judged(thing, team=fewer, habits=taught)
    after = judged(thing, team=TEAM.model_copy(update={"policy": rules}), habits=(*taught, *learned))
    assert stricter(before.tier, after.tier) == after.tier
    assert after.allowed <= before.allowed
    assert after.needs_approval >= before.needs_approval
    assert after.needs_word >= before.needs_word
    assert stricter(LEAST_TIER[OPERATIONS[thing.operation]], before.tier) == before.tier


@given(tiers, tiers, tiers)
def test_stricter_is_an_order(a: Tier, b: Tier, c: Tier) -> None:
    assert stricter(a, a) == a
    assert stricter(a, b) == stricter(b, a)
    assert stricter(stricter(a, b), c) == stricter(a, stricter(b, c))
