"""Keeps alerts of an incident quiet where they come from, for a while and for a reason, inside the team's wall."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from cards.views import silence as drawn
from engine.errors import ExecutorError
from engine.incident import Incident
from engine.masking import mask
from engine.model import Entry, Phrase
from engine.ports import Hush, Matcher, Silencer
from handlers.inbound import Answer
from handlers.monitor import foreign
from handlers.people import bounded
from handlers.statements import duration
from handlers.visit import Visit, no, ok

OPERATION = "silence"
"""The name under which a team may forbid it in policy.yaml."""
MATCHER = re.compile(r'[{,\s]*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:\\.|[^"\\])*"|[^\s,}]+)[},]*(?=\s|$|,)')
THIS = re.compile(r"^(?:this(?: alert)?|本告警|这个告警|该告警)(?:\s+|$)", re.IGNORECASE)
MOST_WORDS = 6
"""Words a duration may have."""
MOST_MATCHERS = 12
LONGEST_VALUE = 300
SET, LIFTED = "silence.set", "silence.lifted"


@dataclass(frozen=True)
class Wanted:
    """What a person wants silenced; no matchers: the incident's alerts."""

    lasts: timedelta
    matchers: tuple[Matcher, ...]
    reason: str


async def silence(visit: Visit, text: str) -> Answer:
    """`silence <how long> [matchers | this alert] <reason>`."""
    silencer = visit.house.silencer
    if silencer is None:
        return no("error.no_alertmanager")
    if (refusal := await _not_now(visit, text)) is not None:
        return refusal
    wanted = understood(text)
    if wanted is None:
        return no("error.silence_what")
    matchers = wanted.matchers or of_alerts(visit.incident)
    if not matchers:
        return no("error.silence_no_alert", incident=visit.incident.id)
    inside = walled(visit, matchers) if wanted.matchers else matchers
    if isinstance(inside, str):
        return await visit.refuse("error.silence_beyond", f"silence {text}", matcher=inside[:80])
    now = visit.house.clock.now()
    comment = f"{wanted.reason} ({visit.incident.id}, Tocsin)"
    hush = Hush(matchers=inside, starts_at=now, ends_at=now + wanted.lasts, by=visit.name(visit.actor), comment=comment)
    return await _do(visit, silencer, hush, wanted.reason)


async def _not_now(visit: Visit, text: str) -> Answer | None:
    """Why nothing may be silenced here: the team's policy forbids it, or a person holds every change."""
    if OPERATION in visit.team.policy.forbidden:
        return await visit.refuse("error.silence_forbidden", f"silence {text}", team=visit.team.name)
    held = next((each for each in visit.incident.holding if each.operation_class is None), None)
    if held is None:
        return None
    return await visit.refuse("error.silence_held", f"silence {text}", by=visit.name(held.by), text=held.text[:200])


async def _do(visit: Visit, silencer: Silencer, hush: Hush, reason: str) -> Answer:
    """Write it down, have it done, write down what came of it, and say so in the thread."""
    matchers = " ".join(written(matcher) for matcher in hush.matchers)
    about = {"matchers": mask(matchers), "until": hush.ends_at.isoformat(), "reason": mask(reason), "inbound": visit.id}
    await visit.write(f"silence:{visit.id}/asked", "silence.asked", about)
    try:
        id = await silencer.silence(hush)
    except ExecutorError as error:
        failed = about | {"why": error.phrase.model_dump(mode="json")}
        await visit.write(f"silence:{visit.id}/failed", "silence.failed", failed)
        return Answer(tone="refused", phrase=error.phrase)
    link = silencer.link(id)
    await visit.write(f"silence:{visit.id}", SET, about | {"silence": id, "link": link})
    values = {
        "by": visit.name(visit.actor),
        "matchers": mask(matchers),
        "until": visit.words.moment(hush.ends_at),
        "reason": mask(reason),
    }
    await visit.post(f"silenced:{visit.id}", Phrase(word="notice.silenced", values={**values}))
    shown = drawn.Silenced(visit.incident.id, id, mask(matchers), hush.ends_at, values["by"], mask(reason), link)
    return Answer(card=drawn.silence(shown, visit.words))


