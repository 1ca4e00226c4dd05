"""Answers the buttons of our cards: one table from action to what it does, and to whom it is given."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cards.model import Ask, Field
from engine.team import Role
from handlers import (
    asking,
    catalogue,
    decisions,
    deeds,
    hosts,
    keeping,
    monitor,
    people,
    queries,
    silences,
    statements,
    teaching,
)
from handlers.commands import (
    HELP,
    approvals,
    doctor,
    home,
    more,
    replay,
    report,
    runbooks,
    services,
    show,
    timeline,
    triage,
)
from handlers.inbound import Answer
from handlers.visit import Visit, no

Value = dict[str, str]


@dataclass(frozen=True)
class Press:
    """What a button does. `role` None leaves the judging to whatever it calls; `once` ones are not done again when the
    platform delivers the press a second time and the first had its effect (the others are harmless: one key each);
    `about` says that it needs an incident."""

    do: Callable[[Visit, Value], Awaitable[Answer]]
    role: Role | None = "responder"
    once: bool = False
    about: bool = True


async def press(visit: Visit, action: str, value: Value) -> Answer:
    """Do what a button says."""
    known = BUTTONS.get(action)
    if known is None:
        return no("error.unknown_button", action=action[:40])
    if known.about and not visit.incident.id:
        return no("error.no_such_incident", incident="-")
    if known.once and visit.again and await visit.had_effect():
        return Answer(tone="quiet")
    if known.role and not visit.may(known.role):
        return await visit.refuse(f"error.role.{known.role}", f"{action} {value}", person=visit.name(visit.actor))
    return await known.do(visit, value)


async def _acknowledge(visit: Visit, value: Value) -> Answer:
    return await deeds.acknowledge(visit)


async def _escalate(visit: Visit, value: Value) -> Answer:
    return await people.escalate(visit, "")


async def _approve(visit: Visit, value: Value) -> Answer:
    return await decisions.form(visit, value, "approve")


async def _reject(visit: Visit, value: Value) -> Answer:
    return await decisions.form(visit, value, "reject")


async def _undo(visit: Visit, value: Value) -> Answer:
    proposal = visit.incident.proposals.get(value.get("plan", ""))
    if proposal is None or proposal.execution is None or proposal.execution.result != "done":
        return no("error.nothing_to_undo", plan=value.get("plan", "")[:40])
    words = visit.words
    ask = Ask(
        question=words.text("form.undo", operation=proposal.plan.operation, target=proposal.plan.target),
        who=words.text("form.who_responder"),
        until=None,
        action="undo",
        submit=words.text("form.undo_submit"),
        value={"incident": visit.incident.id, "plan": proposal.plan.id},
        fields=(Field(name="reason", label=words.text("form.reason"), required=False),),
    )
    return Answer(form=ask)


async def _lift(visit: Visit, value: Value) -> Answer:
    return await deeds.lift(visit, value.get("constraint", ""))


async def _keep(visit: Visit, value: Value) -> Answer:
    return await teaching.keep(visit, value.get("lesson", ""))


async def _edit(visit: Visit, value: Value) -> Answer:
    return teaching.edit_form(visit, value.get("lesson", ""))


async def _drop(visit: Visit, value: Value) -> Answer:
    return await teaching.drop(visit, value.get("lesson", ""))


async def _keep_all(visit: Visit, value: Value) -> Answer:
    return await teaching.keep_all(visit)


async def _look_again(visit: Visit, value: Value) -> Answer:
    return await deeds.look_again(visit)


async def _close(visit: Visit, value: Value) -> Answer:
    return await deeds.close(visit, value.get("outcome", ""))


async def _false_alarm(visit: Visit, value: Value) -> Answer:
    return await deeds.close(visit, "false_alarm")


async def _resume(visit: Visit, value: Value) -> Answer:
    return await deeds.resume(visit)


async def _approvals(visit: Visit, value: Value) -> Answer:
    return await approvals.run(visit, "")


async def _services(visit: Visit, value: Value) -> Answer:
    return await services.run(visit, "")


async def _home(visit: Visit, value: Value) -> Answer:
    return await home.run(visit, value.get("team", ""))


async def _runbooks(visit: Visit, value: Value) -> Answer:
    return await runbooks.run(visit, "")


async def _help(visit: Visit, value: Value) -> Answer:
    return await HELP.run(visit, value.get("topic", ""))


async def _doctor(visit: Visit, value: Value) -> Answer:
    return await doctor.run(visit, "")


async def _monitor(visit: Visit, value: Value) -> Answer:
    return await monitor.show(visit, value.get("service", ""))


async def _service(visit: Visit, value: Value) -> Answer:
    return await catalogue.show(visit, value.get("service", ""))


async def _topology(visit: Visit, value: Value) -> Answer:
    return await catalogue.graph(visit, value.get("service", ""))


async def _resources(visit: Visit, value: Value) -> Answer:
    return await hosts.resources(visit, value.get("host", ""))


async def _learn(visit: Visit, value: Value) -> Answer:
    return await catalogue.learn(visit, value.get("caller", ""), value.get("callee", ""))


def _form(action: str, *, about: bool = True) -> Press:
    """A button that opens the form of this action."""

    async def ask(visit: Visit, value: Value) -> Answer:
        return asking.form(visit, action)

    return Press(ask, about=about)


def _look(run: Callable[[Visit, str], Awaitable[Answer]]) -> Press:
    """A button that shows what the command of this name shows."""

    async def look(visit: Visit, value: Value) -> Answer:
        return await run(visit, "")

    return Press(look, role=None)


async def _resolve(visit: Visit, value: Value) -> Answer:
    return await statements.resolve(visit)


async def _reopen(visit: Visit, value: Value) -> Answer:
    return await statements.reopen(visit, "")


async def _query(visit: Visit, value: Value) -> Answer:
    return await queries.query(visit, value.get("ask", ""))


async def _unsilence(visit: Visit, value: Value) -> Answer:
    return await silences.unsilence(visit, value.get("silence", ""))


async def _remember(visit: Visit, value: Value) -> Answer:
    return await keeping.keep(visit, value.get("lesson", ""))


async def _forget(visit: Visit, value: Value) -> Answer:
    return await keeping.forget(visit, value.get("lesson", ""))


BUTTONS: dict[str, Press] = {
    "ack": Press(_acknowledge),
    "escalate": Press(_escalate, once=True),
    "approve": Press(_approve, role=None),
    "reject": Press(_reject, role=None),
    "undo": Press(_undo),
    "lift": Press(_lift, once=True),
    "keep": Press(_keep),
    "edit": Press(_edit),
    "drop": Press(_drop),
    "keep_all": Press(_keep_all),
    "look_again": Press(_look_again, once=True),
    "close": Press(_close),
    "false_alarm": Press(_false_alarm),
    "resume": Press(_resume, once=True),
    "unsilence": Press(_unsilence),
    "remember": Press(_remember, about=False),
    "forget": Press(_forget, about=False),
    "approvals": Press(_approvals, role=None, about=False),
    "services": Press(_services, role=None, about=False),
    "monitor": Press(_monitor, role=None, about=False),
    "service": Press(_service, role="viewer", about=False),
    "topology": Press(_topology, role="viewer", about=False),
    "resources": Press(_resources, role="viewer", about=False),
    "learn": Press(_learn, about=False),
    "runbooks": Press(_runbooks, role=None, about=False),
    "take": Press(_acknowledge),
    "show": _look(show.run),
    "more": _look(more.run),
    "timeline": _look(timeline.run),
    "triage": _look(triage.run),
    "replay": _look(replay.run),
    "report": _look(report.run),
    "resolve": Press(_resolve),
    "reopen": Press(_reopen, once=True),
    **{action: _form(action, about=action != "declare") for action in asking.FIELDS},
    "help": Press(_help, role=None, about=False),
    "doctor": Press(_doctor, role=None, about=False),
    "query": Press(_query, role=None, about=False),
    "home": Press(_home, role=None, about=False),
}
"""Every button there is. A new one is one function and one line."""
