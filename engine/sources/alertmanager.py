"""Asks Alertmanager what else fires at the same time, and which silences touch the service. All of it is context: an
alert is what somebody chose to be told of, so it never counts as evidence of a cause."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import aiohttp
from pydantic import AwareDatetime, BaseModel, TypeAdapter

from engine.errors import SourceSilent
from engine.model import Alert, Observation, Phrase
from engine.ports import Question, Remark, Tells
from engine.sources.conventions import SCOPE_LABELS, SERVICE_LABELS
from engine.sources.families import pattern, quoted, services_of
from engine.sources.http import Backend, TooLarge, harvest
from engine.sources.notes import cut, note
from engine.team import Service

LONGEST_PATTERN = 200
MOST_REPEATS = 3
"""Repetitions in a silence's pattern; more could keep a matcher busy for ever, and nobody writes them."""
LONGEST_VALUE = 256
MOST_MATCHERS = 6


class Standing(BaseModel):
    """Whether an alert is told to anybody, and if not by whose will."""

    state: str = ""
    silencedBy: list[str] = []  # noqa: N815
    inhibitedBy: list[str] = []  # noqa: N815


class Firing(BaseModel):
    """One alert as Alertmanager holds it."""

    fingerprint: str = ""
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: AwareDatetime  # noqa: N815
    status: Standing = Standing()


class Condition(BaseModel):
    """One condition of a silence."""

    name: str
    value: str
    isRegex: bool = False  # noqa: N815
    isEqual: bool = True  # noqa: N815


class Quiet(BaseModel):
    """Whether a silence is in force."""

    state: Literal["active", "pending", "expired"] | str = ""


class Silenced(BaseModel):
    """One silence as Alertmanager holds it."""

    id: str
    matchers: list[Condition]
    startsAt: AwareDatetime  # noqa: N815
    endsAt: AwareDatetime  # noqa: N815
    createdBy: str = ""  # noqa: N815
    comment: str = ""
    status: Quiet = Quiet()


class Version(BaseModel):
    """Which version runs."""

    version: str = ""


class Status(BaseModel):
    """What Alertmanager says of itself; its configuration stays unread."""

    versionInfo: Version = Version()  # noqa: N815


class Alerts(NamedTuple):
    """Alerts, and whether only those of the services were asked for."""

    firing: list[Firing]
    narrowed: bool


FIRING, SILENCED, STATUS = TypeAdapter(list[Firing]), TypeAdapter(list[Silenced]), TypeAdapter(Status)
ALERTS, SILENCES = "/api/v2/alerts", "/api/v2/silences"


class AlertmanagerSource:
    """Context from an Alertmanager; `patience` is the seconds for one round."""

    tells: Tells = "context"

    def __init__(
        self,
        base_url: str,
        *,
        session: aiohttp.ClientSession,
        token: str = "",
        tenant: str = "",
        name: str = "alertmanager",
        patience: float = 8.0,
    ) -> None:
        self._backend = Backend(name, base_url, session, token=token, tenant=tenant, patience=patience * 0.45)
        self._patience = patience

    @property
    def name(self) -> str:
        """How people tell this source from others."""
        return self._backend.name

    async def ask(self, question: Question) -> Sequence[Observation]:
        """What else fires about the service and its neighbours, and what is kept quiet. SourceSilent."""
        jobs: list[Callable[[], Awaitable[Alerts | list[Silenced]]]] = [lambda: self._firing(question), self._silenced]
        alerts, silences = await harvest(jobs, self._patience)
        if not isinstance(alerts, Alerts):
            raise (
                alerts if isinstance(alerts, SourceSilent) else self._backend.silent("timeout", seconds=self._patience)
            )
        seen = [self._related(question, alerts)]
        if isinstance(silences, list) and (quiet := self._quiet(question, alerts.firing, silences)):
            seen.append(quiet)
        return seen

    async def examine(self, services: Sequence[Service]) -> Sequence[Remark]:
        """Which version answers. SourceSilent."""
        version = self._backend.read(await self._backend.get("/api/v2/status"), STATUS).versionInfo.version
        values = {"source": self.name, "host": self._backend.host, "version": cut(version)[:40] or "—"}
        return (Remark(True, Phrase(word="check.source.version", values={**values})),)

    async def _firing(self, question: Question) -> Alerts:
        """All alerts that fire; where that is more than can be read, those whose `service` is asked about."""
        try:
            return Alerts(self._backend.read(await self._backend.get(ALERTS), FIRING), False)
        except TooLarge:
            either = "|".join(pattern(service.name) for service in services_of(question))
            narrow = [("filter", f"{SERVICE_LABELS[0]}=~{quoted(either)}")]
            return Alerts(self._backend.read(await self._backend.get(ALERTS, narrow), FIRING), True)

    async def _silenced(self) -> list[Silenced]:
        every = self._backend.read(await self._backend.get(SILENCES), SILENCED)
        return [silence for silence in every if silence.status.state == "active"]

    def _related(self, question: Question, alerts: Alerts) -> Observation:
        """The alerts of the service and its neighbours, nearest in time first; of others only how many began."""
        window, services = question.window, services_of(question)
        others = [alert for alert in alerts.firing if not _is_same(alert, question.alert)]
        placed = [(alert, _about(alert.labels, services)) for alert in others]
        near = [(alert, name) for alert, name in placed if name]
        near.sort(key=lambda pair: (abs(_offset(pair[0], question.alert)), pair[0].fingerprint))
        fresh = [alert for alert, name in placed if not name and alert.startsAt >= window.split]
        query = f"GET {ALERTS}" + (f" of {question.service.name}" if alerts.narrowed else "")
        if not near and not fresh:
            return Observation(
                source=self.name,
                kind="state",
                service=_name(question),
                query=query,
                window=window,
                link=self._link("alerts"),
            )
        split = window.split.isoformat(timespec="seconds")
        values: dict[str, str | int | float] = {"count": len(near), "others": len(fresh), "split": split}
        what = "related_alerts" if near else "other_alerts"
        lines = tuple(_fired(alert, name) for alert, name in near)
        return note(
            self.name, what, _name(question), query, window, values=values, lines=lines, link=self._link("alerts")
        )

    def _quiet(self, question: Question, firing: Sequence[Firing], silences: Sequence[Silenced]) -> Observation | None:
        """The silences in force that keep alerts of the service quiet, or would; None where there are none."""
        service = question.service
        by_alert = {id for alert in firing if _about(alert.labels, (service,)) for id in alert.status.silencedBy}
        labels = {**dict.fromkeys(SERVICE_LABELS[:1], service.name), **service.labels, **question.alert.labels}
        touching = [each for each in silences if each.id in by_alert or _touches(each, labels)]
        if not touching:
            return None
        touching.sort(key=lambda each: (each.endsAt, each.id))
        lines = tuple(_kept_quiet(each) for each in touching)
        values = {"count": len(touching)}
        return note(
            self.name,
            "silenced",
            _name(question),
            f"GET {SILENCES}",
            question.window,
            values=values,
            lines=lines,
            link=self._link("silences"),
        )

    def _link(self, page: str) -> str:
        return f"{self._backend.link('/', [])}#/{page}"


