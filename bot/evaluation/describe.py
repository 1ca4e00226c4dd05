"""Reads what `kubectl describe` prints: keys with values, indented below each other, and a table of events."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_KEY = re.compile(r"^(\s*)([^\s:][^:]*?(?::[^\s:][^:]*?)*):(?:(\s+)(.*\S)|\s*)$")
_AGE = re.compile(r"^(?:(\d+)y)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_OFTEN = re.compile(r"^(\S+)(?: \(x(\d+) over (\S+)\))?$")
_GAP = re.compile(r"\s{2,}")
NONE = frozenset({"<none>", "<unset>", "<nil>", "<unknown>", "n/a"})
UNITS = (365 * 86_400, 86_400, 3_600, 60, 1)
MOST_LINES = 20_000


@dataclass
class Entry:
    """A key with the values beside and below it, the keys below it, and the lines below it as they were printed."""

    key: str
    indent: int
    column: int = -1
    values: list[str] = field(default_factory=list)
    below: list["Entry"] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def value(self) -> str:
        """The first value; "" where there is none."""
        return self.values[0] if self.values else ""

    def find(self, *path: str) -> "Entry | None":
        """The entry down this path."""
        here: Entry | None = self
        for key in path:
            here = next((each for each in here.below if each.key == key), None) if here else None
        return here

    def text(self, *path: str) -> str:
        """The first value down this path; "" where there is none."""
        found = self.find(*path)
        return found.value if found else ""

    def all(self, *path: str) -> list[str]:
        """All values down this path."""
        found = self.find(*path)
        return list(found.values) if found else []


def tree(text: str) -> Entry:
    """The whole output as one entry without a key."""
    root = Entry("", -1)
    path = [root]
    for line in text.splitlines()[:MOST_LINES]:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        found = _KEY.match(line)
        while len(path) > 1 and indent <= path[-1].indent:
            path.pop()
        parent = path[-1]
        for each in path:
            each.lines.append(line)
        if found is None or indent == parent.column:
            # Further values stand below the first one, whatever they look like.
            parent.values.append(line.strip())
            continue
        entry = Entry(found[2].strip(), indent)
        if found[4] and found[4] not in NONE:
            entry.values.append(found[4])
        if found[4]:
            entry.column = found.start(4)
        parent.below.append(entry)
        path.append(entry)
    return root


def pairs(values: Iterable[str]) -> dict[str, str]:
    """`app=x` and `app: x` and `a=b,c=d` as a table."""
    found: dict[str, str] = {}
    for value in values:
        for part in value.split(","):
            key, mark, rest = part.strip().partition("=")
            if mark and key:
                found[key] = rest
    return found


def notes(values: Iterable[str]) -> dict[str, str]:
    """Annotations, `key: value` a line."""
    return {key: rest for key, _, rest in (each.partition(": ") for each in values)}


def table(lines: Sequence[str]) -> Iterator[list[str]]:
    """The cells of a printed table's rows, without its head and rule; cells stand two blanks apart."""
    for line in lines[1:]:
        cells = _GAP.split(line.strip())
        if cells and not set(line.strip()) <= {"-", "=", " "}:
            yield cells


@dataclass(frozen=True)
class Told:
    """One row of a table of events; times are seconds ago."""

    type: str
    reason: str
    count: int
    first: float | None
    last: float | None
    by: str
    message: str


def events(text: str) -> Iterator[Told]:
    """The events at the end of a description."""
    _, mark, rest = text.partition("\nEvents:")
    lines = [line for line in rest.splitlines() if line.strip()]
    if not mark or not lines or "<none>" in lines[0]:
        return
    for line in lines[1:] if "Reason" in lines[0] else lines:
        cells = _GAP.split(line.strip(), maxsplit=4)
        if len(cells) == 5 and cells[0] in ("Normal", "Warning"):
            often = _OFTEN.match(cells[2])
            last = seconds(often[1]) if often else None
            first = seconds(often[3]) if often and often[3] else last
            yield Told(cells[0], cells[1], int(often[2] or 1) if often else 1, first, last, cells[3], cells[4])


def seconds(age: str) -> float | None:
    """An age as kubectl prints it (`2m54s`, `3d16h`) in seconds."""
    found = _AGE.match(age.strip())
    if not found or not any(found.groups()):
        return None
    return float(sum(int(part or 0) * unit for part, unit in zip(found.groups(), UNITS, strict=True)))
