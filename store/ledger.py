"""Keeps the books of incidents: turns what is asked within one commit into entries, standings and alerts, in order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from engine.errors import NotPlacedYet, UnknownName
from engine.model import Entry, Phrase
from engine.ports import Decide, Ids, Known, Placed, Placing, Promise, Sighting, Weave
from store.chain import Written, canonical, plain, ready
from store.promises import Name, Promises
from store.standing import Standing, marked
from store.stories import Added, Chapter, Story

Identity = tuple[str, str]
"""(team, fingerprint) of an alert, or (team, group key) of a group."""


Raw = tuple[str, str, str, str, bytes, str]
"""A receiver call as the database keeps it: ref, source, reason, at, body, promises."""


MOST_PROMISED = 10_000
"""Alerts that may be promised an incident at a time: what waits is read into memory when a process begins."""


@dataclass(frozen=True)
class Write:
    """One entry for an incident that is there."""

    incident: str
    draft: Written


@dataclass(frozen=True)
class Place:
    """Sightings to be placed, and how to decide; `at` is when they were seen, `raw` the row of their call. `ref` and
    `promised` are those of a call that was admitted before."""

    sightings: Sequence[Sighting]
    decide: Decide
    at: datetime
    raw: Raw | None = None
    ref: str = ""
    promised: Sequence[Promise] = ()


@dataclass(frozen=True)
class Admit:
    """Sightings to be placed later, and the row of their call."""

    sightings: Sequence[Sighting]
    raw: Raw


@dataclass(frozen=True)
class Open:
    """An incident no alert asked for."""

    team: str
    drafts: Sequence[Written]


@dataclass(frozen=True)
class Together:
    """Entries for several incidents at once, decided on by their stories as they stand."""

    incidents: Sequence[str]
    weave: Weave


Work = Write | Place | Admit | Open | Together


@dataclass(frozen=True)
class Holding:
    """Where an alert belongs; `seen` is how often it was seen in this commit."""

    incident: str
    status: str
    starts_at: str
    seen: int = 0
    at: datetime | None = None


@dataclass(frozen=True)
class Lookup:
    """What was on the disk before this commit: alerts by identity, and the newest open incidents of each group."""

    alerts: Mapping[Identity, Holding] = field(default_factory=dict)
    groups: Mapping[Identity, frozenset[str]] = field(default_factory=dict)


class Page:
    """What one commit writes. Later work sees what earlier work of the same page did; nobody else does."""

    def __init__(
        self, stories: Mapping[str, Story], lookup: Lookup, ids: Ids, number: int, taken: set[str], before: Promises
    ) -> None:
        self.chapters: dict[str, Chapter] = {}
        self.alerts: dict[Identity, Holding] = {}
        self.raws: list[Raw] = []
        self.headers: list[tuple[str, str, str]] = []
        self.promised = Promises(over=before)
        self.number = number
        self._stories = stories
        self._lookup = lookup
        self._ids = ids
        self._taken = taken
        self._groups: dict[Identity, set[str]] = {}

    def serve(self, work: Work) -> Entry | Sequence[Placed] | Sequence[str] | str:
        """Do what is asked; UnknownName, NotPlacedYet, and whatever `decide` raises."""
        match work:
            case Write(incident, draft):
                return self._write(self._chapter(incident), draft)
            case Place(sightings, raw=raw, ref=ref):
                if any(self.promised.held(name, but=ref) for name in names(sightings)):
                    raise NotPlacedYet(Phrase(word="error.not_placed_yet"))
                self.raws += [raw] if raw else []
                if ref:
                    self.promised.keep(ref)
                return self._place_all(work)
            case Admit(sightings, raw):
                return self._admit(sightings, raw)
            case Open(team, drafts):
                chapter = self._open(team)
                for draft in drafts:
                    self._write(chapter, draft)
                return chapter.standing.incident
            case Together(incidents, weave):
                return self._weave([self._chapter(incident) for incident in incidents], weave)

    # --- what is written ---

    @property
    def fresh(self) -> list[Standing]:
        """How the new incidents stand, in the order they were opened."""
        return [chapter.standing for chapter in self.chapters.values() if chapter.fresh]

    @property
    def moved(self) -> list[Standing]:
        """How the incidents stand that were there before and stand otherwise now."""
        old = (chapter for chapter in self.chapters.values() if not chapter.fresh)
        return [chapter.standing for chapter in old if chapter.standing is not chapter.story.standing]

    @property
    def entries(self) -> list[Added]:
        """The new entries."""
        return [added for chapter in self.chapters.values() for added in chapter.added.values()]

    # --- how it comes about ---

    def _admit(self, sightings: Sequence[Sighting], raw: Raw) -> Sequence[str]:
        wanted = names(sightings)
        if self.promised.count >= MOST_PROMISED or not self._fresh(wanted):
            return ()
        promises = tuple(Promise(self._draw(), *name) for name in wanted)
        self.promised.make(raw[0], promises)
        self.raws.append((*raw[:5], canonical(promises)))
        return tuple(promise.incident for promise in promises)

    def _fresh(self, wanted: Sequence[Name]) -> bool:
        """Whether each of these would open an incident of its own, whatever becomes of the others."""
        alerts = {(team, fingerprint) for team, fingerprint, _ in wanted}
        groups = [(team, group_key) for team, _, group_key in wanted if group_key]
        if len(alerts) < len(wanted) or len(set(groups)) < len(groups):
            return False
        if any(self.promised.held(name) for name in wanted) or any(self._holding(alert) for alert in alerts):
            return False
        return all(self._newest(group) is None for group in groups)

    def _place_all(self, work: Place) -> Sequence[Placed]:
        promised = {promise[1:3]: promise.incident for promise in work.promised}
        return tuple(self._place(sighting, work, promised) for sighting in work.sightings)

    def _place(self, sighting: Sighting, work: Place, promised: Mapping[Identity, str]) -> Placed:
        team, fingerprint = plain(sighting.team), plain(sighting.alert.fingerprint)
        group = self._newest((team, plain(sighting.alert.group_key)))
        placing = work.decide(sighting, self._known((team, fingerprint)), group)
        if placing.what != "ignore":
            self._take((team, fingerprint), sighting, placing, work.at, promised.get((team, fingerprint), ""))
        return self._placed(sighting, placing)

    def _placed(self, sighting: Sighting, placing: Placing) -> Placed:
        identity = (plain(sighting.team), plain(sighting.alert.fingerprint))
        incident = self.alerts[identity].incident if placing.what == "open" else placing.incident
        return Placed(what=placing.what, incident=incident, fingerprint=sighting.alert.fingerprint)

    def _take(self, identity: Identity, sighting: Sighting, placing: Placing, at: datetime, promised: str = "") -> None:
        opens = placing.what == "open"
        chapter = self._open(identity[0], promised) if opens else self._chapter(placing.incident)
        incident = chapter.standing.incident
        self.headers += [(plain(room), incident, "header") for room in sighting.rooms if opens]
        for draft in placing.drafts:
            self._write(chapter, ready(draft))
        holding = self._holding(identity)
        if holding is None or holding.incident != incident:
            seen = holding.seen if holding else 0
            alert = sighting.alert
            holding = Holding(incident, alert.status, alert.model_dump(mode="json")["starts_at"], seen)
        self.alerts[identity] = Holding(incident, holding.status, holding.starts_at, holding.seen + 1, at)

    def _write(self, chapter: Chapter, draft: Written) -> Entry:
        entry, fresh = chapter.add(draft)
        if not fresh:
            return entry
        if mark := marked(entry):
            identity = (chapter.standing.team, mark.fingerprint)
            before = self._holding(identity)
            seen, at = (before.seen, before.at) if before else (0, None)
            self.alerts[identity] = Holding(entry.incident, mark.status, mark.starts_at, seen, at)
        group = (chapter.standing.team, chapter.standing.group_key)
        self._groups.setdefault(group, set()).add(entry.incident)
        return entry

    def _weave(self, chapters: Sequence[Chapter], weave: Weave) -> str:
        fresh = self._draw()
        drafts = weave(fresh, [chapter.entries for chapter in chapters])
        opened = any(incident == fresh for incident, _ in drafts)
        if opened:
            self._open(chapters[0].standing.team, fresh)
        for incident, draft in drafts:
            self._write(self._chapter(incident), ready(draft))
        return fresh if opened else ""

    def _draw(self) -> str:
        incident = self._ids.draw("inc")
        while self._is_known(incident):
            incident = self._ids.draw("inc")
        return incident

    def _is_known(self, incident: str) -> bool:
        known = (self._taken, self.chapters, self._stories)
        return any(incident in there for there in known) or self.promised.is_drawn(incident)

    def _open(self, team: str, incident: str = "") -> Chapter:
        incident = incident or self._draw()
        chapter = Chapter(Story(Standing(incident=incident, number=self.number, team=team)), fresh=True)
        self.number += 1
        self.chapters[incident] = chapter
        return chapter

    def _chapter(self, incident: str) -> Chapter:
        if (chapter := self.chapters.get(incident)) is not None:
            return chapter
        if (story := self._stories.get(incident)) is None:
            raise UnknownName(Phrase(word="error.no_incident", values={"incident": incident}))
        return self.chapters.setdefault(incident, Chapter(story))

    def _holding(self, identity: Identity) -> Holding | None:
        return self.alerts.get(identity) or self._lookup.alerts.get(identity)

    def _known(self, identity: Identity) -> Known | None:
        holding = self._holding(identity)
        if holding is None:
            return None
        return self._standing(holding.incident).known(holding.status, holding.starts_at)

    def _newest(self, group: Identity) -> Known | None:
        if not group[1]:
            return None
        there = self._lookup.groups.get(group, frozenset()) | self._groups.get(group, set())
        members = [s for s in map(self._standing, there) if (s.team, s.group_key) == group]
        found = ((s.number, self._met(s)) for s in members)
        living = [(number, s) for number, s in found if s.closed_at is None]
        return max(living, key=lambda item: item[0])[1].known() if living else None

    def _met(self, standing: Standing) -> Standing:
        """Where people look for this incident: in itself, or in the one it was merged into."""
        there = standing.merged_into
        return self._standing(there) if there in self.chapters or there in self._stories else standing

    def _standing(self, incident: str) -> Standing:
        return self._chapter(incident).standing


def names(sightings: Iterable[Sighting]) -> list[Name]:
    """By what these alerts are known."""
    return [(plain(s.team), plain(s.alert.fingerprint), plain(s.alert.group_key)) for s in sightings]


def asked_for(works: Iterable[Work]) -> list[Name]:
    """Everything that is to be looked up."""
    return [name for work in works if isinstance(work, Place | Admit) for name in names(work.sightings)]
