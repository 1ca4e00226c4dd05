"""Lets the engine look at situations: the figures one alert carried and one log, and asks what it makes of wrong ones.

A situation is a folder with alert.json (`service`, `timestamp`, `metrics` with `x` and, where known, `x_baseline`) and
logs.txt. Titles, labels and whatever else an alert says in words are not read.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.evaluation import files
from bot.evaluation.figures import Figure, figures
from cards.words import Words
from engine.diagnosis.located import CATEGORY as PLACE
from engine.diagnosis.sweeping import explain, weigh
from engine.errors import InputError
from engine.model import Diagnosis, LogLine, Observation, Phrase, Window
from engine.team import Service
from engine.tempo import Tempo

LINE = re.compile(
    r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?)[ |]+(DEBUG|INFO|WARN|WARNING|ERROR|FATAL|TRACE)[ |]+(.*)$"
)
MOST_LINES = 20_000
LOOKBACK = timedelta(days=1)
CONFIDENT = 0.8
SEED = 7


@dataclass(frozen=True)
class Situation:
    """What was known when somebody was called."""

    id: str
    service: str
    at: datetime
    figures: tuple[Figure, ...]
    lines: tuple[LogLine, ...]


@dataclass(frozen=True)
class Looked:
    """A situation and what the engine made of it; of the wrong ones how sure it was that it knew the cause, 0 for not
    at all: with each other situation's log in place of its own (`foreign` as it stands, `planted` moved to the moment
    and the service of the alert; `same`: those that name what its own log names), and with the words of its own log
    dealt out anew (`shuffled`)."""

    situation: Situation
    diagnosis: Diagnosis
    foreign: tuple[float, ...]
    planted: tuple[float, ...]
    same: tuple[bool, ...]
    shuffled: float


def evaluate(root: Path) -> tuple[Looked, ...]:
    """Every situation below `root`. InputError where there is none, or one cannot be read."""
    known = [read(path.parent) for path in sorted(root.rglob("logs.txt")) if (path.parent / "alert.json").is_file()]
    if not known:
        raise InputError(Phrase(word="evaluation.no_situations", values={"folder": str(root)}))
    return tuple(_looked(each, [other for other in known if other is not each]) for each in known)


def _looked(situation: Situation, others: Sequence[Situation]) -> Looked:
    own = look(situation)
    planted = [look(_planted(situation, other)) for other in others]
    return Looked(
        situation=situation,
        diagnosis=own,
        foreign=tuple(_sure(look(replace(situation, lines=other.lines))) for other in others),
        planted=tuple(_sure(each) for each in planted),
        same=tuple(_sure(each) > 0 and _names(each) == _names(own) for each in planted),
        shuffled=_sure(look(_shuffled(situation))),
    )


def read(folder: Path) -> Situation:
    """One situation. InputError."""
    path = folder / "alert.json"
    told = files.tree(path)
    if not isinstance(told, dict):
        raise files.broken(path, "no object")
    service, metrics = told.get("service"), told.get("metrics")
    try:
        at = datetime.fromisoformat(str(told.get("timestamp"))).astimezone(UTC)
    except ValueError:
        raise files.broken(path, "no timestamp") from None
    if not isinstance(service, str) or not service:
        raise files.broken(path, "no service")
    read_figures = tuple(figures(metrics)) if isinstance(metrics, Mapping) else ()
    lines = tuple(_lines(files.text(folder / "logs.txt"), service))
    return Situation(folder.name, service, at, read_figures, lines)


def _lines(text: str, service: str) -> Iterator[LogLine]:
    """The lines of a log; what has no time of its own belongs to the line before."""
    current: LogLine | None = None
    said: list[str] = []
    for line in text.splitlines()[:MOST_LINES]:
        found = LINE.match(line)
        if found is None:
            said += [line] if line.strip() else []
            continue
        if current is not None:
            yield current.model_copy(update={"message": "\n".join(said)})
        at, level, message = found.groups()
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
        current, said = LogLine(at=moment, service=service, level=level.lower(), message=""), [message]
    if current is not None:
        yield current.model_copy(update={"message": "\n".join(said)})


def look(situation: Situation) -> Diagnosis:
    """What the engine says, on the path of a live incident."""
    window = _window(situation)
    base = Observation(source="alert", kind="metric", service=situation.service, query="", window=window)
    seen = [_series(base, figure, situation.at) for figure in situation.figures]
    log = base.model_copy(update={"source": "log", "kind": "log", "query": "logs.txt"})
    seen.append(log.model_copy(update={"lines": situation.lines, "count": len(situation.lines)}))
    services = {situation.service: Service(name=situation.service)}
    return explain(weigh(seen, (), window, services), services, situation.service)


def _window(situation: Situation) -> Window:
    """As a live incident has it a while after the alert, but looking back as far as the log goes, a day at most."""
    tempo = Tempo()
    split = situation.at - timedelta(seconds=tempo.lead)
    end = situation.at + timedelta(seconds=tempo.lead)
    times = [line.at for line in situation.lines if situation.at - LOOKBACK <= line.at <= end]
    start = min([split - timedelta(seconds=tempo.lookback), *times])
    return Window(start=start, split=split, end=max([situation.at, *times]))


def _series(base: Observation, figure: Figure, at: datetime) -> Observation:
    """Two levels of a figure: what it usually is, for all of the time before, and what it was when the alert came."""
    window = base.window
    early = [window.start + (window.split - window.start) * share / 4 for share in (0, 1, 2, 3)]
    points = [(moment.timestamp(), figure.usual) for moment in early] if figure.usual is not None else []
    return base.model_copy(
        update={
            "role": figure.role,
            "unit": figure.unit,
            "query": figure.name,
            "points": (*points, (at.timestamp(), figure.now)),
            "count": len(points) + 1,
        }
    )


def _planted(situation: Situation, other: Situation) -> Situation:
    """The figures of one with the log of the other, moved to the moment and the service of the first."""
    moved = tuple(
        line.model_copy(update={"at": line.at + (situation.at - other.at), "service": situation.service})
        for line in other.lines
    )
    return replace(situation, lines=moved)


def _shuffled(situation: Situation) -> Situation:
    """The words of all lines dealt out anew, each line as long as it was."""
    words = [word for line in situation.lines for word in line.message.split()]
    random.Random(SEED).shuffle(words)
    deck = iter(words)
    dealt = tuple(
        line.model_copy(update={"message": " ".join(next(deck) for _ in line.message.split())})
        for line in situation.lines
    )
    return replace(situation, lines=dealt)


def _sure(diagnosis: Diagnosis) -> float:
    """How sure it is that it knows the cause; where alone the trouble sits is none."""
    cause = diagnosis.cause
    return cause.confidence if cause is not None and cause.category != PLACE else 0.0


def _names(diagnosis: Diagnosis) -> str:
    return diagnosis.cause.category if diagnosis.cause is not None else ""


def lines(looked: Sequence[Looked], words: Words) -> Iterator[str]:
    """What was found, for people: the verdict, the first explanations, and what to look at next."""
    for each in looked:
        said = words.text(f"evaluation.{each.diagnosis.verdict}", situation=each.situation.id)
        yield f"{said}: " + ", ".join(f"{one.category} {one.confidence:.2f}" for one in each.diagnosis.hypotheses)
        yield from (f"    {words.say(step)}" for step in each.diagnosis.next_steps[:2])
    wrong = [sure for each in looked for sure in (*each.foreign, each.shuffled)]
    planted = [pair for each in looked for pair in zip(each.planted, each.same, strict=True)]
    yield words.text(
        "evaluation.wrong_logs",
        wrong=len(wrong),
        named=sum(sure > 0 for sure in wrong),
        planted=len(planted),
        planted_named=sum(sure > 0 for sure, _ in planted),
        sure=sum(sure >= CONFIDENT for sure, _ in planted),
        same=sum(sure >= CONFIDENT and same for sure, same in planted),
    )


def tree(looked: Sequence[Looked]) -> list[dict[str, Any]]:
    """What was found, for scripts."""
    return [
        {
            "situation": each.situation.id,
            "verdict": each.diagnosis.verdict,
            "hypotheses": [
                {"category": one.category, "service": one.service, "confidence": one.confidence}
                for one in each.diagnosis.hypotheses
            ],
            "next": [json.loads(step.model_dump_json()) for step in each.diagnosis.next_steps],
            "foreign": list(each.foreign),
            "planted": list(each.planted),
            "planted_same": list(each.same),
            "shuffled": each.shuffled,
        }
        for each in looked
    ]
