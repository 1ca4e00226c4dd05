"""Sees one change where several sources report it, and never one where they speak of different ones."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import combinations, product
from typing import NamedTuple

from engine.diagnosis.families import family
from engine.model import Change, Naming, Observation, Witness

ALIKE = timedelta(minutes=15)
"""How far apart reports may be that name the same thing: a rollout takes its time."""
NEAR = timedelta(minutes=2)
"""How far apart they may be where neither names anything the other knows, and nothing else can be meant."""
LONGEST_NOTE = 500

SPOKEN: tuple[Naming, ...] = ("release", "version", "image", "commit", "manifest")
"""Whose version is shown, and gone back to: what can be rolled back by comes first."""
LIVE: dict[Naming, int] = {"release": 0, "version": 0, "image": 0, "manifest": 1, "commit": 2}
"""Who knows when a change went live: those with a higher number speak only where nobody with a lower one does."""
UNDEPLOYED = frozenset({"merge", "release"})
"""Kinds that are published, not put to work: that one is near to a deploy says nothing."""
FLOATING = frozenset({"latest", "main", "master", "stable", "edge", "nightly", "dev", "prod", "production", "staging"})
"""Tags that mean another image every day."""

COMMIT = re.compile(r"(?<![0-9a-z])g?([0-9a-f]{7,64})(?![0-9a-z])")
V = re.compile(r"^v(?=\d)")


class Names(NamedTuple):
    """By what a report names the thing it speaks of: versions, tags and images; and commits. A revision of manifests
    is not `firm`: it may equal another name, and says nothing where it does not."""

    words: frozenset[str]
    commits: frozenset[str]
    firm: bool

    def alike(self, other: "Names") -> bool:
        """Whether both name the same thing."""
        pairs = product(self.commits, other.commits)
        return bool(self.words & other.words) or any(a.startswith(b) or b.startswith(a) for a, b in pairs)

    def apart(self, other: "Names") -> bool:
        """Whether both name a thing by the same sort of name, and another thing."""
        comparable = (self.words and other.words) or (self.commits and other.commits)
        return self.firm and other.firm and bool(comparable) and not self.alike(other)


class Report(NamedTuple):
    """What one source says of one change, and in which of the answers."""

    place: int
    observation: Observation
    change: Change
    names: Names

    @property
    def source(self) -> str:
        """Who says it."""
        return self.observation.source

    @property
    def order(self) -> tuple[datetime, str, str]:
        """What puts reports in an order that does not depend on who answered first."""
        return self.change.at, self.source, self.change.id


Group = tuple[Report, ...]


def united(observations: Sequence[Observation]) -> list[Observation]:
    """The answers about changes, each change in one of them alone, with all its witnesses; an answer all of whose
    changes stand in others is left out."""
    asked = [each for each in observations if each.kind == "change"]
    kept: list[list[Change]] = [[] for _ in asked]
    for group in groups(_reports(asked)):
        kept[_speaker(group).place].append(_one(group) if len(group) > 1 else group[0].change)
    return [
        one.model_copy(update={"changes": tuple(sorted(changes, key=lambda each: (each.at, each.id)))})
        for one, changes in zip(asked, kept, strict=True)
        if changes or not one.changes
    ]


def versions(change: Change) -> frozenset[str]:
    """What a change brought, by everybody's name for it."""
    return frozenset({change.version, *(each.version for each in change.witnesses)}) - {""}


def _reports(asked: Sequence[Observation]) -> list[Report]:
    found: dict[tuple[str, str, str], Report] = {}
    for place, one in enumerate(asked):
        for told in one.changes:
            change = told if told.service else told.model_copy(update={"service": one.service})
            found.setdefault((one.source, change.service, change.id), Report(place, one, change, _names(change)))
    return sorted(found.values(), key=lambda each: each.order)


def _names(change: Change) -> Names:
    of_code = change.naming in ("commit", "manifest")
    said = (*change.aliases, *(() if of_code else change.version.split(", ")))
    names = [V.sub("", each.strip().lower().removeprefix("refs/tags/")) for each in said if " " not in each.strip()]
    words = frozenset(each for each in names if each and not _is_commit(each)) - FLOATING
    commits = frozenset(found for each in names for found in COMMIT.findall(each) if _is_commit(found))
    return Names(words, commits, firm=change.naming != "manifest")


def _is_commit(name: str) -> bool:
    """Digits alone may be a date or a build as well, unless there are as many as a commit has."""
    return COMMIT.fullmatch(name) is not None and (not name.isdigit() or len(name) == 40)


# --- which reports are of one change ---------------------------------------------------------------------------------


