"""Brings the books to the disk: looks up what a commit needs in two statements, writes what it did in a handful."""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from engine.model import Entry
from engine.ports import Admitted, Ids
from store.chain import canonical, moment
from store.connection import write
from store.ledger import Holding, Identity, Lookup, Page, Together, Work, Write, asked_for
from store.promises import Promises
from store.queries import queries
from store.standing import Standing
from store.stories import Shelf, Story, stories_of
from store.writing import Errand

TIMELINE = queries("timeline")
REGISTER = queries("register")
POSTS = queries("posts")


class Bookkeeper:
    """The clerk for everything that ends up in a timeline. `shelf` never holds what is not committed; `told` is called
    with the entries of each commit."""

    def __init__(self, ids: Ids, number: int, told: Callable[[Sequence[Entry]], None], shelf: Shelf) -> None:
        self.shelf = shelf
        self._ids = ids
        self._number = number
        self._told = told
        self._promises = Promises()
        self._drawn: set[str] = set()
        self._refused: set[str] = set()

    def serve(self, db: sqlite3.Connection, errands: Sequence[Errand]) -> Callable[[], None]:
        works: list[Work] = [errand.work for errand in errands]
        lookup = _look_up(db, works)
        stories = self._fetch(db, _incidents(works, lookup))
        page = self._fill(errands, stories, lookup)
        self._drawn |= {standing.incident for standing in page.fresh} | page.promised.incidents
        _write(db, page)
        return lambda: self._keep(page)

    def remember(self, calls: Iterable[Admitted]) -> None:
        """What was promised before this process began."""
        for call in calls:
            self._promises.make(call.call.ref, call.promises)

    def forget(self) -> None:
        """What is on the disk is read anew; ids that may have been taken there are not drawn in the next attempt."""
        self.shelf.clear()
        self._refused, self._drawn = self._refused | self._drawn, set()

    def _fill(self, errands: Sequence[Errand], stories: dict[str, Story], lookup: Lookup) -> Page:
        """The page of all errands that can be served. Who fails takes back all he did, so the page starts over."""
        while True:
            page = Page(stories, lookup, self._ids, self._number, self._refused, self._promises)
            failed = False
            for errand in (errand for errand in errands if errand.error is None):
                with errand:
                    errand.result = page.serve(errand.work)
                if failed := errand.error is not None:
                    break
            if not failed:
                return page

    def _fetch(self, db: sqlite3.Connection, incidents: Iterable[str]) -> dict[str, Story]:
        wanted = dict.fromkeys(incidents)
        there = {incident: story for incident in wanted if (story := self.shelf.peek(incident)) is not None}
        if missing := [incident for incident in wanted if incident not in there]:
            found = stories_of(db.execute(TIMELINE["stories"], (canonical(missing),)))
            there |= {story.standing.incident: story for story in found}
        return there

    def _keep(self, page: Page) -> None:
        self._number = page.number
        self._drawn, self._refused = set(), set()
        for chapter in page.chapters.values():
            self.shelf.put(chapter.close())
        self._promises.learn(page.promised)
        self._told([added.entry for added in page.entries])


def _incidents(works: Iterable[Work], lookup: Lookup) -> Iterable[str]:
    yield from (work.incident for work in works if isinstance(work, Write))
    yield from (incident for work in works if isinstance(work, Together) for incident in work.incidents)
    yield from (holding.incident for holding in lookup.alerts.values())
    for incidents in lookup.groups.values():
        yield from incidents


def _look_up(db: sqlite3.Connection, works: Iterable[Work]) -> Lookup:
    asked = asked_for(works)
    if not asked:
        return Lookup()
    alerts: dict[Identity, Holding] = {}
    groups: dict[Identity, frozenset[str]] = {}
    for what, sighting, incident, status, starts_at in db.execute(REGISTER["lookup"], (canonical(asked),)):
        team, fingerprint, group_key = asked[sighting]
        if what == "alert":
            alerts[team, fingerprint] = Holding(incident, status, starts_at)
        else:
            groups[team, group_key] = groups.get((team, group_key), frozenset()) | {incident}
    return Lookup(alerts, groups)


def _write(db: sqlite3.Connection, page: Page) -> None:
    write(db, REGISTER["create"], [(s.incident, s.number, *columns(s)) for s in page.fresh])
    write(db, REGISTER["stand"], [(*columns(standing), standing.incident) for standing in page.moved])
    write(db, TIMELINE["append"], [added.row for added in page.entries])
    write(db, POSTS["want"], page.headers)
    if page.promised.incidents:
        _check_free(db, page.promised.incidents)
    write(db, REGISTER["keep_raw"], page.raws)
    write(db, REGISTER["settle"], [(ref,) for ref in page.promised.kept])
    alerts = [
        (team, fingerprint, h.incident, h.status, h.starts_at, h.seen, instant(h.at))
        for (team, fingerprint), h in page.alerts.items()
    ]
    write(db, REGISTER["alert"], alerts)


def _check_free(db: sqlite3.Connection, incidents: Iterable[str]) -> None:
    for taken in db.execute(REGISTER["taken"], (canonical(list(incidents)),)):
        raise sqlite3.IntegrityError(f"{taken[0]} is the id of another incident")


def columns(standing: Standing) -> tuple[str | int | None, ...]:
    """A standing as the index of incidents keeps it, from `team` on."""
    return (
        standing.team,
        standing.group_key,
        standing.episode,
        instant(standing.opened_at),
        instant(standing.closed_at),
        instant(standing.resolved_at),
        standing.last_status,
        standing.last_starts_at,
        standing.merged_into,
    )


def instant(at: datetime | None) -> str | None:
    """An instant as text, if there is one."""
    return None if at is None else moment(at)
