"""Draws of a service what its logs, traces, platform and health check say now, and how those it calls answer it."""

from collections.abc import Iterable, Mapping, Sequence

from cards.model import Block, Button, Finding, Findings, Prose
from cards.words import Words
from engine.diagnosis.notes import is_note
from engine.model import Evidence, Observation, Quantity, Window
from engine.team import Service

MOST_SIGNS = 6
MOST_CALLS = 8
MOST_OWN = 8
TOLD = ("log", "trace", "probe", "state")
STANDING = (
    "version",
    "image",
    "revision",
    "ready",
    "desired",
    "replicas",
    "available",
    "health",
    "sync",
    "phase",
    "status",
)
"""What platforms say of a deployment, under the names they use, the most telling first."""
LONGEST = 60


def told(seen: Iterable[Observation]) -> list[Observation]:
    """What logs, traces, the platform and health checks said: what signs are found in."""
    return [each for each in seen if each.kind in TOLD and not is_note(each)]


def signs(seen: Sequence[Observation], found: Sequence[Evidence], words: Words) -> tuple[Block, ...]:
    """What is unusual of what was told, each with its query; and that nothing is. `found` is how that was judged."""
    asked = told(seen)
    if not asked:
        return ()
    odd = [each for each in found if each.abnormal]
    if not odd:
        sources = words.text("list.comma").join(dict.fromkeys(each.source for each in asked))
        return (Prose(words.text("vitals.calm", sources=sources), quiet=True),)
    return (Findings(tuple(_finding(each, words) for each in odd[:MOST_SIGNS])),)


def deployment(seen: Sequence[Observation], words: Words) -> tuple[tuple[str, str], ...]:
    """How the platform says the service stands: version, replicas, health, as far as it says so."""
    found: dict[str, str] = {}
    for each in seen:
        if each.kind == "state" and not is_note(each):
            for name in STANDING:
                value = each.state.get(name)
                if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value):
                    found.setdefault(name, str(value)[:LONGEST])
    if not found:
        return ()
    ready, wanted = found.pop("ready", ""), found.pop("desired", "") or found.get("replicas", "")
    said = [f"{ready}/{wanted}"] if ready and wanted else []
    if said:
        found.pop("replicas", None)
    said += [f"{name} {value}" for name, value in found.items()]
    return ((words.text("vitals.deployment"), " · ".join(said)),)


def health(found: Sequence[Evidence], words: Words) -> tuple[tuple[str, str], ...]:
    """What the health check says, in its own words."""
    said = [words.say(each.summary) for each in found if each.kind == "probe" and each.signal != "cert_expiry"]
    return ((words.text("vitals.health"), said[0]),) if said else ()


def says_well(found: Sequence[Evidence]) -> bool | None:
    """Whether the service calls itself well; None where it was not asked or says nothing of it."""
    checks = [each for each in found if each.kind == "probe"]
    if any(each.abnormal for each in checks):
        return False
    return True if any(each.signal == "availability" for each in checks) else None


def calls(
    service: Service, seen: Sequence[Observation], counted: Mapping[str, int], window: Window, words: Words
) -> tuple[tuple[str, str], ...]:
    """Whom the service calls, with the share of calls that fail; `counted` are callees traces show, with how often."""
    failing = {each.peer: _now(each, window) for each in seen if each.role == "dependency_error_ratio" and each.peer}
    names = dict.fromkeys((*service.dependencies, *failing, *counted))
    said = []
    for name in list(names)[:MOST_CALLS]:
        share = failing.get(name)
        failed = words.text("vitals.failing", share=Quantity(value=share, unit="ratio")) if share is not None else ""
        unknown = words.text("topology.by_traces") if name not in service.dependencies else ""
        notes = words.text("list.comma").join(part for part in (failed, unknown) if part)
        said.append(f"{name} ({notes})" if notes else name)
    more = len(names) - MOST_CALLS
    listed = words.text("list.comma").join(said)
    return ((words.text("catalogue.dependencies"), listed + (f" +{more}" if more > 0 else "")),) if said else ()


def own_signals(service: Service, seen: Sequence[Observation], window: Window, words: Words) -> list[tuple[str, str]]:
    """What the team itself watches, now against before."""
    found = []
    for signal in service.signals[:MOST_OWN]:
        series = next((each for each in seen if each.role == signal.name and each.points), None)
        now = _now(series, window) if series else None
        if now is None or series is None:
            continue
        said = words.quantity(Quantity(value=now, unit=signal.unit))
        before = _mean([value for at, value in series.points if at < window.split.timestamp()])
        if before is not None:
            usual = Quantity(value=before, unit=signal.unit)
            said = words.text("monitor_card.usually", now=said, before=usual)
        found.append((signal.name, said))
    return found


def answered(seen: Iterable[Observation], words: Words) -> tuple[Prose, ...]:
    """Which sources the card rests on."""
    names = dict.fromkeys(each.source for each in seen if not is_note(each))
    if not names:
        return ()
    return (Prose(words.text("vitals.sources", names=words.text("list.comma").join(names)), quiet=True),)


def ways_on(service: Service, words: Words) -> tuple[Button, ...]:
    """Buttons to what else is known of the service."""
    value = {"service": service.name}
    return (
        Button("topology", words.text("button.topology"), value),
        Button("service", words.text("button.service"), value),
    )


def _finding(each: Evidence, words: Words) -> Finding:
    since = words.clock(each.onset) if each.onset else ""
    return Finding(
        id=each.id,
        kind=words.text(f"evidence_kind.{each.kind}"),
        text=words.say(each.summary),
        since=since,
        abnormal=True,
        link=each.link,
        query=f"{each.source}: {each.query}",
    )


def _now(series: Observation, window: Window) -> float | None:
    return _mean([value for at, value in series.points if at >= window.split.timestamp()])


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
