"""Copies a store, as it stands at one moment, into a new file, also while a process works on it."""

import asyncio
import os
import sqlite3
from pathlib import Path

import aiosqlite

from store.lock import present
from store.trouble import named


async def backup(path: Path, to: Path) -> None:
    """Copy the store at `path` to `to`, which appears only when it is whole. StoreFull where there is no room or no
    directory; an older copy under that name is replaced."""
    present(path)
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    try:
        async with aiosqlite.connect(path) as db:
            await db.execute_fetchall("PRAGMA busy_timeout = 5000")
            await db.execute_fetchall("VACUUM INTO ?", (str(part),))
        await asyncio.to_thread(_settle, part, to)
    except (sqlite3.Error, OSError) as error:
        raise named(error, to) from error


def _settle(part: Path, to: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(to)
