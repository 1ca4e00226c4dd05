"""Says what the engine needs from the world, as small protocols; each has one fake and one contract suite."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from engine.model import (
    Alert,
    Checkpoint,
    DryRun,
    Entry,
    Observation,
    OperationClass,
    Phrase,
    Plan,
    Receipt,
    Value,
    Window,
)
from engine.team import Lesson, Service, Team


class Clock(Protocol):
    """Tells and passes time. `now` is aware UTC; `sleep` takes seconds."""

    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    """Draws short ids: `draw("inc")` gives "inc_" and 8 hex digits. Uniqueness is the store's affair: draw again."""

    def draw(self, prefix: str) -> str: ...


class Draft(Value):
    """A timeline entry before it is written."""

    key: str
    kind: str
    actor: str
    at: datetime
    body: dict[str, Any] = {}


class Timeline(Protocol):
    """The append-only story of each incident. Unique (incident, key): the first write wins, and is returned."""

    async def write(self, incident: str, draft: Draft) -> Entry:
        """Write durably, or return the entry that already stands under this key. UnknownName, StoreFull."""
        ...

    async def read(self, incident: str, after: int = 0) -> Sequence[Entry]:
        """Entries with seq > after, in order of seq (1, 2, 3, … without gaps)."""
        ...

    async def find(self, incident: str, key: str) -> Entry | None: ...

    async def wait(self, incident: str, key: str) -> Entry:
        """Return as soon as an entry stands under this key, at once if it does already."""
        ...


class Known(Value):
    """What the store knows of an alert identity (team, fingerprint): its incident and how that stands."""

    incident: str
    last_status: Literal["firing", "resolved"]
    last_starts_at: datetime
    closed_at: datetime | None = None
    resolved_at: datetime | None = None
    episode: int = 1


class Sighting(NamedTuple):
    """An alert on its way in, with its team and the raw text it came from (by reference); `reason` says how its service
    was found out, where it names none of the team's. Should it open an incident, `rooms` are to show its header."""

    team: str
    alert: Alert
    raw_ref: str = ""
    reason: Phrase | None = None
    rooms: tuple[str, ...] = ()


class Placing(Value):
    """What is to become of a sighting. `incident` is "" for `open` (the store draws one through `draw`).

    open: a new incident (`previous` links an older one) · join: a known incident takes it · reopen: a closed one lives
    again as its next episode · ignore: nothing to do (resolved and unknown). `drafts` are written in the same commit.
    """

    what: Literal["open", "join", "reopen", "ignore"]
    incident: str = ""
    previous: str = ""
    drafts: tuple[Draft, ...] = ()


class Placed(Value):
    """Where a sighting went."""

    what: Literal["open", "join", "reopen", "ignore"]
    incident: str
    fingerprint: str


class RawCall(NamedTuple):
    """A receiver call as it is to be kept; `reason` names why (part of) it could not be read."""

    ref: str
    source: str
    body: bytes
    reason: str = ""


class Promise(NamedTuple):
    """The incident an alert that was only admitted will open, and by what the alert is known."""

    incident: str
    team: str
    fingerprint: str
    group_key: str


class Admitted(NamedTuple):
    """A receiver call that was taken in and is still to be placed; one promise for each of its alerts, in order."""

    call: RawCall
    at: datetime
    promises: tuple[Promise, ...]


Decide = Callable[[Sighting, Known | None, Known | None], Placing]
Weave = Callable[[str, Sequence[Sequence[Entry]]], Sequence[tuple[str, Draft]]]


class Register(Protocol):
    """The register of incidents: who is born, who still lives, which alert belongs to whom."""

    async def place(
        self,
        sightings: Sequence[Sighting],
        decide: Decide,
        call: RawCall | None = None,
        admitted: Admitted | None = None,
    ) -> Sequence[Placed]:
        """Decide and write all of them in one durable commit, in order, with the call that brought them, and wish for
        the headers of what opens. `decide` is pure and gets (sighting, what is known of this alert, the newest open
        incident of the same team and group key). With `admitted`, incidents that open get the ids promised then, and
        the promise is kept. NotPlacedYet, and nothing is written, where an alert or its group was promised already."""
        ...

    async def admit(self, sightings: Sequence[Sighting], call: RawCall) -> Sequence[str]:
        """Take a call in durably and leave the placing for later: the incidents its alerts will open, in order. Nothing
        is kept, and the answer is empty, where one of them may belong to an incident that is there or promised."""
        ...

    async def admitted(self, limit: int) -> Sequence[Admitted]:
        """The calls that are still to be placed, oldest first."""
        ...

    async def open(self, team: str, drafts: Sequence[Draft]) -> str:
        """Open an incident no alert asked for, with its first entries; returns its id."""
        ...

    async def together(self, incidents: Sequence[str], weave: Weave) -> str:
        """Write into several incidents of one team in one durable commit, all or nothing. `weave` is pure and gets the
        id of an incident that is not there yet and the stories of `incidents` as they stand; it gives the entries to
        write, by incident. Writing to the new id opens it, for the team of the first; returned is that id, else "".
        An alert entry moves its alert to where it is written. UnknownName, and whatever `weave` raises."""
        ...

    async def team_of(self, incident: str) -> str:
        """UnknownName where there is no such incident."""
        ...

    async def living(self) -> Sequence[str]:
        """Incidents whose story has not ended (no `incident.closed` after the last (re)opening), oldest first."""
        ...

    async def newest(self, team: str | None = None, limit: int = 50) -> Sequence[str]: ...

    async def keep_raw(self, ref: str, source: str, body: bytes, reason: str = "") -> None:
        """Keep a receiver call as it came (cut to 1 MB); `reason` names why (part of) it could not be read."""
        ...

    async def forget_raw(self, before: datetime) -> int:
        """Drop the receiver calls kept before this moment; returns how many."""
        ...

    async def beat(self, team: str, name: str, at: datetime) -> None:
        """A heartbeat alert (Watchdog) was seen."""
        ...

    async def beats(self) -> Mapping[tuple[str, str], datetime]:
        """When each heartbeat was last seen, by (team, name)."""
        ...


