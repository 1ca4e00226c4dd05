"""Turns what services answered to their health checks into evidence: gone, unwell, well, or a certificate run out."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from engine.model import Evidence, Observation, Phrase, Quantity

SECONDS_OF_A_DAY = 86_400.0
TOPICS = {"timeout": ("timeout",), "refused": ("unreachable",), "unknown_host": ("unreachable",)}
"""What patterns know of why nobody answered."""
SURE = 3.0
"""How many times more a check that nobody answers tells than one that is answered badly: the victims of a trouble call
themselves unwell too."""
NOBODY_KNOWS = frozenset({"untrusted"})
"""The check could not be made from here; that says nothing of the service."""


def probed(observation: Observation, names: Collection[str]) -> list[Evidence]:
    """Evidence of one health check. What it finds is so now; since when, it cannot know."""
    state = observation.state
    if not state:
        return []
    return [_check(observation, state, names), *_certificate(observation, state)]


def _check(observation: Observation, state: dict[str, Any], names: Collection[str]) -> Evidence:
    tries, answered, well = state["tries"], state["answered"], state["well"]
    failing = [part for part in state["failing"] if isinstance(part, str)]
    values: dict[str, Any] = {
        "service": observation.service,
        "tries": tries,
        "answered": answered,
        "status": state["status"],
        "time": Quantity(value=state["seconds"], unit="seconds"),
        "reason": Phrase(word=f"evidence.probe.reason.{state['reason'] or 'unreachable'}"),
    }
    base = _evidence(observation, "health_check", Phrase(word="evidence.probe.says_nothing", values=values))
    mentioned = [part for part in failing if part in names and part != observation.service]
    details = {"state": dict(state), "mentions": mentioned, "topics": list(TOPICS.get(state["reason"], ()))}
    if not answered:
        if state["reason"] in NOBODY_KNOWS:
            return base.model_copy(update={"summary": Phrase(word="evidence.probe.untrusted", values=values)})
        gone = Phrase(word="evidence.probe.gone", values=values)
        more = {"signal": "availability", "abnormal": True, "summary": gone, "unusual": SURE * tries}
        return base.model_copy(update={**more, "details": {**details, "direction": "down"}})
    if state["unwell"]:
        unwell = Phrase(word="evidence.probe.unwell", values=values)
        if failing:
            parts = ", ".join(failing)
            unwell = Phrase(word="evidence.probe.unwell_parts", values={**values, "parts": parts})
        more = {"abnormal": True, "summary": unwell, "unusual": float(state["unwell"])}
        return base.model_copy(update={**more, "details": details})
    if answered < tries:
        shaky = Phrase(word="evidence.probe.shaky", values=values)
        more = {"abnormal": True, "summary": shaky, "unusual": float(tries - answered)}
        return base.model_copy(update={**more, "details": details})
    if not well:
        return base
    fine = Phrase(word="evidence.probe.well", values=values)
    return base.model_copy(update={"signal": "availability", "summary": fine, "count": tries})


def _certificate(observation: Observation, state: dict[str, Any]) -> list[Evidence]:
    """How long the certificate is still valid at the end of the window, or since when it is not."""
    if not state["certificate_until"]:
        return []
    until = datetime.fromisoformat(state["certificate_until"])
    left = (until - observation.window.end).total_seconds()
    values: dict[str, Any] = {
        "service": observation.service,
        "until": f"{until:%Y-%m-%d %H:%M} UTC",
        "days": int(abs(left) // SECONDS_OF_A_DAY),
    }
    word = "evidence.probe.certificate" if left > 0 else "evidence.probe.certificate_over"
    found = _evidence(observation, "cert_expiry", Phrase(word=word, values=values))
    update = {
        "abnormal": left <= 0,
        "after": Quantity(value=left, unit="seconds"),
        "onset": until if left <= 0 else None,
        "unusual": 1.0 if left <= 0 else 0.0,
        "details": {"used_up": left <= 0, "direction": "down", "topics": ["certificate"]},
    }
    return [found.model_copy(update=update)]


def _evidence(observation: Observation, signal: str, summary: Phrase) -> Evidence:
    return Evidence(
        id="",
        kind="probe",
        source=observation.source,
        service=observation.service,
        signal=signal,
        query=observation.query,
        window=observation.window,
        summary=summary,
        count=1,
        link=observation.link,
    )
