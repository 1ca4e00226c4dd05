"""Remembers the stories of the incidents at work, so that what lives is not read from the disk at every step."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from engine.model import Entry
from store.chain import START, Written, link
from store.standing import Standing

ROOM = 4_000_000
"""How many characters of bodies are remembered at most. Parsed they take several times that in memory."""

OVERHEAD = 500
"""What an entry costs besides its body, in the same measure."""

Row = Sequence[Any]


class Story:
    """All entries of one incident as they stand on the disk, and how it stands."""

    def __init__(self, standing: Standing, entries: Sequence[Entry] = (), size: int = 0) -> None:
        self.standing = standing
        self.entries = list(entries)
        self.keys = {entry.key: entry for entry in entries}
        self.size = size + OVERHEAD


class Added:
    """A new entry: `text` is its body as canonical JSON, `row` is as the database keeps it."""

    def __init__(self, entry: Entry, number: int, draft: Written) -> None:
        self.entry = entry
        self.text = draft.text
        fields = (number, entry.incident, entry.seq, entry.key, entry.kind, entry.actor)
        self.row = (*fields, draft.moment, draft.text, entry.digest)


class Chapter:
    """What one commit adds to a story; nothing of it shows before the commit stands. `taken` is the number of entries
    that are there already."""

    def __init__(self, story: Story, fresh: bool = False) -> None:
        self.story = story
        self.fresh = fresh
        self.standing = story.standing
        self.added: dict[str, Added] = {}
        self._head = story.entries[-1].digest if story.entries else START

    @property
    def entries(self) -> list[Entry]:
        """The whole story, with what this commit adds."""
        return [*self.story.entries, *(added.entry for added in self.added.values())]

    def find(self, key: str) -> Entry | None:
        """The entry under this key, be it old or of this commit."""
        if (known := self.story.keys.get(key)) is not None:
            return known
        return self.added[key].entry if key in self.added else None

    def add(self, draft: Written) -> tuple[Entry, bool]:
        """The entry under the draft's key, and whether it is this draft that wrote it."""
        if (known := self.find(draft.key)) is not None:
            return known, False
        entry = link(self.standing.incident, len(self.story.entries) + len(self.added) + 1, draft, self._head)
        self.added[entry.key] = Added(entry, self.standing.number, draft)
        self._head = entry.digest
        self.standing = self.standing.after(entry)
        return entry, True

    def close(self) -> Story:
        """The commit stands: make it part of the story."""
        story = self.story
        story.standing = self.standing
        for added in self.added.values():
            story.entries.append(added.entry)
            story.keys[added.entry.key] = added.entry
            story.size += len(added.text) + OVERHEAD
        return story


class Shelf:
    """The stories used last, as many as there is room for. Only the writer puts stories here, so they are never older
    than the disk."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._size = 0
        self._sizes: dict[str, int] = {}
        self._stories: OrderedDict[str, Story] = OrderedDict()

    def get(self, incident: str) -> Story | None:
        """The story, if it is here."""
        story = self._stories.get(incident)
        if story is not None:
            self._stories.move_to_end(incident)
        return story

    def peek(self, incident: str) -> Story | None:
        """The story, if it is here, without noting that it was used; the writer's thread may ask."""
        return self._stories.get(incident)

    def put(self, story: Story) -> None:
        """Keep a story, or note that it grew; the ones used longest ago make room."""
        incident = story.standing.incident
        self._size += story.size - self._sizes.get(incident, 0)
        self._sizes[incident] = story.size
        self._stories[incident] = story
        self._stories.move_to_end(incident)
        while self._size > self._room and len(self._stories) > 1:
            oldest, _ = self._stories.popitem(last=False)
            self._size -= self._sizes.pop(oldest)

    def clear(self) -> None:
        """Forget all stories."""
        self._stories.clear()
        self._sizes.clear()
        self._size = 0


def entry_of(row: Row) -> Entry:
    """An entry from (incident, seq, key, kind, actor, at, body, digest)."""
    incident, seq, key, kind, actor, at, body, digest = row
    return Entry(
        incident=incident,
        seq=seq,
        key=key,
        kind=kind,
        actor=actor,
        at=datetime.fromisoformat(at),
        body=json.loads(body),
        digest=digest,
    )


def stories_of(rows: Iterable[Row]) -> list[Story]:
    """Stories from the rows of the query `stories`, which come incident by incident."""
    told: dict[str, tuple[Standing, list[Entry], int]] = {}
    for row in rows:
        standing, entries, size = told.get(row[0]) or (Standing(incident=row[0], number=row[1], team=row[2]), [], 0)
        if row[3] is not None:
            entry = entry_of((row[0], *row[3:]))
            entries.append(entry)
            standing, size = standing.after(entry), size + len(row[8]) + OVERHEAD
        told[row[0]] = (standing, entries, size)
    return [Story(standing, entries, size) for standing, entries, size in told.values()]
