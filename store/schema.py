"""Brings a database to the newest schema, one migration at a time, each in a transaction of its own."""

from pathlib import Path

import aiosqlite

from engine.errors import StoreError
from engine.model import Phrase
from store.queries import migrations
from store.trouble import damaged, older

NEWEST = migrations()[-1][0]
"""The schema version this code knows."""


async def upgrade(db: aiosqlite.Connection, path: Path) -> tuple[int, int]:
    """Run what is missing; returns the schema versions before and after. StoreError for a newer schema than is known,
    and for a database of somebody else's."""
    found = await _found(db, path)
    for version, script in migrations():
        if version > found:
            await db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {version};\nCOMMIT;")
    return found, NEWEST


async def known(db: aiosqlite.Connection, path: Path) -> None:
    """Check that the schema is the newest. StoreError where it is not."""
    if await _found(db, path) < NEWEST:
        raise older(path)


async def _found(db: aiosqlite.Connection, path: Path) -> int:
    found = await _number(db, "PRAGMA user_version")
    if found > NEWEST:
        phrase = Phrase(word="error.store_newer", values={"path": str(path), "found": found, "known": NEWEST})
        raise StoreError(phrase)
    if found == 0 and await _number(db, "SELECT count(*) FROM sqlite_master"):
        raise damaged(path)
    return found


async def _number(db: aiosqlite.Connection, query: str) -> int:
    (row,) = await db.execute_fetchall(query)
    return int(row[0])
