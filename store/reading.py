"""Reads on a connection of its own, so that reading never waits for a commit."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiosqlite

from store.chain import plain
from store.trouble import named


class Reader:
    """Runs one query per call. Errors of the database come out as StoreError."""

    def __init__(self, db: aiosqlite.Connection, path: Path) -> None:
        self._db = db
        self._path = path

    async def rows(self, query: str, *parameters: str | int) -> Sequence[Sequence[Any]]:
        """All rows of a query."""
        try:
            kept = [plain(value) if isinstance(value, str) else value for value in parameters]
            return list(await self._db.execute_fetchall(query, kept))
        except sqlite3.Error as error:
            raise named(error, self._path) from error
