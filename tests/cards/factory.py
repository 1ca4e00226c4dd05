"""Builds the worked example as a hand-made timeline, so that views are tested on what a real incident leaves behind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.incident import Incident, Taught, fold
from engine.looks import Asked, Asking, FirstLook
from engine.model import (
    Alert,
    Change,
    Checkpoint,
    Claim,
    Decision,
    Diagnosis,
    DryRun,
    Entry,
    Evidence,
    EvidenceKind,
    Execution,
    Hypothesis,
    Judgement,
    Phrase,
    Plan,
    Quantity,
    Receipt,
    Recovery,
    RecoverySignal,
    Request,
    Silence,
    Suspect,
    Sweep,
    Unit,
    Value,
    Window,
)
from engine.ports import Tells
from engine.team import Constraint, Lesson, Objective, Person, Service, Team

INCIDENT = "inc_5f0a1c22"
SOURCES = ("prometheus", "loki", "jaeger", "deploys")
TELLS: dict[str, Tells] = {"prometheus": "metric", "loki": "log", "jaeger": "trace", "deploys": "change"}
SEVERE: dict[str, Any] = {"severity": "P1"}
START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DEPLOYED = START - timedelta(minutes=8)
WINDOW = Window(start=START - timedelta(minutes=30), split=DEPLOYED, end=START + timedelta(seconds=30))
PLAN = "plan_77aa01bc"
APPROVAL = "approval_1a2b3c4d"
HOLD = "cst_0d0d0d0d"
DIGEST = "9f2c4e5a7b81d3c6" * 4

TEAM = Team(
    id="payments",
    name="Payments",
    language="zh",
    services={
        "payment-service": Service(name="payment-service", objective=Objective(error_ratio=0.02, latency_p95=0.5))
    },
    people=(
        Person(
            id="lin",
            name="林晓",
            roles=frozenset({"viewer", "responder"}),
            accounts={"slack": "U0LINXIAO", "feishu": "ou_linxiao", "wecom": "linxiao"},
        ),
        Person(id="zhao", name="赵敏", roles=frozenset({"viewer", "responder", "approver"})),
        Person(id="mary", name="Mary Chen", roles=frozenset({"viewer", "responder", "approver"})),
    ),
)


def said(text: str) -> Phrase:
    """A phrase that says just this."""
    return Phrase(word="error.plain", values={"text": text})


def ratio(value: float) -> Quantity:
    return Quantity(value=value, unit="ratio")


@dataclass
class Story:
    """A timeline under construction. Texts of the engine are given in both languages, `zh` first."""

    language: str = "zh"
    incident: str = INCIDENT
    entries: list[Entry] = field(default_factory=list)

    def t(self, zh: str, en: str) -> Phrase:
        return said(zh if self.language == "zh" else en)

    def tell(self, after: float, kind: str, body: Value | dict[str, Any], key: str = "", actor: str = "tocsin") -> None:
        """One more entry, `after` seconds from the start of the alert."""
        seq = len(self.entries) + 1
        dumped = body.model_dump(mode="json") if isinstance(body, Value) else body
        at = START + timedelta(seconds=after)
        self.entries.append(
            Entry(
                incident=self.incident,
                seq=seq,
                key=key or f"{kind}/{seq}",
                kind=kind,
                actor=actor,
                at=at,
                body=dumped,
                digest=f"{seq:064x}",
            )
        )

    def fold(self, upto: str = "") -> Incident:
        """The state after all entries, or after the last one of the kind `upto`."""
        kinds = [entry.kind for entry in self.entries]
        end = len(kinds) - kinds[::-1].index(upto) if upto else len(kinds)
        return fold(self.entries[:end])


def worked_example(language: str = "zh") -> Story:
    """503 after v2.3.1: constraint, evidence, cause, held plan, lift, refusal, approval, rollback, recovery, end."""
    story = Story(language)
    _arrives(story)
    _is_looked_at(story)
    _is_understood(story)
    _is_planned(story)
    _is_decided(story)
    _is_done(story)
    _is_learned(story)
    return story


def unclear_example(language: str = "zh") -> Story:
    """The same alert, and evidence from which no cause can be told: what is missing, and whom to suspect."""
    story = Story(language)
    _arrives(story)
    _is_looked_at(story)
    t = story.t
    guess = hypothesis(story).model_copy(update={"confidence": 0.38})
    story.tell(
        17,
        "hypothesis.generated",
        Diagnosis(
            verdict="inconclusive",
            hypotheses=(guess,),
            suspects=(
                Suspect(service="payment-service", probability=0.55, reasons=(t("503 占比最高", "highest 503 ratio"),)),
                Suspect(service="mysql", probability=0.31, reasons=(t("等待连接", "connections wait"),)),
                Suspect(service="coupon", probability=0.14),
            ),
            why_inconclusive=(t("没有调用链，看不出错误从哪里开始", "without traces nobody sees where errors begin"),),
            next_steps=(
                t("修好 jaeger 再看一次", "Repair jaeger, then look again"),
                t("看谁占着连接", "See who holds the connections"),
            ),
        ),
    )
    story.tell(17, "incident.handed_over", {"say": t("等人处理", "waits for a person").model_dump(mode="json")})
    return story


def _arrives(story: Story) -> None:
    title = "payment-service 503" if story.language == "en" else "支付服务 503 激增"
    created = {
        "team": "payments",
        "title": title,
        "service": "payment-service",
        "severity": "P1",
        "environment": "production",
        "source": "alertmanager",
        "previous": "inc_000000aa",
        "compressed_time": True,
    }
    alert = Alert(
        fingerprint="8f2d1c",
        status="firing",
        name="PaymentHigh503",
        service="payment-service",
        severity="P1",
        environment="production",
        summary="503 ratio of payment-service is above 5 %",
        labels={
            "alertname": "PaymentHigh503",
            "severity": "critical",
            "service": "payment-service",
            "region": "cn-east-1",
            "instance": "payment-7d9f:8080",
        },
        annotations={"runbook": "https://wiki.example/payment-503"},
        starts_at=START,
        generator_url="http://prometheus.example/graph?g0.expr=x",
    )
    story.tell(0, "incident.created", created, "created")
    story.tell(0, "alert.normalized", {"alert": alert.model_dump(mode="json")})
    received = {
        "source": "alertmanager",
        "group_key": "g",
        "raw_ref": "raw_1",
        "truncated": 2,
        "format": "alertmanager",
    }
    story.tell(0, "gateway.received", received)
    story.tell(3, "alert.repeated", {})
    story.tell(4, "incident.acknowledged", {}, "1/ack", actor="lin")
    text = (
        "先不要回滚。请查证据，判断是不是 v2.3.1 发布导致"
        if story.language == "zh"
        else "Do not roll back. Is it v2.3.1?"
    )
    story.tell(5, "message.said", {"text": text, "name": "lin", "platform": "console"}, actor="lin")
    constraint = Constraint(id=HOLD, text=text, operation_class="rollback", by="lin", at=START + timedelta(seconds=5))
    story.tell(5, "constraint.set", constraint, actor="lin")
    promise = story.t("我只读不改：先取证、再判断。", "I only read: evidence first, then a verdict.")
    story.tell(5, "notice.posted", {"say": promise.model_dump(mode="json"), "to": "lin"}, "notice:constraint:1")


def _is_looked_at(story: Story) -> None:
    lesson = Lesson(
        id="lesson_old1",
        kind="fault_pattern",
        title=story.t("发布后数据库连接池耗尽", "Release exhausts the DB pool"),
        lines=(story.t("看连接池占用与 MySQL span。", "Look at pool use and MySQL spans."),),
        incident="inc_000000aa",
        service="payment-service",
        category="deploy_db_regression",
        alert="PaymentHigh503",
        at=START - timedelta(days=12),
        taught_by="zhao",
        seen=2,
    )
    story.tell(6, "memory.recalled", {"lessons": [lesson.model_dump(mode="json")]})
    story.tell(
        6,
        "evidence.asking",
        Asking(sources=SOURCES, tells=TELLS, why=Phrase(word="evidence.depth.severe", values=SEVERE)),
    )
    _hears(story, "prometheus", 7)
    _hears(story, "deploys", 1)
    story.tell(9, "evidence.first_look", first_look(story))
    _hears(story, "loki", 34)
    silence = _silence(story)
    story.tell(16, "evidence.asked", Asked(source="jaeger", state="silent", seconds=10.0, reason=silence.reason))
    story.tell(16, "evidence.collected", Sweep(window=WINDOW, evidence=evidence(story), silent=(silence,)))


def _hears(story: Story, source: str, count: int) -> None:
    story.tell(8, "evidence.asked", Asked(source=source, state="done", count=count, seconds=0.42))


def first_look(story: Story) -> FirstLook:
    """What Prometheus and the deploys tell before the log has been read."""
    quick = tuple(item for item in evidence(story) if item.source in ("prometheus", "deploys"))
    bare = tuple(item.model_copy(update={"points": ()}) for item in quick)
    cause = hypothesis(story).model_copy(update={"confidence": 0.62})
    known = {item.id for item in bare}
    claims = tuple(
        claim.model_copy(update={"evidence_ids": tuple(id_ for id_ in claim.evidence_ids if id_ in known)})
        for claim in cause.supporting
    )
    found_ = Diagnosis(verdict="conclusive", hypotheses=(cause.model_copy(update={"supporting": claims}),))
    return FirstLook(
        sweep=Sweep(window=WINDOW, evidence=bare),
        diagnosis=found_,
        answered=("prometheus", "deploys"),
        waiting=("loki", "jaeger"),
    )


def _silence(story: Story) -> Silence:
    reason = story.t("10 秒内没有回应", "no answer within 10 s")
    return Silence(source="jaeger", query="service=payment-service error=true", reason=reason)


def series(before: float, after: float, count: int = 60) -> tuple[tuple[float, float], ...]:
    """A series over the window that changes level a little after the deploy."""
    start, end = WINDOW.start.timestamp(), WINDOW.end.timestamp()
    turn = DEPLOYED.timestamp() + 30
    moments = [start + (end - start) * at / (count - 1) for at in range(count)]
    return tuple((at, (after if at >= turn else before) * (1 + 0.05 * math.sin(at))) for at in moments)


def measured(id_: str, summary: Phrase, signal: str, unit: Unit, before: float, after: float, **more: Any) -> Evidence:
    """A piece of metric evidence with its series."""
    values: dict[str, Any] = {
        "id": id_,
        "kind": "metric",
        "source": "prometheus",
        "service": "payment-service",
        "signal": signal,
        "query": f'{signal}{{service="payment-service"}}',
        "window": WINDOW,
        "summary": summary,
        "abnormal": True,
        "before": Quantity(value=before, unit=unit),
        "after": Quantity(value=after, unit=unit),
        "onset": DEPLOYED + timedelta(seconds=30),
        "unusual": 9.0,
        "count": 60,
        "link": "http://prometheus.example/graph?g0.expr=x",
        "points": series(before, after),
        "confidence": "high",
    }
    return Evidence(**(values | more))


def found(id_: str, kind: EvidenceKind, source: str, signal: str, summary: Phrase, **more: Any) -> Evidence:
    """A piece of evidence of any other kind."""
    values: dict[str, Any] = {
        "id": id_,
        "kind": kind,
        "source": source,
        "service": "payment-service",
        "signal": signal,
        "query": "payment-service",
        "window": WINDOW,
        "summary": summary,
        "confidence": "high",
    }
    return Evidence(**(values | more))


def evidence(story: Story) -> tuple[Evidence, ...]:
    """Five that speak for the cause, one against, one empty."""
    change = Change(
        id="dep_1", service="payment-service", kind="deploy", at=DEPLOYED, version="v2.3.1", previous_version="v2.3.0"
    )
    t = story.t
    return (
        measured("ev_metric_1", t("503 占比升高", "503 ratio went up"), "unavailable_ratio", "ratio", 0.002, 0.182),
        measured("ev_metric_2", t("p95 延迟变长", "p95 latency went up"), "latency_p95", "seconds", 0.12, 2.4),
        measured("ev_metric_3", t("连接池占满", "pool is full"), "pool_use", "connections", 3, 10),
        found(
            "ev_log_1",
            "log",
            "loki",
            "new_error_log",
            t("新错误：连接池耗尽", "new error: pool exhausted"),
            abnormal=True,
            count=34,
            onset=DEPLOYED + timedelta(seconds=41),
            confidence="medium",
            doubts=(Phrase(word="evidence.doubt.partial"),),
            excerpt=("pool exhausted after 3000 ms", "connect mysql://pay:hunter2@db/pay failed token=abc123"),
        ),
        found(
            "ev_deploy_1",
            "change",
            "deploys",
            "change",
            t("v2.3.0 → v2.3.1 上线", "v2.3.0 → v2.3.1 went out"),
            abnormal=True,
            count=1,
            change=change,
        ),
        measured(
            "ev_metric_4",
            t("流量正常", "traffic is normal"),
            "traffic",
            "per_second",
            52.1,
            52.3,
            abnormal=False,
            onset=None,
            unusual=0.1,
        ),
        found(
            "ev_log_2", "log", "loki", "surging_error_log", t("没有数据", "no data"), query='{app="coupon"} |= "error"'
        ),
    )


def hypothesis(story: Story) -> Hypothesis:
    """The cause of the worked example."""
    t = story.t
    return Hypothesis(
        category="deploy_db_regression",
        service="payment-service",
        change=Change(id="dep_1", service="payment-service", kind="deploy", at=DEPLOYED, version="v2.3.1"),
        title=t("v2.3.1 泄漏数据库连接，连接池耗尽", "v2.3.1 leaks database connections until the pool is empty"),
        confidence=0.91,
        supporting=(
            Claim(
                phrase=t("503 在发布后 30 秒出现", "503 began 30 s after the deploy"),
                evidence_ids=("ev_metric_1", "ev_deploy_1"),
            ),
            Claim(
                phrase=t("连接池占满并报错", "the pool is full and says so"), evidence_ids=("ev_metric_3", "ev_log_1")
            ),
        ),
        contradicting=(Claim(phrase=t("流量没有变化", "traffic did not change"), evidence_ids=("ev_metric_4",)),),
    )


def _is_understood(story: Story) -> None:
    t = story.t
    cause = hypothesis(story)
    other = Hypothesis(
        category="traffic_surge",
        service="payment-service",
        title=t("流量激增", "traffic surge"),
        confidence=0.06,
        contradicting=(Claim(phrase=t("流量没有变化", "traffic did not change"), evidence_ids=("ev_metric_4",)),),
    )
    sequence = (
        Claim(phrase=t("v2.3.1 上线", "v2.3.1 goes out"), evidence_ids=("ev_deploy_1",)),
        Claim(phrase=t("连接池占满", "the pool fills up"), evidence_ids=("ev_metric_3",)),
        Claim(phrase=t("出现 503", "503 begins"), evidence_ids=("ev_metric_1",)),
    )
    found_ = Diagnosis(verdict="conclusive", hypotheses=(cause, other), sequence=sequence)
    story.tell(17, "hypothesis.generated", found_)


def plan_of(story: Story) -> Plan:
    return Plan(
        id=PLAN,
        operation="rollback_canary",
        operation_class="rollback",
        executor="argocd",
        target="payment-service-prod",
        arguments={"service": "payment-service", "revision": "v2.3.0"},
        reason=story.t("回到上一个正常版本", "go back to the last good version"),
        evidence_ids=("ev_metric_1", "ev_metric_3", "ev_log_1", "ev_deploy_1"),
        way_back=story.t("重新发布 v2.3.1", "deploy v2.3.1 again"),
    )


def _is_planned(story: Story) -> None:
    plan = plan_of(story)
    tightened = (story.t("团队规则：回滚需输入确认词", "team rule: a rollback needs the typed word"),)
    judgement = Judgement(tier="destructive", allowed=True, tightened_by=tightened)
    planned = {"plan": plan.model_dump(mode="json"), "judgement": judgement.model_dump(mode="json"), "undo_of": ""}
    story.tell(11, "action.planned", planned)
    checkpoint = Checkpoint(
        id="cp_3344",
        target=plan.target,
        state={"version": "v2.3.1", "replicas": 4},
        resource_version="rv-118",
        at=START + timedelta(seconds=11),
    )
    dry_run = DryRun(
        allowed=True,
        command_preview="argocd app rollback payment-service-prod v2.3.0",
        changes=({"field": "version", "from": "v2.3.1", "to": "v2.3.0"},),
        resource_version="rv-118",
    )
    story.tell(11, "checkpoint.created", {"plan": PLAN, "checkpoint": checkpoint.model_dump(mode="json")})
    story.tell(12, "dry_run.completed", {"plan": PLAN, "dry_run": dry_run.model_dump(mode="json"), "repeated": False})
    request = Request(
        id=APPROVAL,
        plan=plan,
        judgement=judgement,
        checkpoint=checkpoint,
        dry_run=dry_run,
        digest=DIGEST,
        asked_at=START + timedelta(seconds=12),
        expires_at=START + timedelta(minutes=30),
    )
    story.tell(12, "approval.requested", request)


def _is_decided(story: Story) -> None:
    story.tell(20, "constraint.lifted", {"constraint": HOLD}, actor="lin")
    refused = story.t("「确认」不算数，请输入 CONFIRM_EXECUTE", "“confirmed” does not count; type CONFIRM_EXECUTE")
    body = {"say": refused.model_dump(mode="json"), "to": "lin", "approval": APPROVAL, "attempt": "text"}
    story.tell(22, "approval.refused", body, "refused:in_1", actor="lin")
    decision = Decision(approval=APPROVAL, verdict="approved", by="zhao", reason="ok", dry_run_first=True)
    story.tell(30, "approval.resolved", decision, actor="zhao")


def _is_done(story: Story) -> None:
    checks = {
        "approval_approved": True,
        "checkpoint_exists": True,
        "operation_allowed": True,
        "word_typed": True,
        "executor_configured": True,
        "audit_written": True,
    }
    dry_run = DryRun(allowed=True, command_preview="argocd app rollback payment-service-prod v2.3.0")
    story.tell(30, "dry_run.completed", {"plan": PLAN, "dry_run": dry_run.model_dump(mode="json"), "repeated": True})
    story.tell(31, "action.checked", {"plan": PLAN, "checks": checks})
    story.tell(31, "action.intended", {"plan": PLAN, "attempt": 1, "token": "try_1"})
    receipt = Receipt(
        id="rcpt_9",
        action="rollback_canary",
        target="payment-service-prod",
        at=START + timedelta(seconds=33),
        resource_version="rv-119",
        changes=({"field": "version", "from": "v2.3.1", "to": "v2.3.0"},),
    )
    story.tell(33, "action.executed", Execution(plan=PLAN, result="done", receipt=receipt))
    signals = (
        _signal("unavailable_ratio", ratio(0.182), ratio(0.006), ratio(0.02)),
        _signal("latency_p95", Quantity(value=2.4, unit="seconds"), Quantity(value=0.18, unit="seconds"), None),
        _signal("pool_use", Quantity(value=10, unit="connections"), Quantity(value=3, unit="connections"), None),
        RecoverySignal(name="error_logs", text_before="34", text_after="0", ok=True),
        RecoverySignal(name="error_spans", ok=None),
        RecoverySignal(name="state", text_before="v2.3.1", text_after="v2.3.0", ok=True),
    )
    recovery = Recovery(verdict="recovered", signals=signals, seconds=42)
    story.tell(75, "recovery.verified", {"plan": PLAN, "recovery": recovery.model_dump(mode="json")})


def _signal(name: str, before: Quantity, after: Quantity, target: Quantity | None) -> RecoverySignal:
    return RecoverySignal(name=name, before=before, after=after, target=target, ok=True, query=f"{name}[2m]")


def lessons(story: Story) -> Sequence[Lesson]:
    t = story.t
    common: dict[str, Any] = {
        "incident": INCIDENT,
        "service": "payment-service",
        "category": "deploy_db_regression",
        "alert": "PaymentHigh503",
        "at": START + timedelta(seconds=76),
    }
    return (
        Lesson(
            id="lesson_sum",
            kind="incident_summary",
            title=t("支付 503：v2.3.1 连接泄漏", "Payment 503: v2.3.1 leaked connections"),
            lines=(t("回滚后恢复。", "Recovered after the rollback."),),
            **common,
        ),
        Lesson(
            id="lesson_hab",
            kind="habit",
            title=t("回滚前先重新预演", "Repeat the dry-run before a rollback"),
            lines=(t("先预演，一致再执行。", "Dry-run first, execute if it is the same."),),
            rule={"do": "dry_run_first"},
            **common,
        ),
        Lesson(
            id="lesson_run", kind="runbook", title=t("支付 503 处置", "Payment 503 after a release"), lines=(), **common
        ),
    )


def _is_learned(story: Story) -> None:
    offered = lessons(story)
    story.tell(76, "skill.generated", {"lessons": [lesson.model_dump(mode="json") for lesson in offered]})
    story.tell(90, "memory.learned", Taught(lesson=offered[0], state="kept", by="lin"), actor="lin")
    story.tell(120, "incident.closed", {"outcome": "recovered"}, "1/closed", actor="lin")
