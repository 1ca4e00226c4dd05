"""Asks the sources how a service does right now, for cards that belong to no incident."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from engine.diagnosis.witnesses import united
from engine.evidence import gather
from engine.looks import Asked
from engine.model import Alert, Change, Observation, Silence, Window
from engine.ports import Clock, Queried, Question, Source, Tells
from engine.team import Service

LIVE = timedelta(hours=1)
"""How far back live figures go."""
NOW = timedelta(minutes=5)
"""What counts as now on a live card; the rest of the window is what it is held against."""
CHANGES = timedelta(days=7)
AT_ONCE = 9
"""Services one question may be about."""
PATIENCE = 5.0
"""Seconds a card that a person waits for is worth."""


@dataclass(frozen=True)
class Telemetry:
    """The sources by what they tell, and those people may ask by hand. `rollouts` are those of the states that tell of
    changes as well, though that costs them more. `patience`: seconds for one round."""

    metrics: tuple[Source, ...] = ()
    logs: tuple[Source, ...] = ()
    traces: tuple[Source, ...] = ()
    changes: tuple[Source, ...] = ()
    states: tuple[Source, ...] = ()
    rollouts: tuple[Source, ...] = ()
    by_hand: tuple[Queried, ...] = ()
    patience: float = PATIENCE

    @property
    def measuring(self) -> bool:
        """Whether there is a source besides those that only some services have."""
        return bool(self.metrics or self.logs or self.traces or self.changes)

    @property
    def everything(self) -> tuple[Source, ...]:
        """All of them, in the order people read evidence."""
        return (*self.metrics, *self.logs, *self.traces, *self.changes, *self.states)


def telemetry_of(sources: Sequence[Source], patience: float) -> Telemetry:
    """What can be looked at of these sources. `patience`: seconds one of them may take at an incident."""

    def telling(*what: Tells) -> tuple[Source, ...]:
        return tuple(each for each in sources if each.tells in what)

    return Telemetry(
        metrics=telling("metric"),
        logs=telling("log"),
        traces=telling("trace"),
        changes=telling("change"),
        states=telling("state", "cluster"),
        rollouts=telling("cluster"),
        by_hand=tuple(each for each in sources if isinstance(each, Queried)),
        patience=min(PATIENCE, patience),
    )


@dataclass(frozen=True)
class Look:
    """What the sources said of some services: observations, who stayed silent, the window looked at, who was asked."""

    window: Window
    seen: tuple[Observation, ...] = ()
    silent: tuple[Silence, ...] = ()
    asked: tuple[str, ...] = ()

    def series(self, service: str, role: str) -> Observation | None:
        """The series of this role of the service as a whole."""
        return next(
            (o for o in self.seen if (o.service, o.role) == (service, role) and o.points and "version" not in o.labels),
            None,
        )

    def now(self, service: str, role: str) -> float | None:
        """The mean of the newest minutes; None where nothing was measured."""
        series = self.series(service, role)
        return mean(series, self.window.split.timestamp(), math.inf) if series else None

    def before(self, service: str, role: str) -> float | None:
        """The mean of the time before that."""
        series = self.series(service, role)
        return mean(series, self.window.start.timestamp(), self.window.split.timestamp()) if series else None

    def changes(self, service: str) -> tuple[Change, ...]:
        """Changes of the service, newest first, each once however many sources tell of it."""
        found = [change for o in united(self.seen) if o.service == service for change in o.changes]
        return tuple(sorted(found, key=lambda change: change.at, reverse=True))


def mean(series: Observation, start: float, end: float) -> float | None:
    """The mean of the points from start to before end (unix seconds); None where there are none."""
    values = [value for at, value in series.points if start <= at < end]
    return sum(values) / len(values) if values else None


async def live(telemetry: Telemetry, clock: Clock, team: str, service: Service) -> Look:
    """Everything the sources say of one service now."""
    return await _look(telemetry, telemetry.everything, clock, team, (service,), LIVE)


async def figures(telemetry: Telemetry, clock: Clock, team: str, services: Sequence[Service]) -> Look:
    """What is measured of these services now, at most nine of them."""
    return await _look(telemetry, telemetry.metrics, clock, team, services[:AT_ONCE], LIVE)


async def changed(
    telemetry: Telemetry,
    clock: Clock,
    team: str,
    services: Sequence[Service],
    window: Window | None = None,
    *,
    rollouts: bool = False,
) -> Look:
    """What was changed of these services in this time, else lately, at most nine of them; with `rollouts` whoever else
    knows is asked."""
    sources = (*telemetry.changes, *(telemetry.rollouts if rollouts else ()))
    return await _look(telemetry, sources, clock, team, services[:AT_ONCE], CHANGES, window)


async def traced(telemetry: Telemetry, clock: Clock, team: str, service: Service) -> Look:
    """The traces of one service of the last hour."""
    return await _look(telemetry, telemetry.traces, clock, team, (service,), LIVE)


async def _look(
    telemetry: Telemetry,
    sources: tuple[Source, ...],
    clock: Clock,
    team: str,
    services: Sequence[Service],
    back: timedelta,
    window: Window | None = None,
) -> Look:
    now = clock.now()
    window = window or Window(start=now - back, split=now - NOW, end=now)
    if not sources or not services:
        return Look(window)
    first, *others = services
    alert = Alert(fingerprint="", status="firing", name="", service=first.name, starts_at=window.split)
    question = Question(incident="", team=team, alert=alert, service=first, neighbours=tuple(others), window=window)
    seen, silent = await gather(question, sources, clock, telemetry.patience, _unheard)
    return Look(window, seen, silent, tuple(each.name for each in sources))


async def _unheard(asked: Asked) -> None:
    """Nobody watches how asking goes: the card says what came of it."""
