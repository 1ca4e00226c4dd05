"""Describes a team: who belongs to it, what it runs, what it allows, and what it taught. A team is a wall."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal

from engine.model import OperationClass, Phrase, Tier, Unit, Value

Role = Literal["viewer", "responder", "approver"]
LessonKind = Literal["incident_summary", "fault_pattern", "habit", "runbook", "dependency"]


class Account(Value):
    """Who did something, as the platform knows them (the platform has verified it)."""

    platform: str
    id: str
    name: str = ""


class Person(Value):
    """A member of a team. `accounts` links the person across platforms: platform name to account id."""

    id: str
    name: str
    roles: frozenset[Role] = frozenset({"viewer"})
    accounts: dict[str, str] = {}
    language: str = ""


class Objective(Value):
    """What a service promises; `error_ratio` and `availability` 0…1, `latency_p95` in seconds; 0 = nothing promised."""

    error_ratio: float = 0.02
    latency_p95: float = 0.0
    availability: float = 0.0


class Remedy(Value):
    """An operation a service offers against a fault pattern.

    Arguments may hold {previous_version}, {version}, {peer}, {safe_revision}, {workload}, {namespace}, {argocd_app}.
    """

    operation: str
    operation_class: OperationClass
    executor: str
    against: tuple[str, ...]
    tier: Tier = "destructive"
    peer: str = ""
    arguments: dict[str, Any] = {}
    undo: str = ""


class Signal(Value):
    """A figure the team itself watches: its query, and which way is worse."""

    name: str
    expression: str
    unit: Unit = "none"
    worse: Literal["rises", "falls"] = "rises"


class Rollback(Value):
    """Where a service is rolled back, and to what: executor, workload and application as their platforms name them."""

    executor: str = ""
    workload: str = ""
    argocd_app: str = ""
    safe_revision: str = ""


class Service(Value):
    """One entry of the service catalogue.

    `labels` name it in telemetry; `namespace` and `workload` ("payment" or "deployment/payment") in Kubernetes;
    `repository` ("owner/name") where its code lives, and `repo_path` a clone of it where this process runs. `log_paths`
    and `units` (of systemd) are read on each of `hosts`; no hosts: where this process runs. `learned` are those of its
    dependencies that people added in chat."""

    name: str
    owner: str = ""
    environment: str = ""
    region: str = ""
    dependencies: tuple[str, ...] = ()
    learned: tuple[str, ...] = ()
    objective: Objective = Objective()
    labels: dict[str, str] = {}
    signals: tuple[Signal, ...] = ()
    runbooks: tuple[str, ...] = ()
    rollback: Rollback = Rollback()
    repository: str = ""
    repo_path: str = ""
    language: str = ""
    health_url: str = ""
    log_paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    namespace: str = ""
    workload: str = ""
    remedies: tuple[Remedy, ...] = ()


class FaultSign(Value):
    """A sign of a fault that a team knows: exactly one of a figure, a log line that fits, a subject, or a change."""

    metric: str = ""
    level: Literal["up", "down", "at_limit", "normal"] = "up"
    log: str = ""
    topic: str = ""
    change: str = ""
    at: Literal["service", "neighbour"] = "service"


class Fault(Value):
    """A fault that a team knows of its own, by name: what must show, what speaks for and against it, and what helps."""

    name: str
    title: str
    services: tuple[str, ...] = ()
    needs: tuple[FaultSign, ...]
    supports: tuple[FaultSign, ...] = ()
    contradicts: tuple[FaultSign, ...] = ()
    explains: tuple[str, ...] = ()
    helps: tuple[OperationClass, ...] = ()
    look_at: tuple[str, ...] = ()


class Policy(Value):
    """What a team allows. It can tighten what the engine demands, never loosen it."""

    approver_role: Role = "approver"
    approval_minutes: float = 30.0
    break_glass: bool = False
    forbidden: tuple[str, ...] = ()
    tiers: dict[str, Tier] = {}


class Escalation(Value):
    """What happens while nobody takes an incident.

    `after_minutes`: how long each step waits; 0 = none is taken; None = 10, but none in a world whose time is
    compressed. `urgent` names the platform on which whoever was called is called once more by a message that insists
    until it was seen. `room` ("platform:room") hears of an incident only then. `pager` and `pager_key` are the NAMES of
    the environment variables that hold the address of an events API and its key."""

    after_minutes: float | None = None
    urgent: str = ""
    room: str = ""
    pager: str = ""
    pager_key: str = ""


class Digest(Value):
    """When a team wants to hear what happened: each day, or each Monday; `at` is "HH:MM" in `zone`; `rooms`
    ("platform:room") are where, all of the team's where none are named."""

    every: Literal["daily", "weekly"]
    at: str = "09:00"
    zone: str = "UTC"
    rooms: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the team's other digests."""
        return f"{self.every}@{self.at}"


class Connection(Value):
    """Where a source of a team's own is: what is empty is as the process has it. `token` is the NAME of the environment
    variable that holds it; `timeout`: seconds one round of asking it may take."""

    url: str = ""
    token: str = ""
    tenant: str = ""
    timeout: float = 0.0


