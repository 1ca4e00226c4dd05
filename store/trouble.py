"""Turns what a database or a disk says into errors of ours, once, at the border."""

import sqlite3
from pathlib import Path

from engine.errors import StoreBusy, StoreError, StoreFull
from engine.model import Phrase

PRIMARY = 0xFF
"""SQLite's extended codes carry the primary code in their lowest byte."""

FULL: dict[int, str] = {
    sqlite3.SQLITE_FULL: "error.store_full",
    sqlite3.SQLITE_IOERR: "error.store_disk",
    sqlite3.SQLITE_READONLY: "error.store_readonly",
    sqlite3.SQLITE_PERM: "error.store_readonly",
    sqlite3.SQLITE_CANTOPEN: "error.store_unopenable",
}
DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def named(error: Exception, path: Path) -> Exception:
    """The error of ours that says this; what is not of a database or a disk comes back as it is."""
    if isinstance(error, OSError):
        return unopenable(path)
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & PRIMARY
    if word := FULL.get(code):
        return StoreFull(Phrase(word=word, values={"path": str(path)}))
    if code in DAMAGED:
        return damaged(path)
    if code in BUSY:
        return busy(path)
    return StoreError(Phrase(word="error.store_broken", values={"path": str(path), "reason": str(error)}))


def busy(path: Path) -> StoreBusy:
    """Another process holds the store."""
    return StoreBusy(Phrase(word="error.store_busy", values={"path": str(path)}))


def unopenable(path: Path) -> StoreFull:
    """The directory does not exist, is no directory, or may not be written."""
    return StoreFull(Phrase(word="error.store_unopenable", values={"path": str(path)}))


def damaged(path: Path) -> StoreError:
    """The file is not a store."""
    return StoreError(Phrase(word="error.store_damaged", values={"path": str(path)}))


def older(path: Path) -> StoreError:
    """The file has an older schema, and is only looked at."""
    return StoreError(Phrase(word="error.store_older", values={"path": str(path)}))


def closed(path: Path) -> StoreError:
    """The store was closed before this could be written."""
    return StoreError(Phrase(word="error.store_closed", values={"path": str(path)}))
