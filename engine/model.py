"""Names the nouns of an incident, as frozen values that survive a trip through JSON."""

import re
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Severity = Literal["P1", "P2", "P3", "P4"]
Unit = Literal["ratio", "seconds", "per_second", "bytes", "count", "connections", "none"]
Tier = Literal["observe", "safe", "confirm", "destructive", "forbidden"]
EvidenceKind = Literal["sli", "metric", "log", "trace", "change", "state", "probe"]
Assurance = Literal["", "high", "medium", "low"]
Status = Literal[
    "open", "investigating", "awaiting_approval", "executing", "verifying", "recovered", "needs_human", "closed"
]
Naming = Literal["release", "version", "image", "commit", "manifest"]
"""Who calls a version so: the release platform, its team, an image's tag, a commit of the code, one of manifests."""
Outcome = Literal["recovered", "false_alarm", "inconclusive", "needs_human", "merged"]
OperationClass = Literal["rollback", "degrade", "rate_limit", "restart", "scale", "configure", "restore"]
HASH = re.compile(r"(sha256:)?(?=[0-9]*[a-f])[0-9a-f]{7,64}")  # digits alone may be a date or a build
Gaps = dict[str, "str | int | float | Quantity | Phrase"]  # what fills the gaps of a phrase


class Value(BaseModel):
    """A frozen value; fields a newer version added are ignored by an older one, so that upgrades can roll."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Phrase(Value):
    """Something to be said, without saying it: a key of the language files and what fills its gaps. The engine never
    holds prose."""

    word: str
    values: Gaps = {}


class Quantity(Value):
    """A measured number with its unit; ratios are 0…1, durations are seconds."""

    value: float
    unit: Unit = "none"


# --- what comes in -------------------------------------------------------------------------------------------------


class Alert(Value):
    """One alert of one receiver call, after its format was read. Labels and annotations are hostile text."""

    fingerprint: str
    status: Literal["firing", "resolved"]
    name: str
    service: str = ""
    severity: Severity = "P3"
    environment: str = ""
    summary: str = ""
    description: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: datetime
    ends_at: datetime | None = None
    generator_url: str = ""
    source: str = "alertmanager"
    group_key: str = ""


class Entry(Value):
    """One line of a timeline; `digest` chains over the previous entry's digest and all other fields."""

    incident: str
    seq: int
    key: str
    kind: str
    actor: str
    at: datetime
    body: dict[str, Any]
    digest: str


# --- evidence ------------------------------------------------------------------------------------------------------


class Window(Value):
    """What is looked at: `start`…`split` counts as before, `split`…`end` as after."""

    start: datetime
    split: datetime
    end: datetime


class LogLine(Value):
    """One log line; `level` is lower case."""

    at: datetime
    service: str
    level: str
    message: str
    version: str = ""
    trace_id: str = ""


class Span(Value):
    """One span; `duration` in seconds; `peer` is the callee's name where the span is a call."""

    trace_id: str
    span_id: str
    parent_id: str = ""
    service: str
    operation: str
    peer: str = ""
    start: datetime
    duration: float
    error: bool = False
    message: str = ""


class Witness(Value):
    """A source that reports a change: what it calls the change and its version, since when, and where it says so."""

    source: str
    id: str
    at: datetime
    version: str = ""
    query: str = ""
    link: str = ""


class Change(Value):
    """One change of the world: a deploy, a flag. `at`: when it went live, `began`: when that was set about; `files` are
    what it touches (50 at most), `diff` how (4,000 characters); `aliases` name what it brought; `witnesses` say so."""

    id: str
    service: str
    kind: str
    at: datetime
    version: str = ""
    previous_version: str = ""
    by: str = ""
    note: str = ""
    files: tuple[str, ...] = ()
    diff: str = ""
    link: str = ""
    naming: Naming = "version"
    began: datetime | None = None
    aliases: tuple[str, ...] = ()
    witnesses: tuple[Witness, ...] = ()

    @property
    def way_back(self) -> str:
        """The version to go back to; a commit, a digest, a revision of manifests and several images are none."""
        unusable = self.naming in ("commit", "manifest") or "," in self.previous_version
        hashed = self.naming != "release" and HASH.fullmatch(self.previous_version)
        return "" if unusable or hashed else self.previous_version


class Observation(Value):
    """What one query returned, before anybody judged it: exactly one payload, the query's kind; empty, it has count 0.

    `role` says what a series stands for (engine/diagnosis/roles.py); `points` are (unix seconds, value), oldest first,
    at most 1,000. `complete_since`: how far back a cut answer still holds everything (lines asked apart: the start)."""

    source: str
    kind: EvidenceKind
    service: str
    query: str
    window: Window
    link: str = ""
    role: str = ""
    peer: str = ""
    unit: Unit = "none"
    labels: dict[str, str] = {}
    points: tuple[tuple[float, float], ...] = ()
    lines: tuple[LogLine, ...] = ()
    spans: tuple[Span, ...] = ()
    changes: tuple[Change, ...] = ()
    state: dict[str, Any] = {}
    count: int = 0
    truncated: bool = False
    complete_since: datetime | None = None


class Silence(Value):
    """A source that was asked and did not answer; `reason` is safe to show."""

    source: str
    query: str = ""
    reason: Phrase


