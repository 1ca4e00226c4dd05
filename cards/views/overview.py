"""Draws what a whole team has before it: approvals that wait, its services, and the home card that sums it up."""

from collections.abc import Sequence
from dataclasses import dataclass

from cards.model import Block, Button, Buttons, Card, Facts, Link, Prose, Table, Tone
from cards.views.listing import state
from cards.views.plan import standing
from cards.views.scene import Scene
from cards.words import Words
from engine.incident import Incident, Proposal
from engine.model import Change, Quantity
from engine.team import Service, Team

MOST_APPROVALS = 8
"""Approvals with their buttons on one card; more are counted and linked."""
MOST_ROWS = 20
MOST_NAMED = 4
NAMED = 120
"""Characters of a name in a cell."""


@dataclass(frozen=True)
class Waiting:
    """An approval that waits; `mine` says that whoever looks may decide it."""

    incident: Incident
    proposal: Proposal
    mine: bool


@dataclass(frozen=True)
class Health:
    """How a service stands: what is open about it, what was changed last, and its figures now where they were asked."""

    service: Service
    incidents: tuple[Incident, ...] = ()
    change: Change | None = None
    error_ratio: float | None = None
    latency: float | None = None

    @property
    def breaks_promise(self) -> bool:
        """Whether a figure is worse than what the service promises."""
        objective = self.service.objective
        too_many = self.error_ratio is not None and self.error_ratio > objective.error_ratio
        too_slow = bool(objective.latency_p95) and self.latency is not None and self.latency > objective.latency_p95
        return too_many or too_slow


@dataclass(frozen=True)
class Neighbour:
    """Another team of whoever looks: its id and name, and how many incidents are open there."""

    id: str
    name: str
    open: int


@dataclass(frozen=True)
class Overview:
    """What is before a team. `unread` counts older open incidents that were not looked into; `notes` are finished
    words about what could not be asked; `runbooks` and `notebook` count what the team keeps; `operations` may be
    executed here, None where nothing may be changed; `others` are the other teams of whoever looks."""

    team: Team
    open: tuple[Incident, ...]
    waiting: tuple[Waiting, ...]
    services: tuple[Health, ...]
    unread: int = 0
    notes: tuple[str, ...] = ()
    runbooks: int = 0
    notebook: int = 0
    operations: tuple[str, ...] | None = None
    others: tuple[Neighbour, ...] = ()


def approvals(over: Overview, words: Words) -> Card:
    """Every approval that waits, what the viewer may decide first, each with its buttons."""
    mine = [each for each in over.waiting if each.mine]
    title = words.text("overview.approvals_title", n=len(over.waiting), team=over.team.name)
    blocks: list[Block] = []
    if not over.waiting:
        blocks.append(Prose(words.text("overview.no_approvals")))
    elif not mine:
        blocks.append(Prose(words.text("overview.none_for_you")))
    blocks += _approvals(over, over.waiting, words)
    blocks += _unread(over, words)
    return Card(title, title, tone="warning" if mine else "info", blocks=tuple(blocks), language=words.language)


def services(over: Overview, words: Words) -> Card:
    """The catalogue: each service with what is open about it and what was changed last."""
    title = words.text("overview.services_title", n=len(over.services), team=over.team.name)
    if not over.services:
        empty = Prose(words.text("overview.no_services"))
        return Card(title, title, tone="info", blocks=(empty,), language=words.language)
    columns = ("service", "owner", "state", "incident", "last_change")
    rows = tuple(
        (each.service.name, each.service.owner, _state(each, words), _incidents(each), _change(each.change, words))
        for each in over.services[:MOST_ROWS]
    )
    blocks: list[Block] = [Table(tuple(words.text(f"column.{name}") for name in columns), rows)]
    if len(over.services) > MOST_ROWS:
        names = ", ".join(each.service.name for each in over.services[MOST_ROWS : MOST_ROWS * 3])
        blocks.append(Prose(words.text("overview.more_services", n=len(over.services) - MOST_ROWS, names=names)))
    blocks += [*(Prose(note, quiet=True) for note in over.notes), *_unread(over, words)]
    blocks += _monitors(over.services, words)
    return Card(title, title, tone=_tone(over), blocks=tuple(blocks), language=words.language)


