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
    before = await found(db, path)
    for version, script in migrations():
        if version > before:
            await db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {version};\nCOMMIT;")
    return before, NEWEST


async def known(db: aiosqlite.Connection, path: Path) -> None:
    """Check that the schema is the newest. StoreError where it is not."""
    if await found(db, path) < NEWEST:
        raise older(path)


async def found(db: aiosqlite.Connection, path: Path) -> int:
    """The schema version of a database, 0 for an empty one; reads only. StoreError for a newer schema than is known,
    and for a database of somebody else's."""
    version = await _number(db, "PRAGMA user_version")
    if version > NEWEST:
        phrase = Phrase(word="error.store_newer", values={"path": str(path), "found": version, "known": NEWEST})
        raise StoreError(phrase)
    if version == 0 and await _number(db, "SELECT count(*) FROM sqlite_master"):
        raise damaged(path)
    return version


async def _number(db: aiosqlite.Connection, query: str) -> int:
    (row,) = await db.execute_fetchall(query)
    return int(row[0])
