"""Takes what a person states about an incident: how bad it is, where it stands for others, that it may wait."""

import re
from datetime import timedelta

from engine.intake import SEVERITIES
from engine.masking import mask
from handlers import deeds
from handlers.inbound import Answer
from handlers.people import bounded
from handlers.visit import SAID, Visit, no, ok

PAUSE = re.compile(r"[\s:：,，]+")
SPAN = re.compile(r"(\d{1,5}(?:\.\d{1,2})?)\s*([a-z]+|分钟|分|个?小时|天|日)?(?:[\s,，和]|and)*", re.IGNORECASE)
UNITS = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes", "分", "分钟"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "小时", "个小时"), 3_600),
    **dict.fromkeys(("d", "day", "days", "天", "日"), 86_400),
}
"""Words for units of time, in seconds; a bare number is minutes."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)
OFF = ("off", "0", "stop", "end", "取消", "结束")


async def rate(visit: Visit, text: str) -> Answer:
    """Say how bad it is; a person's word stands over what alerts say, until the incident is re-opened."""
    word, *rest = PAUSE.split(text.strip(), maxsplit=1)
    reason = "".join(rest)
    severity = SEVERITIES.get(word.casefold())
    if severity is None:
        return no("error.severity_what", said=word[:20] or "-")
    if visit.incident.status == "closed":
        return no("error.closed", incident=visit.incident.id)
    if severity == visit.incident.severity and visit.incident.severity_by:
        return ok("command.severity_before", severity=severity, person=visit.name(visit.incident.severity_by))
    before = visit.incident.severity
    body = {"severity": severity, "before": before, "reason": bounded(reason), "inbound": visit.id}
    await visit.write(f"severity:{visit.id}", "incident.severity", body)
    await visit.show("header")
    return ok("command.severity", severity=severity, before=before)


async def update(visit: Visit, text: str) -> Answer:
    """Say for others where things stand: a message of its own, kept, and shown on the header until the next one."""
    said = text.strip().strip('"“”').replace("\x00", "").strip()[:SAID]
    if visit.incident.status == "closed":
        return no("error.closed", incident=visit.incident.id)
    key = f"update:{visit.id}"
    body = {"text": mask(said), "name": visit.account.name, "inbound": visit.id}
    await visit.write(key, "status.updated", body)
    await visit.show("header", f"update:{key}")
    return ok("command.updated", incident=visit.incident.id)


async def snooze(visit: Visit, text: str) -> Answer:
    """Call and remind nobody for a while; what is off is over at once."""
    if visit.incident.status == "closed":
        return no("error.closed", incident=visit.incident.id)
    if text.strip().casefold() in OFF:
        return await _wake(visit)
    wanted = duration(text)
    if wanted is None:
        return no("error.snooze_what", said=text.strip()[:40] or "-")
    until = visit.house.clock.now() + wanted
    body = {"until": until.isoformat(), "inbound": visit.id}
    await visit.write(f"snoozed:{visit.id}", "incident.snoozed", body)
    await visit.show("header")
    return ok("command.snoozed", incident=visit.incident.id, until=visit.words.moment(until))


async def _wake(visit: Visit) -> Answer:
    snooze = visit.incident.snooze
    if snooze is None:
        return no("error.not_snoozed", incident=visit.incident.id)
    body = {"snooze": snooze.key, "inbound": visit.id}
    await visit.write(f"awake:{snooze.key}", "incident.snooze_ended", body)
    await visit.show("header")
    return ok("command.awake", incident=visit.incident.id)


def duration(text: str) -> timedelta | None:
    """How long a text says, from a minute to a week: 30m, 1h 30m, 2 小时; None where it says nothing of the kind."""
    rest, seconds = text.strip().casefold(), 0.0
    if not rest:
        return None
    while rest:
        part = SPAN.match(rest)
        unit = UNITS.get(part[2] or "") if part else None
        if part is None or unit is None:
            return None
        seconds, rest = seconds + float(part[1]) * unit, rest[part.end() :]
    span = timedelta(seconds=min(seconds, 10 * LONGEST.total_seconds()))
    return span if SHORTEST <= span <= LONGEST else None


async def reopen(visit: Visit, reason: str) -> Answer:
    """Take a closed incident up again, as its next episode."""
    incident = visit.incident
    if incident.status != "closed":
        return no("error.not_closed", incident=incident.id)
    if incident.merged_into:
        return no("error.merged_away", incident=incident.id, into=incident.merged_into)
    body = {"reason": bounded(reason), "inbound": visit.id}
    await visit.write(f"reopened:{incident.episode + 1}", "incident.reopened", body)
    visit.house.wake(incident.id)
    await visit.show("header")
    return ok("command.reopened", incident=incident.id)


async def resolve(visit: Visit, reason: str = "") -> Answer:
    """Close the incident as recovered, on a person's word."""
    return await deeds.close(visit, "recovered", reason)
