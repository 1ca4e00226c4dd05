"""Answers what people type: one file per command, and the tuple of them all."""

import re
from itertools import chain

from engine.model import Phrase
from handlers.commands.ack import ACK
from handlers.commands.approvals import APPROVALS
from handlers.commands.approve import APPROVE
from handlers.commands.assign import ASSIGN
from handlers.commands.changes import CHANGES
from handlers.commands.close import CLOSE
from handlers.commands.command import Command
from handlers.commands.constraints import CONSTRAINTS
from handlers.commands.demo import DEMO
from handlers.commands.depends import DEPENDS
from handlers.commands.diag import DIAG
from handlers.commands.digest import DIGEST
from handlers.commands.doctor import DOCTOR
from handlers.commands.drop import DROP
from handlers.commands.edit import EDIT
from handlers.commands.escalate import ESCALATE
from handlers.commands.evidence import EVIDENCE
from handlers.commands.false_alarm import FALSE_ALARM
from handlers.commands.forget import FORGET
from handlers.commands.habits import HABITS
from handlers.commands.handover import HANDOVER
from handlers.commands.help import helping
from handlers.commands.hold import HOLD
from handlers.commands.home import HOME
from handlers.commands.incidents import INCIDENTS, MINE
from handlers.commands.keep import KEEP
from handlers.commands.lift import LIFT
from handlers.commands.look_again import LOOK_AGAIN
from handlers.commands.merge import MERGE
from handlers.commands.monitor import MONITOR
from handlers.commands.more import MORE
from handlers.commands.on_call import ON_CALL
from handlers.commands.open import OPEN
from handlers.commands.plan import PLAN
from handlers.commands.query import QUERY
from handlers.commands.reading import Read, read
from handlers.commands.reject import REJECT
from handlers.commands.remember import REMEMBER
from handlers.commands.reopen import REOPEN
from handlers.commands.replay import REPLAY
from handlers.commands.report import REPORT
from handlers.commands.resolve import RESOLVE
from handlers.commands.resources import RESOURCES
from handlers.commands.resume import RESUME
from handlers.commands.runbooks import RUNBOOKS
from handlers.commands.safety import SAFETY
from handlers.commands.self_test import SELF_TEST
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
from handlers.commands.triage import TRIAGE
from handlers.commands.typos import near
from handlers.commands.undo import UNDO
from handlers.commands.unlink import UNLINK
from handlers.commands.unsilence import UNSILENCE
from handlers.commands.why import WHY
from handlers.commands.why_merged import WHY_MERGED
from handlers.inbound import Answer
from handlers.visit import QUIET, Visit, elsewhere, no

DOING = (ACK, APPROVE, REJECT, LIFT, HOLD, UNDO, PLAN, LOOK_AGAIN, FALSE_ALARM, CLOSE, RESUME, OPEN, DEMO)
TAUGHT = (KEEP, EDIT, DROP)
PEOPLE = (ASSIGN, ESCALATE, HANDOVER, SEVERITY, STATUS, SNOOZE, RESOLVE, REOPEN, ON_CALL)
RELATED = (MERGE, SPLIT, UNLINK, WHY_MERGED)
SEEN = (SHOW, TRIAGE, MORE, CONSTRAINTS, EVIDENCE, WHY, TIMELINE, REPLAY, REPORT)
LOOKING = (*SEEN, INCIDENTS, MINE, SAFETY, DOCTOR, SELF_TEST)
KEPT = (REMEMBER, FORGET, HABITS, RUNBOOKS, DIGEST, HOME)
TEAM = (APPROVALS, SERVICES, MONITOR, CHANGES, QUERY, SILENCE, UNSILENCE, *KEPT)
CATALOGUE = (SERVICE, TOPOLOGY, DEPENDS, RESOURCES, DIAG)
GROUPS: dict[str, tuple[Command, ...]] = {
    "people": (*PEOPLE, *RELATED),
    "doing": DOING,
    "looking": LOOKING,
    "team": (*TEAM, *TAUGHT),
    "catalogue": CATALOGUE,
}
"""All commands by what they are for, as people look them up."""
HELP = helping(GROUPS)
COMMANDS: tuple[Command, ...] = (*chain.from_iterable(GROUPS.values()), HELP)
"""Every command there is. A new one is one file and one name here."""