def groups(reports: Sequence[Report]) -> list[Group]:
    """The reports in order, those of one change together. What names the same thing is put together first, and what is
    nearer before what is further apart; no group has two reports of one source, or two that speak of different things.
    """
    group_of: list[list[int]] = [[place] for place in range(len(reports))]
    for one, other in _pairs(reports):
        mine, theirs = group_of[one], group_of[other]
        if mine is not theirs and all(_agree(reports[a], reports[b]) for a, b in product(mine, theirs)):
            mine += theirs
            for place in theirs:
                group_of[place] = mine
    distinct = {id(group): group for group in group_of}
    return [tuple(reports[place] for place in sorted(group)) for group in distinct.values()]


def _pairs(reports: Sequence[Report]) -> list[tuple[int, int]]:
    """The places of any two reports that are of one change by themselves, the surest first."""
    found = []
    for one, other in combinations(range(len(reports)), 2):
        a, b = reports[one], reports[other]
        if b.change.at - a.change.at > ALIKE:
            continue
        alike = a.names.alike(b.names)
        if _agree(a, b) and (_undisturbed(a, b, reports) if alike else _alone(a, b, reports)):
            found.append((not alike, _gap(a, b), one, other))
    return [(one, other) for *_, one, other in sorted(found)]


def _agree(a: Report, b: Report) -> bool:
    """Whether nothing forbids that both are of one change."""
    told_by_two = a.source != b.source and a.change.service == b.change.service
    near = abs(a.change.at - b.change.at) <= ALIKE
    return told_by_two and near and not a.names.apart(b.names) and _of_a_kind(a.change, b.change)


def _of_a_kind(a: Change, b: Change) -> bool:
    """Whether both did the same sort of thing; new manifests may be new settings alone to a cluster."""
    if (a.kind == "restart") != (b.kind == "restart"):
        return False
    return family(a) == family(b) or {a.naming, b.naming} == {"manifest", "image"}


def _undisturbed(a: Report, b: Report, reports: Sequence[Report]) -> bool:
    """Whether neither of two sources that name the same thing tells of another one in between."""
    return not any(
        each.source in (a.source, b.source)
        and each.change.service == a.change.service
        and a.change.at < each.change.at < b.change.at
        and not (each.names.alike(a.names) and each.names.alike(b.names))
        for each in reports
    )


def _alone(a: Report, b: Report, reports: Sequence[Report]) -> bool:
    """Whether two reports that name nothing in common are near, and neither source tells of another one as near."""
    if _gap(a, b) > NEAR or not UNDEPLOYED.isdisjoint((a.change.kind, b.change.kind)):
        return False
    others = [each for each in reports if each is not a and each is not b]
    return not any(
        each.source == one.source and _agree(each, other) and _gap(each, other) <= NEAR
        for each in others
        for one, other in ((a, b), (b, a))
    )


def _gap(a: Report, b: Report) -> timedelta:
    """The time between two reports; none where one fell into the time that the other took."""
    first, second = sorted((a.change, b.change), key=lambda each: each.began or each.at)
    return max((second.began or second.at) - first.at, timedelta())


# --- what is told of it ----------------------------------------------------------------------------------------------


def _speaker(group: Group) -> Report:
    """Whose word for the versions is taken: who also knows what ran before, and can be asked to bring that back."""

    def worth(each: Report) -> tuple[bool, bool, int, tuple[datetime, str, str]]:
        change = each.change
        return not change.way_back, not change.previous_version, SPOKEN.index(change.naming), each.order

    return min(group, key=worth)


def _one(group: Group) -> Change:
    """The one change that all of a group report."""
    speaker = _speaker(group).change
    told = [each.change for each in sorted(group, key=lambda each: (LIVE[each.change.naming], each.order))]
    surest = LIVE[told[0].naming]
    fullest = max(told, key=lambda each: (len(each.diff), len(each.files)))
    people = [each.by for each in sorted(told, key=lambda each: each.naming == "image") if each.by]
    notes = dict.fromkeys(each.note for each in told if each.note)
    return speaker.model_copy(
        update={
            "kind": next((each.kind for each in told if each.kind == "rollback"), speaker.kind),
            "at": min(each.at for each in told if LIVE[each.naming] == surest),
            "by": people[0] if people else "",
            "note": " · ".join(notes)[:LONGEST_NOTE],
            "files": fullest.files,
            "diff": fullest.diff,
            "link": speaker.link or next((each.link for each in told if each.link), ""),
            "aliases": tuple(dict.fromkeys(alias for each in told for alias in each.aliases)),
            "witnesses": tuple(_witness(each) for each in group),
        }
    )


def _witness(report: Report) -> Witness:
    change, heard = report.change, report.observation
    return Witness(
        source=report.source,
        id=change.id,
        at=change.at,
        version=change.version,
        query=heard.query,
        link=change.link or heard.link,
    )
