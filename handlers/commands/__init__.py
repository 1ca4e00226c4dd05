"""Answers what people type: one file per command, and the tuple of them all."""

import re
from difflib import get_close_matches

from engine.model import Phrase
from handlers.commands.ack import ACK
from handlers.commands.approvals import APPROVALS
from handlers.commands.approve import APPROVE
from handlers.commands.assign import ASSIGN
from handlers.commands.close import CLOSE
from handlers.commands.command import Command
from handlers.commands.demo import DEMO
from handlers.commands.depends import DEPENDS
from handlers.commands.digest import DIGEST
from handlers.commands.doctor import DOCTOR
from handlers.commands.drop import DROP
from handlers.commands.escalate import ESCALATE
from handlers.commands.evidence import EVIDENCE
from handlers.commands.false_alarm import FALSE_ALARM
from handlers.commands.forget import FORGET
from handlers.commands.habits import HABITS
from handlers.commands.handover import HANDOVER
from handlers.commands.help import helping
from handlers.commands.hold import HOLD
from handlers.commands.home import HOME
from handlers.commands.incidents import INCIDENTS
from handlers.commands.keep import KEEP
from handlers.commands.lift import LIFT
from handlers.commands.look_again import LOOK_AGAIN
from handlers.commands.merge import MERGE
from handlers.commands.monitor import MONITOR
from handlers.commands.on_call import ON_CALL
from handlers.commands.open import OPEN
from handlers.commands.plan import PLAN
from handlers.commands.query import QUERY
from handlers.commands.reject import REJECT
from handlers.commands.remember import REMEMBER
from handlers.commands.reopen import REOPEN
from handlers.commands.replay import REPLAY
from handlers.commands.resolve import RESOLVE
from handlers.commands.resume import RESUME
from handlers.commands.runbooks import RUNBOOKS
from handlers.commands.safety import SAFETY
from handlers.commands.service import SERVICE
from handlers.commands.services import SERVICES
from handlers.commands.severity import SEVERITY
from handlers.commands.show import SHOW
from handlers.commands.silence import SILENCE
from handlers.commands.snooze import SNOOZE
from handlers.commands.split import SPLIT
from handlers.commands.status import STATUS
from handlers.commands.timeline import TIMELINE
from handlers.commands.topology import TOPOLOGY
from handlers.commands.undo import UNDO
from handlers.commands.unlink import UNLINK
from handlers.commands.unsilence import UNSILENCE
from handlers.commands.why import WHY
from handlers.commands.why_merged import WHY_MERGED
from handlers.inbound import Answer
from handlers.visit import QUIET, Visit, elsewhere, no

DOING = (ACK, APPROVE, REJECT, LIFT, HOLD, UNDO, PLAN, LOOK_AGAIN, FALSE_ALARM, CLOSE, RESUME, KEEP, DROP, OPEN, DEMO)
PEOPLE = (ASSIGN, ESCALATE, HANDOVER, SEVERITY, STATUS, SNOOZE, RESOLVE, REOPEN, ON_CALL)
RELATED = (MERGE, SPLIT, UNLINK, WHY_MERGED)
LOOKING = (SHOW, EVIDENCE, WHY, TIMELINE, REPLAY, INCIDENTS, SAFETY, DOCTOR)
TEAM = (APPROVALS, SERVICES, MONITOR, QUERY, SILENCE, UNSILENCE, REMEMBER, FORGET, HABITS, RUNBOOKS, DIGEST, HOME)
CATALOGUE = (SERVICE, TOPOLOGY, DEPENDS)
COMMANDS: tuple[Command, ...] = (
    *DOING,
    *PEOPLE,
    *RELATED,
    *LOOKING,
    *TEAM,
    *CATALOGUE,
    helping((*DOING, *PEOPLE, *RELATED, *LOOKING, *TEAM, *CATALOGUE)),
)
"""Every command there is. A new one is one file and one name here."""

PREFIX = re.compile(r"^/(?:(?:incidents?|tocsin|oncall)(?=\s|$)\s*)?", re.IGNORECASE)
INCIDENT = re.compile(r"\binc_[0-9a-f]{8}\b")
ID = re.compile(r"(?:inc|approval|plan|cst|les)_[0-9a-f]{8}(?:\s+|$)")


async def obey(visit: Visit, text: str, addressed: bool) -> Answer:
    """Do what was typed. What nobody understands gets an answer that says what can be typed; words that were not
    addressed to the bot count as a command only when they are nothing but a command."""
    said = PREFIX.sub("", text.strip(), count=1).strip()
    found = _find(said, exact=not addressed)
    # "Open the breaker" in a thread is talk about this incident, not a wish for another one.
    if found is None or (found[0] is OPEN and visit.incident.id and not text.startswith("/")):
        return _helpful(visit, said, addressed)
    command, rest = found
    named = INCIDENT.search(rest)
    beside = command.other and visit.incident.id and len(INCIDENT.findall(rest)) == 1
    if named and not beside:
        rest = INCIDENT.sub("", rest, count=1).strip()
        there = await elsewhere(visit, named[0])
        if isinstance(there, Answer):
            return there
        visit = there
    if command.about and not visit.incident.id:
        return no("error.which_incident", command=command.words[0])
    if command.role and not visit.may(command.role) and not (command.role == "viewer" and visit.person is None):
        return await visit.refuse(f"error.role.{command.role}", text, person=visit.name(visit.actor))
    return await command.run(visit, rest)


async def quietly(visit: Visit, text: str) -> Answer:
    """What people say among themselves in a room is none of our business, unless it is a command and nothing else."""
    return QUIET if _find(text.strip(), exact=True) is None else await obey(visit, text, addressed=False)


def _find(said: str, exact: bool) -> tuple[Command, str] | None:
    """The command with the longest word that the text starts with, and what follows."""
    lower = said.casefold()
    best: tuple[int, Command] | None = None
    for command in COMMANDS:
        for word in command.words:
            after = lower[len(word) : len(word) + 1]
            ends = not after or not (after.isalnum() or after in "-_") or not word.isascii()
            if lower.startswith(word) and ends and (best is None or len(word) > best[0]):
                best = (len(word), command)
    if best is None:
        return None
    rest = said[best[0] :].strip(" \t\n:：,，。.!！")
    return None if exact and ID.sub("", rest) else (best[1], rest)


def _helpful(visit: Visit, said: str, addressed: bool) -> Answer:
    words = [word for command in COMMANDS for word in command.words]
    near = get_close_matches(said.casefold().split(" ")[0], words, n=1, cutoff=0.6) if addressed and said else []
    if near:
        return no("error.unknown_command", said=said[:60], near=near[0])
    request = next((p.request for p in visit.incident.proposals.values() if p.request and not p.decision), None)
    if request is not None:
        return Answer(phrase=Phrase(word="command.heard_waiting", values={"approval": request.id}))
    return Answer(phrase=Phrase(word="command.heard" if visit.incident.id else "command.heard_outside"))