class Memory(Protocol):
    """What teams keep. Nothing of one team is ever visible to another."""

    async def keep(self, team: str, lesson: Lesson) -> None:
        """Keep or replace by id."""
        ...

    async def drop(self, team: str, lesson: str) -> None: ...

    async def recall(
        self, team: str, service: str, alert: str = "", category: str = "", limit: int = 6
    ) -> Sequence[Lesson]:
        """Kept lessons about this service (or about none) with the same alert or category: all habits, which tighten
        and must not be pushed out, then the newest `limit` others; both newest first."""
        ...

    async def kept(self, team: str, kind: str = "") -> Sequence[Lesson]: ...


class Desk(Protocol):
    """Where the engine says that something of an incident is to be shown. What and how is not its concern."""

    async def show(self, incident: str, slot: str) -> None:
        """See to it that this part of the thread shows the newest state, in every room, at least once. Durable on
        return; sending happens behind. Slots: header, background, evidence, diagnosis, plan:<plan id>,
        recovery:<plan id>, closing, and say:<timeline key> for one-off messages."""
        ...


class Question(Value):
    """What a source is asked about one incident of a team."""

    incident: str
    team: str = ""
    alert: Alert
    service: Service
    neighbours: tuple[Service, ...] = ()
    window: Window


Tells = Literal["metric", "log", "trace", "change", "state", "cluster", "context"]
"""What a source is there for. A cluster tells how things stand and, where asked, what was rolled out; context is what
only helps to judge the rest."""


class Source(Protocol):
    """A place that knows something of the world. Raises SourceSilent; a mere nothing is an Observation with count 0."""

    @property
    def name(self) -> str: ...

    @property
    def tells(self) -> Tells: ...

    async def ask(self, question: Question) -> Sequence[Observation]: ...


@runtime_checkable
class Selective(Protocol):
    """A source that has nothing to look at for some questions; then it is neither asked nor shown as asked."""

    def concerns(self, question: Question) -> bool: ...


Level = Literal["error", "warn", "info", "all"]


class Query(Value):
    """What a person asks one source by hand: an expression, or a service and words to look for in what it says.
    `limit`: how many series, lines or traces at most; `level`: from which on (of traces: "error", only failed ones)."""

    text: str = ""
    service: Service | None = None
    window: Window
    limit: int = 50
    level: Level = "all"


@runtime_checkable
class Queried(Source, Protocol):
    """A source people may ask by hand. Raises SourceSilent, which names what is wrong with the question where the
    backend says so; a mere nothing is an Observation with count 0."""

    async def look_up(self, query: Query) -> Sequence[Observation]:
        """At least one observation, with the exact query and its window; `truncated` where there was more."""
        ...


class Remark(NamedTuple):
    """What examining a source brought to light; where `ok` is False there is something to mend."""

    ok: bool
    phrase: Phrase


@runtime_checkable
class Examined(Protocol):
    """A source that can say what works and what does not before there is an incident. Raises SourceSilent."""

    @property
    def name(self) -> str: ...

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """At least one remark; `services` are those of the catalogue that it will be asked about."""
        ...


class Order(Value):
    """A change on its way to a target; the key and the version let the target refuse a late or repeated call."""

    incident: str
    approval: str
    audit: str
    key: str
    plan: Plan
    resource_version: str


class Probe(Value):
    """What a target says of an order: done (with its receipt), not done, or it cannot tell. `fenced`: it promises to
    refuse this order's first call should it still arrive."""

    state: Literal["done", "not_done", "unknown"]
    receipt: Receipt | None = None
    fenced: bool = False


class Executor(Protocol):
    """One way of changing the world. Every call is bounded by the caller's timeout."""

    @property
    def name(self) -> str: ...

    @property
    def operations(self) -> Mapping[str, OperationClass]:
        """The operations it knows, with their class."""
        ...

    async def checkpoint(self, target: str, id: str, at: datetime) -> Checkpoint: ...

    async def dry_run(self, plan: Plan) -> DryRun: ...

    async def run(self, order: Order) -> Receipt:
        """ExecutorRefused: surely nothing changed. ExecutorUnclear: nobody knows."""
        ...

    async def probe(self, order: Order) -> Probe: ...

    def undo(self, plan: Plan, checkpoint: Checkpoint) -> Plan | None:
        """The plan that would bring the checkpoint back (its own approval follows); None where there is none."""
        ...


class Matcher(Value):
    """One condition on a label; `equal` False turns it round."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True


class Hush(Value):
    """Alerts that nobody is to be told of for a while: all matchers must hold. `comment` names reason and incident."""

    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str


class Silencer(Protocol):
    """What keeps alerts quiet where they come from."""

    async def silence(self, hush: Hush) -> str:
        """Have it done; the silence's id there. ExecutorRefused: surely nothing was done, and why. ExecutorUnclear."""
        ...

    async def unsilence(self, id: str) -> bool:
        """End a silence; False where it was over already, or never was. ExecutorRefused, ExecutorUnclear."""
        ...

    def link(self, id: str) -> str:
        """Where a person can look at it."""
        ...


class Teams(Protocol):
    """The teams as their files stand now (hot-reloaded behind)."""

    def team(self, id: str) -> Team:
        """UnknownName where there is none."""
        ...

    def route(self, labels: Mapping[str, str]) -> Team:
        """The first team whose matchers hold, else `default`."""
        ...

    def all(self) -> Sequence[Team]: ...
