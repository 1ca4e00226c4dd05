"""Has people look at the hosts of their team: a command from a short list, and how a host does."""

import re
from functools import partial

from cards.views import hosts as drawn
from engine.errors import InputError, SourceSilent
from engine.masking import mask
from engine.sources import diagnostics
from engine.sources.host_logs import log_files, places
from engine.sources.hosts import LOCAL, SECONDS
from engine.sources.resources import Check, readings
from handlers.inbound import Answer
from handlers.visit import Visit, no

LONGEST = 500
PATIENCE = re.compile(r"^(?:timeout|超时)\s?[=＝]\s?(\S*)\s+|(?<=\s)(?:timeout|超时)[=＝](\S*)$", re.IGNORECASE)
"""For how long a command may run, said before it or behind it; in between it is the command's own."""
WHOLE = re.compile(r"([0-9]{1,9})(?:s|秒)?", re.IGNORECASE)
MOST_SECONDS = 120
"""Longer, and it would hold up others: few commands run at once on all hosts together."""

CHECKS: dict[str, Check] = {
    **dict.fromkeys(("cpu", "处理器"), "cpu"),
    **dict.fromkeys(("memory", "内存"), "memory"),
    **dict.fromkeys(("disk", "disks", "磁盘"), "disk"),
    **dict.fromkeys(("network", "网络"), "network"),
    **dict.fromkeys(("processes", "进程"), "processes"),
}
"""What of a host may be asked for alone, as people call it."""


async def diagnose(visit: Visit, text: str) -> Answer:
    """`diag <host> [timeout=seconds] <command>`: written down before it is run, and again with how it ended."""
    host, _, said = text.replace("\x00", "").strip().partition(" ")
    if (refusal := _unknown(visit, host)) is not None:
        return refusal
    command, within = patience(said.strip())
    if within is None:
        return no("error.diag_timeout", said=command[:40] or "-", most=MOST_SECONDS)
    try:
        argv = diagnostics.permitted(command, log_files(tuple(visit.team.services.values()), host))
    except InputError as wrong:
        return await visit.refuse(wrong.phrase.word, f"diag {text}"[:LONGEST], **wrong.phrase.values)
    asked = {"host": host, "command": mask(" ".join(argv)), "timeout": within, "inbound": visit.id}
    await visit.write(f"diagnostic:{visit.id}", "diagnostic.asked", asked)
    clock, begun = visit.house.clock, visit.house.clock.now()
    try:
        output = await visit.house.hosts.run(host, argv, seconds=within)
    except SourceSilent as silent:
        await visit.write(
            f"diagnostic:{visit.id}/end", "diagnostic.failed", {"say": silent.phrase.model_dump(mode="json")}
        )
        return Answer(tone="refused", phrase=silent.phrase)
    seconds = (clock.now() - begun).total_seconds()
    ended = {"code": output.code, "characters": len(output.text), "seconds": round(seconds, 1)}
    await visit.write(f"diagnostic:{visit.id}/end", "diagnostic.answered", ended)
    return Answer(card=drawn.output(host, argv, output, seconds, visit.words, visit.incident.id))


def patience(text: str) -> tuple[str, float | None]:
    """The command, and the seconds it may run; None, and what was said instead, where that is no number in bounds."""
    said = PATIENCE.search(text)
    if said is None:
        return text, SECONDS
    value = said[1] if said[1] is not None else said[2]
    whole = WHOLE.fullmatch(value)
    if whole is None or not 1 <= int(whole[1]) <= MOST_SECONDS:
        return value, None
    return (text[: said.start()] + text[said.end() :]).strip(), float(whole[1])


async def resources(visit: Visit, text: str) -> Answer:
    """`resources [host] [cpu|memory|disk|network|processes …]`; in a thread, the first host of the incident's service
    where none is named."""
    said = text.replace(",", " ").replace("，", " ").replace("、", " ").split()
    named = bool(said) and (said[0] in hosts_of(visit) or said[0].casefold() not in CHECKS)
    host = said.pop(0) if named else ""
    strange = next((each for each in said if each.casefold() not in CHECKS), "")
    if strange:
        return no("error.which_check", said=strange[:60])
    checks = tuple(dict.fromkeys(CHECKS[each.casefold()] for each in said))
    if not host:
        service = visit.team.services.get(visit.incident.service)
        host = next(iter(service.hosts), "") if service else ""
    if (refusal := _unknown(visit, host)) is not None:
        return refusal
    try:
        found = await readings(partial(visit.house.hosts.run, host))
    except SourceSilent as silent:
        return Answer(tone="refused", phrase=silent.phrase)
    return Answer(card=drawn.resources(host, found, visit.house.clock.now(), visit.words, checks))


def hosts_of(visit: Visit) -> tuple[str, ...]:
    """The hosts of the visit's team: those its catalogue names, as far as the settings know them."""
    named = {host for service in visit.team.services.values() for host in service.hosts}
    if any(place.host == LOCAL for service in visit.team.services.values() for place in places(service)):
        named.add(LOCAL)
    return tuple(host for host in visit.house.hosts.names if host in named)


def _unknown(visit: Visit, host: str) -> Answer | None:
    known = hosts_of(visit)
    if host in known:
        return None
    if not visit.house.hosts.names:
        return no("error.no_hosts")
    return no("error.which_host", said=host[:60] or "-", known=", ".join(known) or "-")
