"""Recognises a false alarm: somebody looked, and everything a user would feel is as usual."""

from collections.abc import Sequence

from engine.diagnosis.roles import HARM
from engine.model import Evidence

FELT = frozenset(
    {*HARM, "pool_use", "pool_wait", "disk_use", "descriptor_use", "cert_expiry", "node_ready", "dns_error_ratio"}
)
FAILURES = frozenset({"error_ratio", "unavailable_ratio", "timeout_ratio"})
RARE = 0.015
"""Share of requests below which failures are background; the floor of the share itself."""
ALIKE = 0.25
"""How far the alert's own series may differ from traffic, in growth, and still be called traffic."""


def calm(evidence: Sequence[Evidence], service: str) -> bool:
    """Whether failures were measured and are normal, nothing harmful is unusual, and the alert's own series is back to
    normal or merely follows the traffic. Nothing measured is not calm: it is unknown."""
    return bool(_measured(evidence, service)) and not any(_harms(each, evidence) for each in evidence)


def ended(evidence: Sequence[Evidence], service: str) -> Evidence | None:
    """The measure of failures whose data went on longest, where none goes on to the end: that all was well then says
    nothing of now, for who is gone reports no errors."""
    measured = _measured(evidence, service)
    if not all(each.details.get("ended") for each in measured):
        return None
    return max(measured, key=lambda each: str(each.details["ended"]), default=None)


def _measured(evidence: Sequence[Evidence], service: str) -> list[Evidence]:
    return [
        each
        for each in evidence
        if each.signal in FAILURES and each.service == service and not each.abnormal and each.count
    ]


def _harms(each: Evidence, evidence: Sequence[Evidence]) -> bool:
    if not each.abnormal or each.kind == "change":
        return False
    if each.kind == "sli":
        return not each.details.get("back") and not _follows_traffic(each, evidence)
    if each.kind == "log" or each.signal == "error_span":
        return each.details.get("level") != "warning" and not is_rare(each, evidence)
    if each.signal == "traffic":
        return each.details.get("direction") == "down"
    return each.kind in ("trace", "state", "probe") or each.signal in FELT


def is_rare(each: Evidence, evidence: Sequence[Evidence]) -> bool:
    """Whether so few of the requests met this that no user-facing share can notice; unknown without traffic."""
    seconds = each.window.end.timestamp() - each.window.split.timestamp()
    rates = [
        one.after.value for one in evidence if one.signal == "traffic" and one.service == each.service and one.after
    ]
    return bool(rates) and each.count < RARE * max(rates) * seconds


def _follows_traffic(sli: Evidence, evidence: Sequence[Evidence]) -> bool:
    growth = _growth(sli)
    return growth is not None and any(
        each.signal == "traffic" and each.service == sli.service and each.abnormal and _alike(growth, _growth(each))
        for each in evidence
    )


def _growth(each: Evidence) -> float | None:
    if each.before is None or each.after is None or each.before.value <= 0:
        return None
    return each.after.value / each.before.value


def _alike(one: float, other: float | None) -> bool:
    return other is not None and abs(one - other) <= ALIKE * max(one, other)