PREFIX = re.compile(r"^/(?:(?:incidents?|tocsin|oncall)(?=\s|$)\s*)?", re.IGNORECASE)
INCIDENT = re.compile(r"\binc_[0-9a-f]{8}\b")
SHORT_TALK = 3
"""Words up to which something nobody understands may be a mistyped command, and not talk."""
LONG_WORD = 6
"""Letters of a first word that hardly is another one by chance."""


async def obey(visit: Visit, text: str, addressed: bool, explicit: bool = False) -> Answer:
    """Do what was typed. What nobody understands gets an answer that says what can be typed; words that were not
    addressed to the bot count as a command only when they are nothing but a command. `explicit`: the platform itself
    knows it for a command."""
    explicit = explicit or text.startswith("/")
    said = PREFIX.sub("", text.strip(), count=1).strip()
    names = [name.casefold() for person in visit.team.people for name in (person.id, person.name) if name]
    found = read(said, COMMANDS, exact=not addressed, explicit=explicit, names=names)
    if found is None:
        return _helpful(visit, said, addressed, explicit)
    command, rest = found.command, found.rest
    # "Open the breaker" in a thread is talk about this incident, not a wish for another one.
    if command is OPEN and visit.incident.id and not explicit and said.casefold().startswith("open "):
        return no("command.open_here")
    named = INCIDENT.search(rest)
    beside = command.other and visit.incident.id and len(INCIDENT.findall(rest)) == 1
    if named and not beside:
        rest = INCIDENT.sub("", rest, count=1).strip()
        there = await elsewhere(visit, named[0])
        return there if isinstance(there, Answer) else there.addressed(await _run(there, found, rest, text))
    return await _run(visit, found, rest, text)


async def _run(visit: Visit, found: Read, rest: str, text: str) -> Answer:
    command = found.command
    if found.doubt:
        return await _not_done(visit, found)
    if command.about and not visit.incident.id:
        return no("error.which_incident", command=command.word(visit.words.language))
    if command.role and not visit.may(command.role) and not (command.role == "viewer" and visit.person is None):
        return await visit.refuse(f"error.role.{command.role}", text, person=visit.name(visit.actor))
    return await command.run(visit, rest)


async def quietly(visit: Visit, text: str) -> Answer:
    """What people say among themselves in a room is none of our business, unless it is a command and nothing else."""
    return QUIET if read(text.strip(), COMMANDS, exact=True) is None else await obey(visit, text, addressed=False)


async def _not_done(visit: Visit, found: Read) -> Answer:
    """What a question or mere talk gets that begins with the word of a command: nothing is done, and it says so."""
    command, incident = found.command, visit.incident
    if found.doubt == "question" and command.asked and (incident.id or not command.about):
        return await command.asked(visit, "")
    word = command.word(visit.words.language)
    if found.doubt == "talk":
        return no("command.only_talk", command=word)
    if not incident.id or not command.about:
        return no("command.only_asked", command=word)
    owner = incident.assignee or incident.acknowledged_by
    stands = Phrase(word=f"status.{incident.status}")
    has_it = (
        Phrase(word="command.has_it", values={"person": visit.name(owner)}) if owner else Phrase(word="command.free")
    )
    return no("command.only_asked_of", incident=incident.id, state=stands, owner=has_it, command=word)


def _helpful(visit: Visit, said: str, addressed: bool, explicit: bool) -> Answer:
    words = [word for command in COMMANDS for word in command.words]
    # Long sentences are talk; in a thread an answer comes in any case, so it may as well be a guess.
    first, *more = said.split() or [""]
    short = len(more) < (SHORT_TALK if addressed else 2) or (addressed and len(first) >= LONG_WORD)
    meant = near(said, words) if explicit or (short and (addressed or visit.incident.id)) else ()
    if meant:
        guess = visit.words.text("command.or").join(f"“{word}”" for word in meant)
        return no("error.unknown_command", said=said[:60], near=guess)
    request = next((p.request for p in visit.incident.proposals.values() if p.request and not p.decision), None)
    if request is not None:
        return Answer(phrase=Phrase(word="command.heard_waiting", values={"approval": request.id}))
    return Answer(phrase=Phrase(word="command.heard" if visit.incident.id else "command.heard_outside"))
