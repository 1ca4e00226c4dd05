"""Does what a person may do about incidents that belong together: merge, take apart, split, and say why."""

import re
from collections.abc import Callable, Sequence

from cards.model import Card, Facts
from cards.views.duty import link_line
from cards.views.scene import Scene
from engine import relations
from engine.duty import Link
from engine.errors import RelationRefused, UnknownName
from engine.incident import Incident
from engine.model import Entry
from engine.ports import Draft
from engine.relations import Wish
from handlers.inbound import Answer
from handlers.people import bounded
from handlers.visit import Visit, no, ok

INCIDENT = re.compile(r"\binc_[0-9a-f]{8}\b")
INTO = re.compile(r"^(?:into|to|with|进|到|入|给)\s*", re.IGNORECASE)
SHORTEST = 4
"""Characters of a fingerprint that are enough to mean it."""


async def merge(visit: Visit, text: str) -> Answer:
    """Put this incident into another one of the team, which is where people look from then on."""
    named = INCIDENT.search(text)
    if named is None:
        return no("error.merge_what", incident=visit.incident.id)
    into = named[0]
    if not await _ours(visit, into):
        return no("error.no_such_incident", incident=into)
    wish = _wish(visit, INTO.sub("", INCIDENT.sub("", text, count=1).strip()))
    ids = [visit.incident.id, into, *_absorbed(visit.incident, but=into)]
    if refused := await _weave(visit, ids, lambda fresh, stories: relations.merge(stories, wish)):
        return refused
    await visit.show("header", "closing")
    said = (await visit.house.state(into)).says[-1]
    await visit.house.desk.show(into, f"say:{said.key}")
    for id in ids[1:]:
        await visit.house.desk.show(id, "header")
    return ok("command.merged", incident=visit.incident.id, into=into)


async def unlink(visit: Visit, text: str) -> Answer:
    """Take a merge back: said in the merged incident, or where it went with the merged one named."""
    one, other = _pair(visit, text)
    if not one:
        return no("error.unlink_what", incident=visit.incident.id)
    wish = _wish(visit, INCIDENT.sub("", text, count=1))
    if not await _ours(visit, one):
        return no("error.no_such_incident", incident=one)
    ids = [one, other, *_absorbed(await visit.house.state(one), but=other)]
    if refused := await _weave(visit, ids, lambda fresh, stories: relations.take_apart(stories, wish)):
        return refused
    visit.house.wake(one)
    for id in ids:
        await visit.house.desk.show(id, "header")
    return ok("command.unlinked", incident=one, into=other)


def _pair(visit: Visit, text: str) -> tuple[str, str]:
    """The merged incident that is meant, and the one it went into; "" where that cannot be told."""
    here, named = visit.incident, INCIDENT.search(text)
    if here.merged_into:
        return here.id, here.merged_into
    if named:
        return named[0], here.id
    merged = _absorbed(here)
    return (merged[0], here.id) if len(merged) == 1 else ("", here.id)


async def split(visit: Visit, text: str) -> Answer:
    """Give an alert, named or by the beginning of its fingerprint, an incident of its own."""
    wanted, alerts = text.strip(), visit.incident.alerts
    name, _, reason = wanted.partition(" ")
    found = [id for id, alert in alerts.items() if alert.name.casefold() == name.casefold()]
    if not found and len(name) >= SHORTEST:
        found = [id for id in alerts if id.startswith(name)]
    if len(found) != 1:
        known = ", ".join(f"{alert.name} ({id[:12]})" for id, alert in list(alerts.items())[:12])
        return no("error.split_what", said=name[:60] or "-", known=known or "-")
    wish, (alert,) = _wish(visit, reason), found

    def weave(id: str, stories: Sequence[Sequence[Entry]]) -> Sequence[tuple[str, Draft]]:
        return relations.split(id, stories, alert, wish)

    try:
        fresh = await visit.house.register.together([visit.incident.id], weave)
    except RelationRefused as refusal:
        return Answer(tone="refused", phrase=refusal.phrase)
    visit.house.wake(fresh)
    await visit.show("header")
    await visit.house.desk.show(fresh, "header")
    phrase = ok("command.split", alert=alerts[alert].name, incident=fresh).phrase
    return Answer(phrase=phrase, incidents=(fresh,))


def why(visit: Visit) -> Answer:
    """Who merged or split what, when and why, as it was written down."""
    scene = Scene(visit.incident, visit.words, visit.team)
    told = visit.incident.ties
    if not told:
        return no("error.nothing_merged", incident=visit.incident.id)
    pairs = tuple((visit.words.moment(link.at), _told(scene, link)) for link in told)
    title = visit.words.text("duty.why_title", incident=visit.incident.id)
    facts = Facts(pairs)
    return Answer(card=Card(title, title, tone="info", blocks=(facts,), incident=visit.incident.id))


def _told(scene: Scene, link: Link) -> str:
    line = link_line(scene, link)
    return f"{line} {scene.text('duty.with_alerts', alerts=scene.listed(link.alerts))}" if link.alerts else line


def _absorbed(incident: Incident, but: str = "") -> list[str]:
    """The incidents that were merged into this one and still are."""
    return [link.incident for link in incident.ties if link.tie == "absorbed" and link.incident != but]


def _wish(visit: Visit, reason: str) -> Wish:
    at, name = visit.house.clock.now(), visit.name(visit.actor)
    return Wish(by=visit.actor, by_name=name, at=at, reason=bounded(reason), inbound=visit.id)


async def _ours(visit: Visit, incident: str) -> bool:
    """Whether this incident is the team's; to others it does not exist."""
    try:
        return await visit.house.register.team_of(incident) == visit.team.id
    except UnknownName:
        return False


async def _weave(
    visit: Visit, ids: Sequence[str], weave: Callable[[str, Sequence[Sequence[Entry]]], Sequence[tuple[str, Draft]]]
) -> Answer | None:
    """Write what is woven; the refusal where it cannot be."""
    try:
        await visit.house.register.together(ids, weave)
    except RelationRefused as refusal:
        return Answer(tone="refused", phrase=refusal.phrase)
    return None
