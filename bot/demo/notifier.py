"""Groups firing alerts and posts them in Alertmanager's webhook format, version 4."""

import asyncio
from dataclasses import dataclass, field

import aiohttp

from bot.demo.clock import rfc3339
from bot.demo.fingerprint import fingerprint
from bot.demo.rules import ActiveAlert, RuleBook, generator_url
from bot.demo.samples import Labels

GROUP_BY = ("service",)
"""One fault of a service shows in several alerts; grouped by service they open one thread."""
GROUP_WAIT_S = 1.0
GROUP_INTERVAL_S = 2.0
REPEAT_S = 3600.0
WATCHDOG_REPEAT_S = 15.0
TIMEOUT_S = 10.0
BACK_OFF_S = (0.5, 1.0, 1.0, 2.0, 4.0)
NEVER = "0001-01-01T00:00:00Z"


@dataclass
class AlertGroup:
    """The alerts that share alertname and service, and what the receiver was last told of them."""

    labels: dict[str, str]
    first_seen: float
    next_flush: float
    last_told: dict[str, str] = field(default_factory=dict)
    last_sent: float = 0.0
    sending: bool = False
    alerts: dict[Labels, ActiveAlert] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The group key as Alertmanager writes it."""
        inside = ", ".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return "{}:{" + inside + "}"


def _common(maps: list[dict[str, str]]) -> dict[str, str]:
    shared = set(maps[0].items()).intersection(*(each.items() for each in maps[1:])) if maps else set()
    return dict(sorted(shared))


def alert_body(alert: ActiveAlert, prometheus: str) -> dict[str, object]:
    """One alert of the webhook."""
    labels = dict(alert.labels)
    started = alert.fired_at if alert.fired_at is not None else alert.active_at
    return {
        "status": "resolved" if alert.resolved_at is not None else "firing",
        "labels": labels,
        "annotations": alert.annotations,
        "startsAt": rfc3339(started),
        "endsAt": rfc3339(alert.resolved_at) if alert.resolved_at is not None else NEVER,
        "generatorURL": generator_url(prometheus, alert.expression),
        "fingerprint": fingerprint(labels),
    }


def webhook_body(group: AlertGroup, alerts: list[ActiveAlert], prometheus: str, external_url: str) -> dict[str, object]:
    """The whole webhook of one group."""
    bodies = [alert_body(alert, prometheus) for alert in alerts]
    return {
        "receiver": "tocsin",
        "status": "resolved" if all(alert.resolved_at is not None for alert in alerts) else "firing",
        "alerts": bodies,
        "groupLabels": group.labels,
        "commonLabels": _common([dict(alert.labels) for alert in alerts]),
        "commonAnnotations": _common([alert.annotations for alert in alerts]),
        "externalURL": external_url,
        "version": "4",
        "groupKey": group.key,
        "truncatedAlerts": 0,
    }


class Notifier:
    """Decides each second which groups the receiver must hear of, and posts them."""

    def __init__(self, rules: RuleBook, prometheus: str, receiver: str, token: str) -> None:
        self._rules, self._prometheus, self._receiver, self._token = rules, prometheus, receiver, token
        self._groups: dict[tuple[str, ...], AlertGroup] = {}

    def due(self, now: float) -> list[AlertGroup]:
        """The groups whose news must be sent at `now`."""
        for group in self._groups.values():
            group.alerts = {}
        for alert in self._rules.sent():
            labels = dict(alert.labels)
            place = self._group({name: labels[name] for name in GROUP_BY if name in labels}, alert, now)
            if place is not None:
                place.alerts[alert.labels] = alert
        return [group for group in self._groups.values() if self._is_due(group, now)]

    def _group(self, labels: dict[str, str], alert: ActiveAlert, now: float) -> AlertGroup | None:
        key = tuple(f"{name}={value}" for name, value in sorted(labels.items()))
        group = self._groups.get(key)
        if group is None and alert.resolved_at is None:
            group = self._groups[key] = AlertGroup(labels, now, now + GROUP_WAIT_S)
        return group

    def _is_due(self, group: AlertGroup, now: float) -> bool:
        if group.sending or now < group.next_flush or not group.alerts:
            return False
        news = self._states(group)
        if news != group.last_told and any(state == "firing" or key in group.last_told for key, state in news.items()):
            return True
        # Alone in the group of alerts about no service is the Watchdog, whose repetition says that alerting is alive.
        repeat = REPEAT_S if group.labels else WATCHDOG_REPEAT_S
        return "firing" in news.values() and now - group.last_sent >= repeat

    @staticmethod
    def _states(group: AlertGroup) -> dict[str, str]:
        return {
            fingerprint(dict(labels)): "resolved" if alert.resolved_at is not None else "firing"
            for labels, alert in group.alerts.items()
        }

    async def send(self, session: aiohttp.ClientSession, group: AlertGroup, now: float) -> bool:
        """Post one group; 5xx and outages are tried again with back-off, other refusals at the next interval."""
        group.sending = True
        try:
            states, alerts = self._states(group), list(group.alerts.values())
            body = webhook_body(group, alerts, self._prometheus, self._prometheus)
            told = await self._post(session, body)
            if told:
                group.last_told, group.last_sent = states, now
            group.next_flush = now + GROUP_INTERVAL_S
            return told
        finally:
            group.sending = False

    async def _post(self, session: aiohttp.ClientSession, body: dict[str, object]) -> bool:
        headers = {"User-Agent": "Alertmanager/0.25.0"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        for pause in (*BACK_OFF_S, None):
            try:
                async with (
                    asyncio.timeout(TIMEOUT_S),
                    session.post(self._receiver, json=body, headers=headers) as answer,
                ):
                    if answer.status < 500:
                        return answer.status < 300
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass
            if pause is not None:
                await asyncio.sleep(pause)
        return False