class Team(Value):
    """A team as its files describe it. `match` are label matchers (all must hold); `rooms` are "platform:room", and
    `languages` what is spoken in those where it is not the team's `language`, or was chosen there on purpose;
    `on_call` are ids of people, who is called first first. `approvers` are user groups ("platform:group:id") whose
    members count as approvers; `granted` are those ("platform:account") as platforms said last, `unknown_groups` are
    the groups of which nobody can say at the moment: whoever may be in one counts for nothing more. `open_to` names
    platforms on which everybody counts as an approver; no file can say so, only a demo in a room of the reader's own
    does. `sources` are its own, by kind."""

    id: str
    name: str
    language: str = "en"
    match: dict[str, str] = {}
    rooms: tuple[str, ...] = ()
    languages: dict[str, str] = {}
    people: tuple[Person, ...] = ()
    services: dict[str, Service] = {}
    policy: Policy = Policy()
    watchdog_minutes: float = 0.0
    on_call: tuple[str, ...] = ()
    escalation: Escalation = Escalation()
    digests: tuple[Digest, ...] = ()
    zone: str = "UTC"
    sources: dict[str, Connection] = {}
    approvers: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    granted: frozenset[str] = frozenset()
    unknown_groups: tuple[str, ...] = ()
    open_to: frozenset[str] = frozenset()

    @property
    def places(self) -> tuple[str, ...]:
        """All rooms in which its incidents may be met: its own, and the one that hears of them late."""
        late = self.escalation.room
        return (*self.rooms, late) if late and late not in self.rooms else self.rooms

    def language_of(self, room: str) -> str:
        """What is spoken in this room."""
        return self.languages.get(room, self.language)

    def by_language(self, rooms: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """These rooms, together where the same is spoken."""
        spoken: dict[str, tuple[str, ...]] = {}
        for room in rooms:
            language = self.language_of(room)
            spoken[language] = (*spoken.get(language, ()), room)
        return spoken

    @property
    def on_duty(self) -> tuple[Person, ...]:
        """Who is called, in order: as the team wrote it down, else everybody who may act, as they stand in the file."""
        if self.on_call:
            return tuple(person for id in self.on_call if (person := self.member(id)))
        return tuple(person for person in self.people if person.roles - {"viewer"})

    @property
    def unlisted(self) -> frozenset[str]:
        """The accounts that are granted and linked to no member."""
        listed = {f"{name}:{id}" for person in self.people for name, id in person.accounts.items()}
        return self.granted - listed

    def granting(self, members: Callable[[str], frozenset[str] | None]) -> "Team":
        """The team as its user groups stand: `members` tells who is in one, None where nobody knows."""
        found = {group: members(group) for group in self.approvers}
        granted = frozenset[str]().union(*(known for known in found.values() if known))
        unknown = tuple(group for group, known in found.items() if known is None)
        people = tuple(_granted(person, granted) for person in self.people)
        return self.model_copy(update={"people": people, "granted": granted, "unknown_groups": unknown})

    def person(self, account: Account) -> Person | None:
        """The member this account is linked to; None where nobody is."""
        known = next((p for p in self.people if p.accounts.get(account.platform) == account.id), None)
        return known or self._guest(account.platform, account.id, account.name)

    def member(self, person: str) -> Person | None:
        """The member with this id."""
        platform, _, id = person.partition(":")
        return next((p for p in self.people if p.id == person), None) or self._guest(platform, id, "")

    def _guest(self, platform: str, id: str, name: str) -> Person | None:
        """Somebody no file names who may approve all the same."""
        if not id or (platform not in self.open_to and f"{platform}:{id}" not in self.granted):
            return None
        roles: frozenset[Role] = frozenset({"responder", "approver"})
        return Person(id=f"{platform}:{id}", name=name or id, roles=roles, accounts={platform: id})


def _granted(person: Person, granted: frozenset[str]) -> Person:
    """The person, an approver where any of their accounts is granted."""
    if not granted.intersection(f"{name}:{id}" for name, id in person.accounts.items()):
        return person
    return person.model_copy(update={"roles": person.roles | {"approver"}})


class Constraint(Value):
    """A person's "do not …" in the thread; holds proposals of `operation_class` (None: every change) until lifted."""

    id: str
    text: str
    operation_class: OperationClass | None = None
    by: str
    at: datetime
    lifted_by: str = ""


class Lesson(Value):
    """Something a team may keep: drafted as phrases; `text` is a person's own wording and then replaces them.

    `rule` is set on habits, and names what the engine does differently; of a dependency it names the callee ("peer").

    Rules: {"do": "dry_run_first"} repeats the dry-run right before execution; {"do": "hold", "class": "rollback"}
    holds such proposals until a person lifts; {"do": "look_first", "kind": "metric"} asks these sources first.
    """

    id: str
    kind: LessonKind
    title: Phrase
    lines: tuple[Phrase, ...] = ()
    text: str = ""
    incident: str
    service: str = ""
    category: str = ""
    alert: str = ""
    rule: dict[str, str] = {}
    taught_by: str = ""
    at: datetime
    seen: int = 1
