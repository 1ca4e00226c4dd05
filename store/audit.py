"""Checks that a timeline is what was written: names every entry that was altered, is missing, or was moved."""

from collections.abc import Sequence
from typing import Literal, Protocol

from engine.model import Entry, Value
from store.chain import START, digest


class Readable(Protocol):
    """Where a timeline can be read: the port `Timeline`, or better the file itself (`SqliteStore.disk`)."""

    async def read(self, incident: str, after: int = 0) -> Sequence[Entry]: ...


class Fault(Value):
    """What is wrong at a seq. altered: the entry, or its digest, is not what was written · missing: there is none ·
    reordered: it was written under another seq, `was`."""

    seq: int
    what: Literal["altered", "missing", "reordered"]
    was: int = 0


class Audit(Value):
    """What an audit of one incident found; no faults: the timeline is whole."""

    incident: str
    entries: int
    faults: tuple[Fault, ...] = ()


MOST_TRIED = 40
"""Among how many broken entries moved ones are looked for: each is tried at each place behind each entry."""


async def audit_verify(timeline: Readable, incident: str, head: tuple[int, str] | None = None) -> Audit:
    """Verify the chain of one incident. `head` is the seq and digest of its newest entry as known from elsewhere
    (`SqliteStore.disk.head`): without it, entries cut off at the end go unnoticed."""
    entries = await timeline.read(incident)
    return Audit(incident=incident, entries=len(entries), faults=faults(entries, head))


def faults(entries: Sequence[Entry], head: tuple[int, str] | None = None) -> tuple[Fault, ...]:
    """Everything that is wrong with these entries, by seq. Pure."""
    by_seq = {entry.seq: entry for entry in entries}
    last = max([*by_seq, head[0] if head else 0])
    missing = [seq for seq in range(1, last + 1) if seq not in by_seq]
    broken = [entry for entry in by_seq.values() if not _holds(entry, by_seq)]
    found = [Fault(seq=seq, what="missing") for seq in missing]
    found += _judged(broken, entries) if len(broken) <= MOST_TRIED else [_altered(entry) for entry in broken]
    if head and (newest := by_seq.get(head[0])) and newest.digest != head[1] and newest not in broken:
        found.append(_altered(newest))
    return tuple(sorted(found, key=lambda fault: fault.seq))


def _holds(entry: Entry, by_seq: dict[int, Entry]) -> bool:
    """Whether the digest follows from the entry before; after a gap nobody can tell, and the gap is the fault."""
    before = by_seq.get(entry.seq - 1)
    if before is None and entry.seq > 1:
        return True
    return digest(before.digest if before else START, entry) == entry.digest


def _judged(broken: Sequence[Entry], entries: Sequence[Entry]) -> list[Fault]:
    """An entry whose digest holds at another place was moved. One that holds behind a moved one is whole itself."""
    digests = {START, *(entry.digest for entry in entries)}
    moved: list[Fault] = []
    whole: list[Entry] = []
    altered: list[Entry] = []
    for entry in broken:
        was = _was(entry, broken, digests)
        if was is None:
            altered.append(entry)
        elif was == entry.seq:
            whole.append(entry)
        else:
            moved.append(Fault(seq=entry.seq, what="reordered", was=was))
    return moved + [_altered(entry) for entry in (altered if moved else altered + whole)]


def _was(entry: Entry, broken: Sequence[Entry], digests: set[str]) -> int | None:
    """The seq under which this entry's digest holds behind some entry of the story; None where there is none."""
    for seq in (entry.seq, *(other.seq for other in broken)):
        candidate = entry.model_copy(update={"seq": seq})
        if any(digest(previous, candidate) == entry.digest for previous in digests):
            return seq
    return None


def _altered(entry: Entry) -> Fault:
    return Fault(seq=entry.seq, what="altered")
