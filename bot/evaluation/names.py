"""Hides what services are called: every name becomes a made-up word, wherever it stands as a token."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bot.evaluation.case import Inputs

REPLICA = re.compile(r"^(.+?)-(?=[a-z]*\d)[a-z0-9]{6,10}-[a-z0-9]{5}$")
NUMBERED = re.compile(r"^(.+)-\d{1,3}$")

LETTERS = "bcdfghjklmnpqrstvwxz"
WORD = 9


class Names:
    """Real names and the words that stand for them; another salt makes other words of the same length."""

    def __init__(self, names: Iterable[str], salt: str = "") -> None:
        self._words = {name: _word(name, salt) for name in sorted({each for each in names if each})}
        self._folded = {name.lower(): word for name, word in self._words.items()}
        self._real = {word: name for name, word in self._words.items()}
        longest_first = sorted(self._words, key=lambda name: (-len(name), name))
        either = "|".join(re.escape(name) for name in longest_first)
        self._pattern = re.compile(rf"(?<![A-Za-z0-9_])(?:{either})(?![A-Za-z0-9_])", re.IGNORECASE) if either else None

    def word(self, name: str) -> str:
        """The word for one name; a name nobody knew keeps itself, with the known ones in it hidden."""
        return self._words.get(name) or self.hide(name)

    def real(self, word: str) -> str:
        """The name behind a word."""
        return self._real.get(word, word)

    def hide(self, text: str) -> str:
        """A text with the word in place of every name that stands as a token."""
        if self._pattern is None or not text:
            return text
        return self._pattern.sub(lambda match: self._folded[match.group().lower()], text)

    def hide_all(self, value: Any) -> Any:
        """The same for all text in a JSON value, keys of objects included."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, Mapping):
            return {self.hide(str(key)): self.hide_all(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide_all(inner) for inner in value]
        return value


def owner_of(column: str) -> str:
    """Whose metric a column holds, a service or one pod of it."""
    return column.rsplit("_", 1)[0]


def ends_of(column: str) -> tuple[str, str]:
    """Caller and callee of a column of edge metrics; empty where it names no edge."""
    caller, arrow, callee = owner_of(column).partition(">")
    return (caller, callee) if arrow else ("", "")


def home_of(name: str, known: Collection[str]) -> str:
    """The service a pod belongs to; whatever is no pod, or is known by this very name, is its own."""
    if name in known:
        return name
    replica = REPLICA.match(name)
    if replica:
        return replica.group(1)
    numbered = NUMBERED.match(name)
    return numbered.group(1) if numbered and numbered.group(1) in known else name


def named(inputs: Inputs) -> frozenset[str]:
    """Every service, object and namespace the telemetry of a case names; pods stand for their services."""
    found = frozenset(_named(inputs)) - {""}
    known = frozenset(inputs.candidates) | frozenset(end for call in inputs.calls for end in call)
    whole = frozenset(name for name in found if not REPLICA.match(name) and not NUMBERED.match(name))
    return frozenset(home_of(name, known or whole) for name in found)


def _named(inputs: Inputs) -> Iterator[str]:
    yield from (owner_of(column) for column in inputs.metrics)
    yield from (end for column in inputs.edges for end in ends_of(column))
    yield from (end for call in inputs.calls for end in call)
    for rows in (inputs.logs, inputs.spans, inputs.alerts):
        yield from {str(row.get("service") or "") for row in rows}
    for listed in inputs.events.values():
        for row in listed if isinstance(listed, list) else ():
            yield str(row.get("service") or "") if isinstance(row, Mapping) else ""
    yield from inputs.error_patterns
    manifests = inputs.cluster.get("manifests")
    yield from manifests if isinstance(manifests, Mapping) else ()
    yield from inputs.candidates
    yield inputs.namespace


def candidates(inputs: Inputs) -> frozenset[str]:
    """Who may be to blame: what the case lists, else what its telemetry names."""
    return frozenset(inputs.candidates or named(inputs)) - {""}


def hidden(inputs: Inputs, names: Names) -> Inputs:
    """The inputs under made-up names."""
    return replace(
        inputs,
        system="",
        namespace=names.word(inputs.namespace),
        query=names.hide(inputs.query),
        candidates=tuple(sorted(names.word(each) for each in candidates(inputs))),
        metrics={_renamed(column, names): points for column, points in inputs.metrics.items()},
        edges={_renamed(column, names): points for column, points in inputs.edges.items()},
        logs=tuple(names.hide_all(row) for row in inputs.logs),
        spans=tuple(names.hide_all(row) for row in inputs.spans),
        calls=tuple((names.word(caller), names.word(callee)) for caller, callee in inputs.calls),
        events=names.hide_all(inputs.events),
        alerts=tuple(names.hide_all(row) for row in inputs.alerts),
        cluster=names.hide_all(inputs.cluster),
        error_patterns=names.hide_all(inputs.error_patterns),
    )


def _renamed(column: str, names: Names) -> str:
    service, _, metric = column.rpartition("_")
    ends = [names.word(end) for end in service.split(">")]
    return f"{'>'.join(ends)}_{metric}"


def _word(name: str, salt: str) -> str:
    """Consonants only: no name of the field looks so, no mask of log templates takes it for a number or an id."""
    digest = hashlib.sha256(f"{salt}/{name}".encode()).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:WORD])
