"""Says what may be done, at which tier and who must agree; rules and habits tighten, nothing loosens."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.incident import Incident
from engine.model import Diagnosis, Hypothesis, Judgement, OperationClass, Phrase, Plan, Tier, Value
from engine.team import Lesson, Remedy, Service, Team

ALWAYS_FORBIDDEN = frozenset({"delete_database", "drop_table", "modify_security_policy", "disable_firewall"})
"""Operations nobody may ever ask for, whatever any setting, team file or habit says."""

STRICTNESS: tuple[Tier, ...] = ("observe", "safe", "confirm", "destructive", "forbidden")

LEAST_TIER: dict[OperationClass, Tier] = {
    "rollback": "destructive",
    "restore": "destructive",
    "restart": "confirm",
    "scale": "confirm",
    "configure": "confirm",
    "degrade": "confirm",
    "rate_limit": "confirm",
}
"""What an operation of a class is at the very least, whatever the catalogue says."""

GAP = re.compile(r"\{(\w+)\}")


class Permissions(Value):
    """What this installation may do at all: nothing, until somebody says otherwise.

    `executors` maps each configured executor to the operations it knows, with their class.
    """

    execution_enabled: bool = False
    allowed_operations: frozenset[str] = frozenset()
    executors: dict[str, dict[str, OperationClass]] = {}


class MissingValue(Exception):
    """An argument of a remedy has a gap nothing fills; `name` is the gap."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


SHIELDED = frozenset({"dependency_timeout", "dependency_down"})
"""Who can do without a neighbour that is slow or gone can do without it whatever ails it."""


def stricter(a: Tier, b: Tier) -> Tier:
    """The stricter of two tiers."""
    return max(a, b, key=STRICTNESS.index)


# --- what could be done ----------------------------------------------------------------------------------------------


def propose(diagnosis: Diagnosis, services: Mapping[str, Service], seed: str) -> tuple[Plan, ...]:
    """The remedies of the catalogue against a conclusive cause, in the catalogue's order; none for any other verdict.

    Plan ids are derived from `seed` (one per incident, episode and turn) and the action, so that asking again after a
    crash gives the same plans.
    """
    cause = diagnosis.cause
    if cause is None:
        return ()
    plans = []
    for service, remedy in _remedies(cause, services):
        try:
            plans.append(_plan(cause, service, remedy, seed))
        except MissingValue:
            continue
    return tuple(plans)


def left_out(diagnosis: Diagnosis, services: Mapping[str, Service]) -> tuple[Phrase, ...]:
    """Why remedies that fit the cause are not proposed: a value they need is not known."""
    cause = diagnosis.cause
    if cause is None:
        return ()
    said = []
    for service, remedy in _remedies(cause, services):
        try:
            _filled(remedy.arguments, _values(cause, service))
        except MissingValue as missing:
            said.append(_missing(missing.name, cause, service, remedy))
    return tuple(said)


def _missing(value: str, cause: Hypothesis, service: Service, remedy: Remedy) -> Phrase:
    """That a value is not known; of what ran before, what is known of it instead."""
    values = {"operation": remedy.operation, "service": service.name, "value": value, "executor": remedy.executor}
    known = cause.change.previous_version if cause.change and value == "previous_version" else ""
    word = "plan.no_way_back" if known else "plan.missing_value"
    return Phrase(word=word, values={**values, "known": known})


def _remedies(cause: Hypothesis, services: Mapping[str, Service]) -> Iterator[tuple[Service, Remedy]]:
    """Own remedies first; then those of services that can shield themselves from the one where the cause sits."""
    for name in sorted(services, key=lambda name: name != cause.service):
        service = services[name]
        for remedy in service.remedies:
            peers = ("", cause.peer) if name == cause.service else (cause.service,)
            if remedy.peer in peers and _is_against(remedy, cause, own=name == cause.service):
                yield service, remedy


def _is_against(remedy: Remedy, cause: Hypothesis, *, own: bool) -> bool:
    """Whether a remedy is offered against this cause: by its name; a rollback also where the cause, whatever it looks
    like, came with a release that is named; a shield also against what goes on inside the neighbour."""
    if cause.category in remedy.against:
        return True
    if own:
        released = cause.change is not None and bool(cause.change.previous_version)
        return released and remedy.operation_class == "rollback" and "bad_release" in remedy.against
    return remedy.operation_class == "degrade" and not SHIELDED.isdisjoint(remedy.against)


def _plan(cause: Hypothesis, service: Service, remedy: Remedy, seed: str) -> Plan:
    arguments = _filled(remedy.arguments, _values(cause, service))
    bound = json.dumps([seed, remedy.executor, remedy.operation, service.name, arguments], sort_keys=True)
    return Plan(
        id=f"plan_{hashlib.sha256(bound.encode()).hexdigest()[:8]}",
        operation=remedy.operation,
        operation_class=remedy.operation_class,
        executor=remedy.executor,
        target=service.name,
        arguments=arguments,
        reason=Phrase(word="plan.reason", values={"cause": cause.title}),
        evidence_ids=tuple(dict.fromkeys(id for claim in cause.supporting for id in claim.evidence_ids)),
        way_back=Phrase(word="plan.way_back", values={"operation": remedy.undo}) if remedy.undo else None,
    )