def home(over: Overview, words: Words) -> Card:
    """Open incidents, what waits for the viewer, and how the services do, on one card."""
    mine = tuple(each for each in over.waiting if each.mine)
    title = words.text("overview.home_title", team=over.team.name)
    summary = words.text("overview.home_summary", open=len(over.open) + over.unread, waiting=len(over.waiting))
    blocks: list[Block] = [Prose(summary, strong=True)]
    if mine:
        blocks += [Prose(words.text("overview.for_you", n=len(mine)), strong=True), *_approvals(over, mine, words)]
    blocks += [*_open(over, words), *_unread(over, words), *_doing(over, words)]
    blocks += [Prose(note, quiet=True) for note in over.notes]
    blocks += [_bounds(over, words), Prose(words.text("overview.flow"), quiet=True), *_others(over, words)]
    blocks.append(
        Buttons(
            (
                Button("home", words.text("button.refresh"), {"team": over.team.id}),
                Button("approvals", words.text("button.approvals"), {}),
                Button("services", words.text("button.services"), {}),
                Button("declare", words.text("button.declare"), {}),
                Button("runbooks", words.text("button.runbooks"), {}),
                Button("doctor", words.text("button.doctor"), {}),
            )
        )
    )
    return Card(title, f"{title} · {summary}", tone=_tone(over), blocks=tuple(blocks), language=words.language)


def _bounds(over: Overview, words: Words) -> Facts:
    """What the team keeps, and what may be changed here at all."""
    operations = words.text("list.comma").join(over.operations or ()) or words.text("command.nothing")
    word = "overview.looks_only" if over.operations is None else "overview.may_change"
    pairs = (
        (words.text("overview.runbooks"), str(over.runbooks)),
        (words.text("overview.notebook"), str(over.notebook)),
        (words.text("overview.bounds"), words.text(word, operations=operations)),
    )
    return Facts(pairs)


def _others(over: Overview, words: Words) -> tuple[Block, ...]:
    """The way to the overviews of the person's other teams."""
    if not over.others:
        return ()
    label = "overview.other_team"
    buttons = (
        Button("home", words.text(label, team=each.name, n=each.open), {"team": each.id}) for each in over.others
    )
    return (Prose(words.text("overview.others"), strong=True), Buttons(tuple(buttons)))


def _tone(over: Overview) -> Tone:
    if any(incident.severity in ("P1", "P2") for incident in over.open):
        return "bad"
    worse = over.open or over.unread or any(each.breaks_promise for each in over.services)
    return "warning" if worse else "good"


def _approvals(over: Overview, waiting: Sequence[Waiting], words: Words) -> list[Block]:
    blocks: list[Block] = []
    for each in waiting[:MOST_APPROVALS]:
        blocks += _approval(over, each, words)
    if len(waiting) > MOST_APPROVALS:
        rest = waiting[MOST_APPROVALS : MOST_APPROVALS * 3]
        links = tuple(Link(each.incident.id, f"/incidents/{each.incident.id}") for each in rest)
        blocks += [Prose(words.text("overview.more_approvals", n=len(waiting) - MOST_APPROVALS)), Buttons(links)]
    return blocks


def _approval(over: Overview, waiting: Waiting, words: Words) -> tuple[Block, ...]:
    scene = Scene(waiting.incident, words, over.team)
    plan, request = waiting.proposal.plan, waiting.proposal.request
    assert request is not None
    held = standing(scene, waiting.proposal) == "held"
    line = words.text("overview.approval", operation=plan.operation, target=plan.target, title=_title(waiting.incident))
    pairs = (
        ("fact.incident", waiting.incident.id),
        ("fact.risk", words.text(f"tier.{request.judgement.tier}")),
        ("fact.requester", scene.person(plan.requester) if plan.requester else words.text("plan_card.own_proposal")),
        ("fact.approval", request.id),
        ("fact.expires", words.moment(request.expires_at)),
        ("column.state", words.text("plan_state.held" if held else "plan_state.waiting")),
    )
    facts = Facts(tuple((words.text(word), value) for word, value in pairs if value))
    return (Prose(line, strong=True), facts, _decide(scene, waiting, held))


