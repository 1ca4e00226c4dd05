"""Calls a pager: one POST in the shape of PagerDuty's events API, which many other pagers take as well."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from aiohttp import ClientError, ClientSession, ClientTimeout

from engine.errors import WorldError
from engine.incident import Incident
from engine.masking import bounded, mask
from engine.model import Phrase, Severity
from engine.team import Team

Told = Literal["acknowledge", "resolve"]

TIMEOUT = 10.0
LONGEST_SUMMARY = 1_024
"""Characters of a summary the events API takes."""

SEVERITIES: dict[Severity, str] = {"P1": "critical", "P2": "error", "P3": "warning", "P4": "info"}


class Pager:
    """Calls whoever the pager calls. `secret` gives the value of an environment variable by its name."""

    def __init__(self, session: ClientSession, secret: Callable[[str], str], public_url: str) -> None:
        self._session = session
        self._secret = secret
        self._public_url = public_url

    async def trigger(self, incident: Incident, team: Team) -> str:
        """Call, and return the key the pager knows the incident by. WorldError where it did not take the call; a call
        that is repeated is recognised by that key."""
        event = self.event(incident, team)
        await self._send(event, team)
        return str(event["dedup_key"])

    async def tell(self, action: Told, key: str, team: Team) -> None:
        """Say that what is known by this key was taken, or is over: the pager then calls nobody more. WorldError."""
        event = {"routing_key": self._secret(team.escalation.pager_key), "event_action": action, "dedup_key": key}
        await self._send(event, team)

    async def _send(self, event: Mapping[str, Any], team: Team) -> None:
        address = self._secret(team.escalation.pager)
        if not address:
            raise WorldError(Phrase(word="error.pager_unset", values={"name": team.escalation.pager}))
        try:
            async with asyncio.timeout(TIMEOUT):
                async with self._session.post(
                    address,
                    data=json.dumps(event).encode(),
                    headers={"Content-Type": "application/json"},
                    timeout=ClientTimeout(total=TIMEOUT),
                    allow_redirects=False,
                ) as answer:
                    status = answer.status
        except (ClientError, TimeoutError, ValueError) as error:
            raise WorldError(Phrase(word="error.pager_away", values={"reason": type(error).__name__})) from None
        if not 200 <= status < 300:
            raise WorldError(Phrase(word="error.pager_refused", values={"status": status}))

    def event(self, incident: Incident, team: Team) -> dict[str, Any]:
        """The event as it is sent: everything in it is masked and bounded."""
        page = f"{self._public_url}/incidents/{incident.id}"
        return {
            "routing_key": self._secret(team.escalation.pager_key),
            "event_action": "trigger",
            "dedup_key": f"tocsin/{incident.id}/{incident.episode}",
            "client": "Tocsin",
            "client_url": page,
            "links": [{"href": page, "text": incident.id}],
            "payload": {
                "summary": bounded(mask(f"{incident.severity} {incident.title}"), LONGEST_SUMMARY),
                "source": bounded(mask(incident.service or incident.source or team.id), 255),
                "severity": SEVERITIES[incident.severity],
                "timestamp": incident.began_at.isoformat() if incident.began_at else None,
                "component": bounded(mask(incident.service), 255),
                "group": team.id,
                "class": bounded(mask(incident.alert.name if incident.alert else incident.title), 255),
                "custom_details": {"incident": incident.id, "team": team.name, "environment": incident.environment},
            },
        }