async def unsilence(visit: Visit, text: str) -> Answer:
    """`unsilence [silence id]`: the only one of this incident that is in force, or the one named."""
    silencer = visit.house.silencer
    if silencer is None:
        return no("error.no_alertmanager")
    standing = standing_in(await visit.house.timeline.read(visit.incident.id), visit)
    named = text.strip().split(" ")[0]
    fitting = [id for id in standing if id.startswith(named)] if len(named) >= 8 or not named else []
    if len(fitting) != 1:
        return no("error.which_silence", known=", ".join(standing) or "-")
    try:
        in_force = await silencer.unsilence(fitting[0])
    except ExecutorError as error:
        return Answer(tone="refused", phrase=error.phrase)
    await visit.write(f"unsilenced:{fitting[0]}", LIFTED, {"silence": fitting[0], "inbound": visit.id})
    if not in_force:
        return ok("command.silence_over", silence=fitting[0][:8])
    values = {"by": visit.name(visit.actor), "matchers": standing[fitting[0]]}
    await visit.post(f"unsilenced:{fitting[0]}/said", Phrase(word="notice.unsilenced", values={**values}))
    return ok("command.unsilenced", silence=fitting[0][:8])


def standing_in(entries: Sequence[Entry], visit: Visit) -> dict[str, str]:
    """Silences set from this incident that nobody ended and whose time is not over: id to matchers."""
    now = visit.house.clock.now().isoformat()
    lifted = {str(entry.body.get("silence")) for entry in entries if entry.kind == LIFTED}
    return {
        str(entry.body["silence"]): str(entry.body["matchers"])
        for entry in entries
        if entry.kind == SET and str(entry.body["silence"]) not in lifted and str(entry.body["until"]) > now
    }


def understood(text: str) -> Wanted | None:
    """How long, what, and why; None where the time or the reason is missing, or there are too many matchers."""
    words = text.replace("\x00", "").split()
    for n in range(min(MOST_WORDS, len(words)), 0, -1):
        if (lasts := duration(" ".join(words[:n]))) is not None:
            rest = " ".join(words[n:])
            break
    else:
        return None
    matchers, rest = _matchers(THIS.sub("", rest, count=1))
    reason = bounded(rest.strip(" :：,，"))
    return Wanted(lasts, matchers, reason) if reason and len(matchers) <= MOST_MATCHERS else None


def _matchers(text: str) -> tuple[tuple[Matcher, ...], str]:
    """The matchers a text begins with, and what follows."""
    found: list[Matcher] = []
    while match := MATCHER.match(text):
        name, sign, value = match.groups()
        plain = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        found.append(Matcher(name=name, value=plain[:LONGEST_VALUE], regex="~" in sign, equal=not sign.startswith("!")))
        text = text[match.end() :]
    return tuple(found), text


def of_alerts(incident: Incident) -> tuple[Matcher, ...]:
    """What exactly the incident's firing alerts have in common; nothing where they did not come from Alertmanager."""
    alerts = [alert for alert in incident.alerts.values() if alert.source == "alertmanager"]
    alerts = [alert for alert in alerts if alert.status == "firing"] or alerts
    if not alerts:
        return ()
    shared = set(alerts[0].labels.items()).intersection(*(alert.labels.items() for alert in alerts[1:]))
    common = sorted((name, value) for name, value in shared if value)
    return tuple(Matcher(name=name, value=value) for name, value in common) if len(common) > 1 else ()


def walled(visit: Visit, matchers: tuple[Matcher, ...]) -> tuple[Matcher, ...] | str:
    """The matchers, narrowed to the alerts of this team; the one that reaches beyond it, as it is written."""
    for matcher in matchers:
        wanted = visit.team.match.get(matcher.name)
        exact = matcher.equal and not matcher.regex
        if (wanted is not None and not (exact and _fits(wanted, matcher.value))) or foreign(visit, matcher.value):
            return written(matcher)
    named = {matcher.name for matcher in matchers}
    missing = tuple(
        Matcher(name=name, value=value.removeprefix("~"), regex=value.startswith("~"))
        for name, value in visit.team.match.items()
        if name not in named
    )
    if not visit.team.match and not any(m.equal and not m.regex and m.value for m in matchers):
        return written(matchers[0])
    return (*matchers, *missing)


def _fits(wanted: str, value: str) -> bool:
    if wanted.startswith("~"):
        return re.fullmatch(wanted[1:], value) is not None
    return wanted == value


def written(matcher: Matcher) -> str:
    """A matcher as people and Alertmanager write it."""
    sign = ("=" if matcher.equal else "!") + ("~" if matcher.regex else ("" if matcher.equal else "="))
    return f'{matcher.name}{sign}"{matcher.value}"'