def _values(cause: Hypothesis, service: Service) -> dict[str, str]:
    change = cause.change
    return {
        "service": service.name,
        "peer": cause.peer or (cause.service if cause.service != service.name else ""),
        "version": change.version if change else "",
        "previous_version": change.way_back if change else "",
        "safe_revision": service.rollback.safe_revision,
        "workload": service.rollback.workload or service.workload,
        "namespace": service.namespace,
        "argocd_app": service.rollback.argocd_app,
    }


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, values) for item in value]
    return GAP.sub(lambda gap: _known(gap[1], values), value) if isinstance(value, str) else value


def _known(name: str, values: Mapping[str, str]) -> str:
    if not values.get(name):
        raise MissingValue(name)
    return values[name]


# --- what may be done ------------------------------------------------------------------------------------------------


def judge(plan: Plan, team: Team, settings: Permissions, habits: Sequence[Lesson], incident: Incident) -> Judgement:
    """Judge a plan by what is built in, then by team and habits, which can only tighten; say which did."""
    tier, tightened = _tier(plan, team, settings)
    tightened += [*_by_habit(plan, habits)]
    refusal = _refusal(plan, team, settings, incident, tier)
    return Judgement(
        tier=tier,
        allowed=refusal is None,
        needs_approval=tier not in ("observe", "safe"),
        needs_word=tier in ("destructive", "forbidden"),
        refusal=refusal,
        tightened_by=tuple(tightened),
    )


def judge_remedy(service: Service, remedy: Remedy, team: Team, settings: Permissions) -> Judgement:
    """Judge what the catalogue offers as it stands there, before there is any incident."""
    plan = Plan(
        id="",
        operation=remedy.operation,
        operation_class=remedy.operation_class,
        executor=remedy.executor,
        target=service.name,
        reason=Phrase(word="plan.asked_for"),
    )
    return judge(plan, team, settings, (), Incident(team=team.id))


def still_allowed(approved: Judgement, fresh: Judgement) -> Phrase | None:
    """Why what was approved under one judgement may not be done under a fresh one; None where it may."""
    if not fresh.allowed:
        return fresh.refusal
    if stricter(approved.tier, fresh.tier) != approved.tier:
        return Phrase(word="plan.refused.tightened", values={"before": approved.tier, "now": fresh.tier})
    return None


def _tier(plan: Plan, team: Team, settings: Permissions) -> tuple[Tier, list[Phrase]]:
    known = settings.executors.get(plan.executor)
    if plain(plan.operation) in ALWAYS_FORBIDDEN or (known is not None and plan.operation not in known):
        return "forbidden", []
    tier = LEAST_TIER[plan.operation_class]
    if known is not None:
        tier = stricter(tier, LEAST_TIER[known[plan.operation]])
    tightened = []
    for word, rule in _team_rules(plan, team):
        if stricter(tier, rule) != tier:
            tightened.append(Phrase(word=word, values={"operation": plan.operation, "tier": rule}))
            tier = rule
    return tier, tightened


def _team_rules(plan: Plan, team: Team) -> Iterator[tuple[str, Tier]]:
    service = team.services.get(plan.target)
    for remedy in service.remedies if service else ():
        if remedy.operation == plan.operation and remedy.executor == plan.executor:
            yield "plan.tightened.catalogue", remedy.tier
    for name, tier in team.policy.tiers.items():
        if plain(name) in (plain(plan.operation), plan.operation_class):
            yield "plan.tightened.policy", tier
    if _forbidden_by(team, plan):
        yield "plan.tightened.policy", "forbidden"


def _by_habit(plan: Plan, habits: Sequence[Lesson]) -> Iterator[Phrase]:
    for lesson in habits:
        if lesson.kind != "habit" or lesson.service not in ("", plan.target):
            continue
        values: dict[str, Any] = {"incident": lesson.incident, "by": lesson.taught_by}
        if lesson.rule.get("do") == "hold" and lesson.rule.get("class", plan.operation_class) == plan.operation_class:
            yield Phrase(word="plan.tightened.hold", values=values)
        elif lesson.rule.get("do") == "dry_run_first":
            yield Phrase(word="plan.tightened.dry_run_first", values=values)


def _refusal(plan: Plan, team: Team, settings: Permissions, incident: Incident, tier: Tier) -> Phrase | None:
    word = _refusing_word(plan, team, settings, incident, tier)
    if word is None:
        return None
    values = {"operation": plan.operation, "target": plan.target, "executor": plan.executor, "team": team.id}
    return Phrase(word=f"plan.refused.{word}", values={**values})


def _refusing_word(plan: Plan, team: Team, settings: Permissions, incident: Incident, tier: Tier) -> str | None:
    reasons = {
        "always_forbidden": plain(plan.operation) in ALWAYS_FORBIDDEN,
        "team_forbids": _forbidden_by(team, plan),
        "unknown_operation": plan.operation not in settings.executors.get(plan.executor, {plan.operation: ""}),
        "forbidden": tier == "forbidden",
        "incident_closed": incident.status == "closed",
        "execution_disabled": not settings.execution_enabled,
        "not_allow_listed": plan.operation not in settings.allowed_operations,
        "no_executor": plan.executor not in settings.executors,
    }
    return next((word for word, holds in reasons.items() if holds), None)


def _forbidden_by(team: Team, plan: Plan) -> bool:
    return plain(plan.operation) in {plain(name) for name in team.policy.forbidden}


def plain(name: str) -> str:
    """An operation name without the dress it came in: case, width, dashes and spaces do not make another operation."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", name))
    return re.sub(r"[\s\-_.]+", "_", words.casefold()).strip("_")
