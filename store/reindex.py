"""Rebuilds the index of incidents and alerts from the timelines, which alone say what happened."""

import sqlite3
from typing import Any

from store.bookkeeper import columns
from store.queries import queries
from store.standing import Standing
from store.stories import entry_of

SQL = queries("reindex")
PAGE = 200
"""How many incidents are taken up at a time."""


def rebuild(db: sqlite3.Connection) -> int:
    """Within the open transaction, so that nobody ever sees half an index; returns how many incidents there are. Only
    how often and when an alert was last seen is kept as it stands: no entry says so."""
    order = list(db.execute(SQL["order"]))
    db.execute(SQL["forget"])
    for start in range(0, len(order), PAGE):
        page = [Standing(incident, number, team) for incident, number, team in order[start : start + PAGE]]
        rows = [_row(db, standing) for standing in page]
        db.executemany(SQL["create"], rows)
    db.execute(SQL["alerts"])
    return len(order)


def _row(db: sqlite3.Connection, standing: Standing) -> tuple[Any, ...]:
    entries = [entry_of(row) for row in db.execute(SQL["story"], (standing.number,))]
    for entry in entries:
        standing = standing.after(entry)
    return (standing.incident, standing.number, *columns(standing), entries[-1].seq, entries[-1].digest)