class Evidence(Value):
    """One observation, judged: before against after, since when, how unusual. Ids are unique within the incident.

    `signal` is the observation's role for series, else new_error_log, surging_error_log, log_mention, error_span,
    slow_span, change, state. `abnormal` is the judgement; normal evidence is evidence too (it speaks against).
    `confidence` is in this measurement, not in a cause, and `doubts` say what takes away from it."""

    id: str
    kind: EvidenceKind
    source: str
    service: str
    signal: str
    query: str
    window: Window
    summary: Phrase
    abnormal: bool = False
    peer: str = ""
    before: Quantity | None = None
    after: Quantity | None = None
    onset: datetime | None = None
    unusual: float = 0.0
    confidence: Assurance = ""
    doubts: tuple[Phrase, ...] = ()
    count: int = 0
    link: str = ""
    excerpt: tuple[str, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    change: Change | None = None
    details: dict[str, Any] = {}


class Suspect(Value):
    """Somebody who may be where the trouble comes from: a service, or what it runs on. Probabilities of all sum to 1.

    `confidence` is the probability where nobody of them may be it; `signal` says what speaks loudest, `reasons` what it
    is and since when, weightiest first; `evidence_ids` are what it rests on."""

    service: str
    probability: float
    confidence: float = 0.0
    signal: str = ""
    onset: datetime | None = None
    reasons: tuple[Phrase, ...] = ()
    evidence_ids: tuple[str, ...] = ()


class Sweep(Value):
    """All that one round of asking brought: evidence, everybody by suspicion (first: most), and who stayed silent."""

    window: Window
    evidence: tuple[Evidence, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    silent: tuple[Silence, ...] = ()


# --- diagnosis -----------------------------------------------------------------------------------------------------


class Claim(Value):
    """One sentence of a diagnosis with the evidence it rests on (never empty)."""

    phrase: Phrase
    evidence_ids: tuple[str, ...]


class Hypothesis(Value):
    """One possible cause. `category` names a fault pattern; `confidence` is 0…1, calibrated, never raised by memory."""

    category: str
    service: str
    peer: str = ""
    change: Change | None = None
    title: Phrase
    confidence: float
    supporting: tuple[Claim, ...] = ()
    contradicting: tuple[Claim, ...] = ()


class Diagnosis(Value):
    """Hypotheses and a verdict; `quiet`: probably a false alarm; `unmeasured`: it would be one, had data gone on."""

    verdict: Literal["conclusive", "inconclusive"]
    hypotheses: tuple[Hypothesis, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    sequence: tuple[Claim, ...] = ()
    why_inconclusive: tuple[Phrase, ...] = ()
    next_steps: tuple[Phrase, ...] = ()
    quiet: bool = False
    unmeasured: bool = False

    @property
    def cause(self) -> Hypothesis | None:
        """The first hypothesis of a conclusive diagnosis; None otherwise."""
        return self.hypotheses[0] if self.verdict == "conclusive" and self.hypotheses else None


# --- change --------------------------------------------------------------------------------------------------------


class Plan(Value):
    """One action that would change the world. `requester` is the person who asked for it, "" for the bot's own."""

    id: str
    operation: str
    operation_class: OperationClass
    executor: str
    target: str
    arguments: dict[str, Any] = {}
    reason: Phrase
    evidence_ids: tuple[str, ...] = ()
    way_back: Phrase | None = None
    requester: str = ""


class Judgement(Value):
    """What policy says of a plan: its tier, whether it may be proposed, what it needs, and which rules tightened it."""

    tier: Tier
    allowed: bool
    needs_approval: bool = True
    needs_word: bool = True
    refusal: Phrase | None = None
    tightened_by: tuple[Phrase, ...] = ()


class Checkpoint(Value):
    """The real state of a target right before a change; `resource_version` is the target's own."""

    id: str
    target: str
    state: dict[str, Any]
    resource_version: str
    at: datetime


class DryRun(Value):
    """What a target says a change would do, without doing it."""

    allowed: bool
    reason: str = ""
    command_preview: str = ""
    changes: tuple[dict[str, Any], ...] = ()
    resource_version: str = ""


class Request(Value):
    """An approval that is asked for, bound by `digest` to plan, incident, evidence ids, checkpoint and dry-run."""

    id: str
    plan: Plan
    judgement: Judgement
    checkpoint: Checkpoint
    dry_run: DryRun
    digest: str
    asked_at: datetime
    expires_at: datetime


class Decision(Value):
    """How an approval ended. Only a person approves or rejects; the deadline expires; a changed target voids."""

    approval: str
    verdict: Literal["approved", "rejected", "expired", "void"]
    by: str = ""
    reason: str = ""
    dry_run_first: bool = False
    break_glass: bool = False


class Receipt(Value):
    """What the target said it did. Nothing is called done without one."""

    id: str
    action: str
    target: str
    at: datetime
    resource_version: str = ""
    changes: tuple[dict[str, Any], ...] = ()


class Execution(Value):
    """How a change ended: done with a receipt, refused or failed for a reason, or unknown and handed to people."""

    plan: str
    attempt: int = 1
    result: Literal["done", "refused", "failed", "unknown"]
    receipt: Receipt | None = None
    reason: Phrase | None = None


class RecoverySignal(Value):
    """One signal before the change against after it; `ok` is None where it could not be measured."""

    name: str
    before: Quantity | None = None
    after: Quantity | None = None
    target: Quantity | None = None
    text_before: str = ""
    text_after: str = ""
    ok: bool | None = None
    query: str = ""


class Recovery(Value):
    """The comparison of all signals; recovered only when every measured signal is ok and the errors were measured."""

    verdict: Literal["recovered", "not_recovered", "unknown"]
    signals: tuple[RecoverySignal, ...] = ()
    seconds: float = 0.0