def _name(question: Question) -> str:
    return question.service.name or question.alert.service or question.alert.name


def _is_same(alert: Firing, own: Alert) -> bool:
    return alert.fingerprint == own.fingerprint != "" or alert.labels == own.labels


def _about(labels: Mapping[str, str], services: Iterable[Service]) -> str:
    """The service whose alert this is, by the labels that carry names and those of the catalogue; "" for another's."""
    for service in services:
        catalogued = service.labels and all(labels.get(key) == value for key, value in service.labels.items())
        if catalogued or any(labels.get(label) == service.name for label in SERVICE_LABELS):
            return service.name
    return ""


def _offset(alert: Firing, own: Alert) -> float:
    return (alert.startsAt - own.starts_at).total_seconds()


def _fired(alert: Firing, service: str) -> str:
    """One alert in a line: what, whose, since when, how bad, in its own words; whether it is kept quiet."""
    name, severity = alert.labels.get("alertname", "?"), alert.labels.get("severity", "")
    said = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    quiet = "silenced" if alert.status.silencedBy else "inhibited" if alert.status.inhibitedBy else ""
    about = ", ".join(filter(None, (severity, quiet)))
    return (
        f"{_clock(alert.startsAt)} {name} {service}" + (f" ({about})" if about else "") + (f": {said}" if said else "")
    )


def _kept_quiet(silence: Silenced) -> str:
    signs = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
    conditions = ", ".join(
        f'{each.name}{signs[each.isRegex, each.isEqual]}"{each.value}"' for each in silence.matchers[:MOST_MATCHERS]
    )
    return (
        f"{_clock(silence.startsAt)} – {_clock(silence.endsAt)} {silence.createdBy}: {silence.comment} ({conditions})"
    )


def _clock(at: datetime) -> str:
    return f"{at:%m-%d %H:%M:%S}"


def _touches(silence: Silenced, labels: Mapping[str, str]) -> bool:
    """Whether a silence is about the service: one condition names it, and none says that it is another."""
    known = [each for each in silence.matchers if each.name in labels and each.name in (*SERVICE_LABELS, *SCOPE_LABELS)]
    named = any(each.isEqual and each.name in SERVICE_LABELS for each in known)
    return named and all(_holds(each, labels) for each in known)


def _holds(condition: Condition, labels: Mapping[str, str]) -> bool:
    value = labels[condition.name][:LONGEST_VALUE]
    if not condition.isRegex:
        return (condition.value == value) is condition.isEqual
    matched = _matches(condition.value, value)
    return matched is condition.isEqual if matched is not None else False


def _matches(written: str, value: str) -> bool | None:
    """Whether a silence's pattern fits; None for one that Python reads otherwise than Go, or could read for ever."""
    repeats = sum(written.count(sign) for sign in "*+{")
    if len(written) > LONGEST_PATTERN or repeats > MOST_REPEATS or re.search(r"\)[*+{?]|\(\?|\\[^.\-]", written):
        return None
    try:
        return re.fullmatch(written, value) is not None
    except re.error:
        return None
