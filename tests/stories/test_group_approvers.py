"""Tells how user groups of Slack and Feishu approve: whoever is in one now, and nobody while none can say who is."""

import asyncio
from pathlib import Path
from typing import Any

import yaml

from cards.words import Words
from tests.stories import test_in_feishu as feishu
from tests.stories import test_in_slack as slack
from tests.stories.stage import Story

SRE, CREW = "S0SRE", "g128187"


async def let_approve(story: Story, folder: Path, *groups: str) -> None:
    """Let these user groups approve, and of the people nobody."""
    file = folder / "teams" / "trade" / "team.yaml"
    team: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    team["approvers"] = list(groups)
    for person in team["people"].values():
        person["roles"] = ["responder"]
    file.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
    assert await asyncio.to_thread(story.house.teams.reload) == ()


async def until_known(story: Story, group: str, *, known: bool = True) -> None:
    """Wait until it is known who is in a group, or known no more."""
    while (story.house.teams.team("trade").unknown_groups != (group,)) is not known:
        await story.house.tools.clock.sleep(1.0)


async def test_in_slack(tmp_path: Path) -> None:
    async with slack.told_in_slack(tmp_path) as thread:
        story, server = thread.story, thread.slack
        await let_approve(story, tmp_path, f"slack:group:{SRE}")
        await server.regroups(SRE, "U0NOBODY", "U0LIN")
        await until_known(story, f"slack:group:{SRE}")
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        # Chen is a responder and in no group; nobody can say when Slack does not let the bot ask.
        await thread.presses("chen", "Approve…")
        await thread.hears("chen", "approver")
        server.workspace.scopes.discard("usergroups:read")
        await server.regroups(SRE, "U0NOBODY")
        await until_known(story, f"slack:group:{SRE}", known=False)
        await thread.presses("nobody", "Approve…")
        await thread.hears("nobody", "nobody can say at the moment who is in it")
        assert thread.person("nobody").view is None
        # Once it answers again: Lin was taken out meanwhile, and somebody the file does not name approves.
        server.workspace.scopes.add("usergroups:read")
        await server.regroups(SRE, "U0NOBODY")
        await until_known(story, f"slack:group:{SRE}")
        await thread.presses("lin", "Approve…")
        await thread.hears("lin", "approver")
        person = await thread.opens("nobody", "Approve…")
        assert await server.submits(person, word="CONFIRM_EXECUTE") == {}
        state = await story.status("recovered")
        decision = state.proposals[proposal.plan.id].decision
        assert decision is not None
        assert decision.by == "slack:U0NOBODY"


async def test_in_feishu(tmp_path: Path) -> None:
    async with feishu.told_in_feishu(tmp_path) as thread:
        story, server = thread.story, thread.server
        await let_approve(story, tmp_path, f"feishu:group:{CREW}")
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        await thread.offers("Approve…")
        unknown = (await thread.presses("chen", "Approve…")).text("en_us")
        assert "nobody can say at the moment" in unknown
        server.tenant.groups[CREW] = [*(f"ou_other{number}" for number in range(150)), "ou_chen"]
        await server.deliver(server.event("contact.scope.updated_v3", {}))
        await until_known(story, f"feishu:group:{CREW}")
        refused = (await thread.presses("lin", "Approve…")).text("zh_cn")
        assert Words("zh").text("approval.refused.role", name="Lin", role="approver") == refused
        await thread.presses("chen", "Approve…")
        await thread.offers("Execute")
        assert (await thread.presses("chen", "Execute", word="CONFIRM_EXECUTE")).toast["type"] == "success"
        state = await story.status("recovered")
        decision = state.proposals[proposal.plan.id].decision
        assert decision is not None
        assert decision.by == "chen"
