"""Reads the plain and the packed files of a case within bounds; what cannot be read is one clear sentence."""

import csv
import gzip
import json
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from engine.errors import InputError
from engine.model import Phrase

MOST_BYTES = 512 * 1024 * 1024
"""Of one file, unpacked: an archive that swells without end is refused."""

MOST_COLUMNS = 20_000

Points = tuple[tuple[float, float], ...]
BROKEN = (OSError, EOFError, zlib.error, UnicodeDecodeError, json.JSONDecodeError, csv.Error, RecursionError)


class Table(NamedTuple):
    """Columns of numbers over time; a gap in a column is no point."""

    columns: dict[str, Points]
    times: tuple[float, ...]


def broken(path: Path, why: str) -> InputError:
    """The sentence for a file that cannot be read."""
    return InputError(Phrase(word="evaluation.broken_file", values={"file": path.name, "why": why[:200]}))


def text(path: Path) -> str:
    """A file's text, unpacked where its name ends in .gz. InputError."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise broken(path, f"more than {MOST_BYTES // 2**20} MB")
        return raw.decode("utf-8")
    except BROKEN as error:
        raise broken(path, type(error).__name__) from None


def found(folder: Path, name: str) -> Path | None:
    """The file of this name in the folder, packed or plain; None where the case has none."""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def tree(path: Path) -> Any:
    """A JSON file. InputError."""
    try:
        return json.loads(text(path))
    except BROKEN as error:
        raise broken(path, f"no JSON ({type(error).__name__})") from None


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one JSON object a line. InputError names the line."""
    for number, line in enumerate(text(path).splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except BROKEN:
            raise broken(path, f"line {number} is no JSON") from None
        if not isinstance(row, dict):
            raise broken(path, f"line {number} is no object")
        yield row


def table(path: Path) -> Table:
    """A CSV file whose first column is the time in unix seconds. InputError."""
    lines = csv.reader(text(path).splitlines())
    try:
        header = next(lines, [])
        read = [row for row in lines if row]
    except BROKEN as error:
        raise broken(path, type(error).__name__) from None
    if not header or header[0].strip().lower() not in ("timestamp", "time", "ts"):
        raise broken(path, "the first column is not the timestamp")
    if len(header) > MOST_COLUMNS:
        raise broken(path, f"more than {MOST_COLUMNS} columns")
    columns: dict[str, list[tuple[float, float]]] = {name: [] for name in header[1:]}
    times = []
    for row in read:
        at = number(row[0])
        if at is None:
            raise broken(path, f"{row[0][:40]!r} is no time")
        times.append(at)
        for name, cell in zip(header[1:], row[1:], strict=False):
            value = number(cell)
            if value is not None:
                columns[name].append((at, value))
    return Table({name: tuple(sorted(points)) for name, points in columns.items()}, tuple(sorted(times)))


def number(value: Any) -> float | None:
    """A finite number, or None; a truth value is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        read = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None