def _decide(scene: Scene, waiting: Waiting, held: bool) -> Buttons:
    request = waiting.proposal.request
    view = scene.link_to_page()
    if request is None or not waiting.mine:
        return Buttons((view,))
    reject = scene.button("reject", approval=request.id)
    if held:
        constraint = scene.incident.holds(waiting.proposal.plan)
        lift = scene.button("lift", "primary", constraint=constraint.id if constraint else "")
        return Buttons((lift, reject, view), approval=True)
    style = "danger" if request.judgement.needs_word else "primary"
    return Buttons((scene.button("approve", style, approval=request.id), reject, view), approval=True)


def _open(over: Overview, words: Words) -> tuple[Block, ...]:
    if not over.open:
        return (Prose(words.text("overview.nothing_open")),)
    names = ("incident", "severity", "title", "service", "state", "owner")
    rows = tuple(
        (each.id, each.severity, _title(each), each.service, state(each, words), _owner(over, each, words))
        for each in over.open[:MOST_ROWS]
    )
    links = tuple(Link(each.id, f"/incidents/{each.id}") for each in over.open[:MOST_APPROVALS])
    heading = Prose(words.text("overview.open", n=len(over.open) + over.unread), strong=True)
    return (heading, Table(tuple(words.text(f"column.{name}") for name in names), rows), Buttons(links))


def _doing(over: Overview, words: Words) -> tuple[Block, ...]:
    """The services with their figures."""
    if not over.services:
        return ()
    names = ("service", "state", "error_ratio", "latency")
    rows = tuple(
        (
            each.service.name,
            _state(each, words),
            words.quantity(_figure(each.error_ratio, "ratio")),
            words.quantity(_figure(each.latency, "seconds")),
        )
        for each in over.services[:MOST_ROWS]
    )
    heading = Prose(words.text("overview.services", n=len(over.services)), strong=True)
    return (heading, Table(tuple(words.text(f"column.{name}") for name in names), rows))


def _figure(value: float | None, unit: str) -> Quantity | None:
    if value is None:
        return None
    return Quantity(value=value, unit="ratio" if unit == "ratio" else "seconds")


def _monitors(services: Sequence[Health], words: Words) -> tuple[Block, ...]:
    """Buttons to the live figures of the services that need a look most."""
    worst = sorted(services, key=lambda each: (not each.incidents, not each.breaks_promise))[:MOST_NAMED]
    buttons = tuple(
        Button("monitor", words.text("button.monitor", service=each.service.name), {"service": each.service.name})
        for each in worst
    )
    return (Buttons(buttons),) if buttons else ()


def _state(health: Health, words: Words) -> str:
    if health.incidents:
        worst = min(health.incidents, key=lambda each: each.severity)
        return f"{worst.severity} · {state(worst, words)}"
    return words.text("overview.breaks_promise" if health.breaks_promise else "overview.quiet")


def _incidents(health: Health) -> str:
    ids = [each.id for each in health.incidents]
    more = f" +{len(ids) - MOST_NAMED}" if len(ids) > MOST_NAMED else ""
    return ", ".join(ids[:MOST_NAMED]) + more


def _change(change: Change | None, words: Words) -> str:
    if change is None:
        return ""
    what = " ".join(part for part in (change.kind, change.version) if part)
    return f"{what} · {words.moment(change.at)}" + (f" · {change.by}" if change.by else "")


def _title(incident: Incident) -> str:
    return (incident.title or incident.id)[:NAMED]


def _owner(over: Overview, incident: Incident, words: Words) -> str:
    who = incident.assignee or incident.acknowledged_by
    return Scene(incident, words, over.team).person(who) if who else words.text("header.nobody")


def _unread(over: Overview, words: Words) -> tuple[Block, ...]:
    return (Prose(words.text("overview.unread", n=over.unread), quiet=True),) if over.unread else ()
