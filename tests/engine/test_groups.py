"""Checks who approves by a user group, and that nobody does by one of which nobody can say who is in it."""

from dataclasses import replace

import pytest

from engine.approvals import Refused
from engine.model import Decision, Phrase
from engine.team import Account, Person, Policy, Team
from tests.engine.test_approvals import LI, PLAN, Room, form

GROUP = "slack:group:S0SRE"
WEI = Person(id="wei", name="Wei", roles=frozenset({"viewer"}), accounts={"browser": "u-wei", "slack": "U0WEI"})
FILE = Team(id="default", name="Default", people=(LI, WEI), approvers=(GROUP,))


def team(*members: str, **more: object) -> Team:
    return FILE.model_copy(update=more).granting(lambda group: frozenset(members) if group == GROUP else None)


UNKNOWN = FILE.granting(lambda group: None)


def person(account: str, team: Team) -> Person | None:
    return team.person(Account(platform="slack", id=account))


async def room(team: Team) -> Room:
    room = Room()
    room.team = team
    await room.write("created", "incident.created", {"team": "default", "title": "503", "service": "payment"})
    return room


async def attempt(team: Team, account: str, requester: str = "", reason: str = "") -> Decision | Phrase:
    """Approve with this Slack account; "li" stands for the member of that id."""
    there = await room(team)
    asked = form(await there.ask(PLAN.model_copy(update={"requester": requester})), reason=reason)
    if account != "li":
        asked = replace(asked, person=person(account, team), account=Account(platform="slack", id=account))
    answer = await there.attempt(asked)
    return answer.phrase if isinstance(answer, Refused) else answer


@pytest.mark.parametrize("account, actor", [("U0WEI", "wei"), ("U0NEW", "slack:U0NEW")])
async def test_members_of_the_group_may_approve_listed_or_not(account: str, actor: str) -> None:
    there = team("slack:U0WEI", "slack:U0NEW")
    decision = await attempt(there, account)
    assert isinstance(decision, Decision)
    assert decision.by == actor
    assert there.member(actor) is not None, "it still stands when the change is made"
    known = there.person(Account(platform="browser", id="u-wei"))
    assert known is not None
    assert "approver" in known.roles, "a person is one person on every platform"


async def test_whoever_is_not_in_the_group_may_not() -> None:
    there = team("slack:U0NEW")
    role = Phrase(word="approval.refused.role", values={"name": "Wei", "role": "approver"})
    assert await attempt(there, "U0WEI") == role
    assert await attempt(there, "U0ELSE") == Phrase(word="approval.refused.unlinked", values={"account": "U0ELSE"})
    assert person("U0ELSE", there) is None


async def test_a_group_nobody_can_say_anything_of_makes_no_approver_and_that_is_said() -> None:
    for account in ("U0WEI", "U0NEW"):
        told = await attempt(UNKNOWN, account)
        assert told == Phrase(word="approval.refused.group_unknown", values={"groups": GROUP})
    assert isinstance(await attempt(UNKNOWN, "li"), Decision), "whom the file names may approve all the same"


@pytest.mark.parametrize("requester, account", [("li", "U0NEW"), ("slack:U0OLD", "U0NEW"), ("slack:U0OLD", "U0WEI")])
async def test_an_account_of_nobody_never_counts_as_a_second_person(requester: str, account: str) -> None:
    there = team("slack:U0WEI", "slack:U0NEW", "slack:U0OLD")
    told = await attempt(there, account, requester)
    assert isinstance(told, Phrase)
    assert told.word == "approval.refused.unlinked_second"
    assert isinstance(await attempt(there, "U0WEI", "li"), Decision)


async def test_nobody_is_alone_while_a_group_may_hold_others() -> None:
    policy, reason = Policy(break_glass=True), "checkout is down"
    for crowd in (team("slack:U0NEW", policy=policy), UNKNOWN.model_copy(update={"policy": policy})):
        told = await attempt(crowd, "li", "li", reason=reason)
        assert isinstance(told, Phrase)
        assert (told.word, GROUP in str(told.values["others"])) == ("approval.refused.requester", True)
    assert isinstance(await attempt(team("browser:u-li", policy=policy), "li", "li", reason=reason), Decision)
