"""Tells what people think of a cause with an emoji, in Slack and in Feishu: kept under the card it stands below."""

from pathlib import Path

from engine.feedback import opinions
from tests.stories import test_in_feishu as feishu
from tests.stories import test_in_slack as slack
from tests.stories.stage import Story


async def until_said(story: Story, said: dict[str, bool]) -> None:
    """Wait until people are known to think this of the cause."""
    await story.until(lambda state: opinions(state.feedback, "diagnosis") == said)


async def test_in_slack(tmp_path: Path) -> None:
    async with slack.told_in_slack(tmp_path) as thread:
        story, server = thread.story, thread.slack
        story.world.release_leaks()
        await story.alert()
        proposal = await story.asked()
        assert proposal.request is not None
        await story.house.outbox.settle(60.0)
        posts = await story.store.posts.of(story.incident)
        cards = {post.slot: server.workspace.find(slack.CHANNEL, post.message) for post in posts}
        lin, guest, nobody = (thread.person(name) for name in ("lin", "guest", "nobody"))
        await server.reacts(lin, cards["diagnosis"], "-1::skin-tone-2")
        await server.reacts(guest, cards["diagnosis"], "+1")
        await server.reacts(nobody, cards["diagnosis"], "+1")
        await server.reacts(lin, cards["header"], "+1")
        await until_said(story, {"lin": False, "guest": True})
        await server.reacts(lin, cards["diagnosis"], "-1", taken_back=True)
        await until_said(story, {"guest": True})
        assert {entry.actor for entry in await story.entries("feedback.given")} == {"lin", "guest"}
        assert not (await story.state()).proposals[proposal.plan.id].decision, "no emoji approves anything"


async def test_in_feishu(tmp_path: Path) -> None:
    async with feishu.told_in_feishu(tmp_path) as thread:
        story, server = thread.story, thread.server
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await story.house.outbox.settle(60.0)
        posts = await story.store.posts.of(story.incident)
        card = next(post.message.partition("#")[0] for post in posts if post.slot == "diagnosis")
        await server.reacts("ou_lin", card, "THUMBSUP")
        await server.reacts("ou_chen", card, "ThumbsDown")
        await until_said(story, {"lin": True, "chen": False})
        await server.takes_back("ou_chen", card, "ThumbsDown")
        await until_said(story, {"lin": True})
