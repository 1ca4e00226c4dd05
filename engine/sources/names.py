"""Finds under which name a backend may know a service whose own name finds nothing there."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher

from engine.model import Gaps, Observation, Phrase, Window
from engine.naming import core, letters
from engine.ports import Remark
from engine.sources.notes import cut, note
from engine.team import Service

ALIKE = 0.85
"""Of two names of at least five letters; below this they are two services rather than one misspelt."""
MOST_NAMES = 3
NAME_LABEL = "service_name"
"""The label of services.yaml that says what a service is called in traces, beside OpenTelemetry's `service.name`."""
MOST_CANDIDATES = 20_000

Named = tuple[str, str]
"""A label and its value."""


def nearest(service: str, known: Iterable[Named]) -> list[Named]:
    """The labels and values that most probably mean this service, the best first; of one value only the first label.

    Equal but for case and signs comes before equal but for generic parts and a path in front, and that before a slip
    of the keyboard. What only begins alike (payment, payment-gateway) is another service.
    """
    ranked: dict[str, tuple[int, int, Named]] = {}
    for place, (label, value) in zip(range(MOST_CANDIDATES), known, strict=False):
        rank = _rank(service, value)
        if rank:
            ranked.setdefault(value, (-rank, place, (label, value)))
    best = sorted(ranked.values())
    return [named for rank, _, named in best if rank == best[0][0]][:MOST_NAMES]


def mismatch(
    source: str, service: Service, tried: str, known: Sequence[Named], query: str, window: Window, link: str = ""
) -> Observation | None:
    """A note of what may be meant where a service's own name finds nothing; None where nothing is near.

    `tried` are the labels that were looked under. Where the name is known as it is, there is no other to offer."""
    if any(value in (service.name, *service.labels.values()) for _, value in known):
        return None
    found = nearest(service.name, known)
    values = _said(tried, found)
    return note(source, "label_mismatch", service.name, query, window, values=values, link=link) if found else None


def remarks(
    source: str,
    host: str,
    services: Sequence[Service],
    known: Sequence[Named],
    tried: str,
    also: frozenset[str] = frozenset(),
) -> tuple[Remark, ...]:
    """How many services of the catalogue a backend knows, and what is near the names of those it does not know.

    `also` are services it knows by other means than their name."""
    values = {value for _, value in known}
    familiar = values | also
    strangers = [each for each in services if not familiar & {each.name, *each.labels.values()}]
    counted: Gaps = {
        "source": source,
        "host": host,
        "names": len(values),
        "all": len(services),
        "known": len(services) - len(strangers),
    }
    said = [Remark(True, Phrase(word="check.source.names", values=counted))]
    for service in strangers:
        if found := nearest(service.name, known):
            gaps = {"source": source, "service": service.name, **_said(tried, found)}
            said.append(Remark(False, Phrase(word="evidence.note.label_mismatch", values={**gaps})))
    return tuple(said)


def _said(tried: str, found: Sequence[Named]) -> dict[str, str]:
    """What fills the gaps of the words, with the line to write into services.yaml."""
    label, value = found[0] if found else ("", "")
    return {
        "tried": tried,
        "found": cut(", ".join(f"{label}={value}" for label, value in found)),
        "label": label,
        "value": cut(value),
    }


def traced_name(service: Service) -> str:
    """What a service is called in traces: the catalogue's label for it, else its own name."""
    return service.labels.get("service.name") or service.labels.get(NAME_LABEL) or service.name


def traced_names(services: Iterable[Service]) -> Mapping[str, str]:
    """From what services are called in traces to what the catalogue calls them."""
    return {traced_name(service): service.name for service in services if service.name}


def _rank(service: str, value: str) -> int:
    last = value.rsplit("/", 1)[-1]
    if letters(service) == letters(last):
        return 3
    one, other = core(service), core(last)
    if one and one == other:
        return 2
    left, right = "".join(one), "".join(other)
    close = min(len(left), len(right)) >= 5 and SequenceMatcher(None, left, right).ratio() >= ALIKE
    return 1 if close and abs(len(left) - len(right)) <= 2 else 0
