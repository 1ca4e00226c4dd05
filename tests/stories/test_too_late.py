"""Tells of presses that come too late, on the card of a closed incident, and of people who belong to no team."""

from pathlib import Path

from cards.words import Words
from tests.bot.platforms.wecom.one_process import in_one_process
from tests.stories import test_in_slack as slack
from tests.stories import test_in_wecom as wecom


async def test_a_press_on_an_old_card_of_a_closed_incident_in_slack(tmp_path: Path) -> None:
    async with slack.told_in_slack(tmp_path) as thread:
        story, server = thread.story, thread.slack
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        plan = await thread.offers("Approve…")
        old = dict(plan.payload)
        await server.commands(thread.person("lin"), slack.CHANNEL, f"close {story.incident} false_alarm")
        await story.status("closed")
        await story.house.outbox.settle(60.0)
        plan.payload = old
        for label in ("Approve…", "Reject"):
            await server.presses(thread.person("lin"), plan, label)
        said = Words("en").text("approval.refused.closed", incident=story.incident)
        await thread.hears("lin", said)
        assert thread.person("lin").view is None, "no form is opened that could not count"
        assert story.world.target.done == []
        # Somebody no team knows sits in the same channel, presses it as well, and is told the same.
        await server.presses(thread.person("nobody"), plan, "Approve…")
        await thread.hears("nobody", said)
        assert story.world.target.done == []


def test_a_press_on_an_old_card_of_a_closed_incident_in_wecom(tmp_path: Path) -> None:
    in_one_process(too_late_in_wecom(tmp_path))


async def too_late_in_wecom(folder: Path) -> None:
    async with wecom.in_wecom(folder, "zh") as chat:
        story, server = chat.story, chat.server
        story.world.release_leaks()
        incident = await story.alert()
        await story.asked()
        await chat.sees("[批准…]")
        card = next(m.card for m in reversed(server.messages) if m.card and "批准…" in str(m.card))
        key, task = next(row["key"] for row in card["button_list"] if row["text"] == "批准…"), card["task_id"]
        await chat.says("lin", f"关闭 {incident} false_alarm")
        await story.status("closed")
        await story.house.outbox.settle(120.0)
        before = len(server.messages)
        await server.answered(await server.press_key("lin", wecom.CHAT, key, task))
        said = chat.words.text("approval.refused.closed", incident=incident)
        assert said[:20] in str([m.card_for("lin") for m in server.messages]) + str(server.messages[before:])
        assert story.world.target.done == []


def test_somebody_of_no_team_in_wecom(tmp_path: Path) -> None:
    in_one_process(a_stranger_in_wecom(tmp_path))


async def a_stranger_in_wecom(folder: Path) -> None:
    async with wecom.in_wecom(folder, "zh") as chat:
        story, server = chat.story, chat.server
        server.chats[wecom.CHAT].add("mallory")
        server.chats["elsewhere"] = {"mallory"}
        story.world.release_leaks()
        incident = await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await chat.sees("[批准…]", user="mallory")
        # In the team's own chat they are told that their account is nobody's; the attempt is written down.
        await server.answered(await server.press("mallory", wecom.CHAT, "批准…"))
        await chat.says("mallory", f"批准 {proposal.request.id} CONFIRM_EXECUTE")
        refused = await story.entries("approval.refused")
        assert {entry.actor for entry in refused} == {"wecom:mallory"}
        await chat.says("mallory", f"关闭 {incident}")
        assert (await story.state()).status != "closed"
        # Anywhere else the incident does not exist for them.
        answer = await server.answered(await server.say("mallory", "elsewhere", f"查看 {incident}"))
        assert answer is not None
        assert "PaymentHigh503" not in answer.text
        alone = await server.answered(await server.say("mallory", "", f"批准 {proposal.request.id} CONFIRM_EXECUTE"))
        assert alone is not None
        assert story.world.target.done == []
