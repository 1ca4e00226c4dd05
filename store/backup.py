"""Copies a store, as it stands at one moment, into a new file, also while a process works on it."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from store.lock import present
from store.trouble import named


async def backup(path: Path, to: Path) -> None:
    """Copy the store at `path` to `to`, which appears only when it is whole. StoreFull where there is no room or no
    directory; an older copy under that name is replaced."""
    present(path)
    part = to.with_name(f"{to.name}.part")
    try:
        await asyncio.to_thread(_copy, path, part, to)
    except (sqlite3.Error, OSError) as error:
        raise named(error, to) from error


def _copy(path: Path, part: Path, to: Path) -> None:
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, timeout=5.0)) as db:
        db.execute("VACUUM INTO ?", (str(part),))
    part.chmod(0o600)
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(to)
