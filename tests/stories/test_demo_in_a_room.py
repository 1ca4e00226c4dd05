"""Plays the demo in a room of the reader's own: a pretended Slack workspace, in which anybody approves."""

from pathlib import Path

import pytest
import yaml
from aiohttp import ClientSession

from bot.settings import Settings, load
from bot.showcase import Stage, check_rooms, open_showcase, stage_teams
from cards.words import Words
from engine.errors import InputError
from engine.team import Account, Team
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import APP_TOKEN, BOT, BOT_TOKEN, Message

CHANNEL = "C0REHEARSE"
ROOM = f"slack:{CHANNEL}"
WITHIN = 150.0


def settings_file(folder: Path, api_url: str) -> Path:
    file = folder / "tocsin.toml"
    file.write_text(f'[slack]\nbot_token = "{BOT_TOKEN}"\napp_token = "{APP_TOKEN}"\napi_url = "{api_url}"\n')
    return file


@pytest.mark.prove
async def test_the_whole_story_in_a_room_of_ones_own(tmp_path: Path) -> None:
    slack = SlackServer()
    slack.workspace.channel(CHANNEL)
    someone = slack.workspace.human("U0ANY", "anybody", locale="en-US")
    async with slack.serving():
        stage = Stage(language="en", rooms=(ROOM,), config=settings_file(tmp_path, slack.api_url))
        async with open_showcase("127.0.0.1", 0, stage) as showcase:
            await showcase.arm("payment-503-after-deploy")

            async def offered(label: str) -> Message:
                def found() -> list[Message]:
                    return [m for m in slack.shown(CHANNEL, root().ts) if f"[{label}]" in m.words]

                def root() -> Message:
                    return next(message for message in slack.shown(CHANNEL) if message.user == BOT)

                await slack.until(lambda: slack.shown(CHANNEL) and found(), WITHIN)
                return found()[-1]

            await slack.presses(someone, await offered("Approve…"), "Approve…")
            await slack.until(lambda: someone.view, WITHIN)
            await slack.submits(someone, word="CONFIRM_EXECUTE")
            (incident,) = await showcase.house.store.register.newest()
            await slack.until(lambda: any("Recovered" in m.words for m in slack.shown(CHANNEL)), WITHIN)
            state = await showcase.house.desk.state(incident)
            (decided,) = [p.decision for p in state.proposals.values() if p.decision]
            assert decided is not None
            assert decided.by == "slack:U0ANY"
            async with ClientSession() as session, session.get(f"{showcase.address}/healthz") as answer:
                assert answer.status == 200


def test_a_stage_has_the_rooms_beside_its_own(tmp_path: Path) -> None:
    folder = stage_teams(Stage(language="en", rooms=(ROOM, "feishu:oc_1")), tmp_path / "teams")
    team = yaml.safe_load((folder / "payments" / "team.yaml").read_text(encoding="utf-8"))
    assert team["rooms"] == ["console:payments", "terminal:demo", ROOM, "feishu:oc_1"]
    assert team["language"] == "en"


@pytest.mark.parametrize("room", ["slack:C1", "feishu:oc_1", "wecom:wr_1"])
def test_a_room_needs_its_platform(room: str) -> None:
    with pytest.raises(InputError) as told:
        check_rooms((room,), Settings())
    platform = room.partition(":")[0]
    assert f"docs/how-to/{platform}.md" in Words("en").say(told.value.phrase)
    assert (Path(__file__).parents[2] / "docs" / "how-to" / f"{platform}.md").is_file()


@pytest.mark.parametrize("room", ["irc:#ops", "slack", "slack:", ":C1", ""])
def test_a_room_is_a_room(room: str) -> None:
    with pytest.raises(InputError) as told:
        check_rooms((room,), load(None, slack={"bot_token": "x"}))
    assert "slack:C…" in Words("en").say(told.value.phrase)


def test_everybody_counts_as_an_approver_there_and_nowhere_else() -> None:
    team = Team(id="t", name="T", open_to=frozenset({"slack"}))
    someone = team.person(Account(platform="slack", id="U1", name="Any"))
    assert someone is not None
    assert (someone.id, someone.name, "approver" in someone.roles) == ("slack:U1", "Any", True)
    assert team.member("slack:U1") is not None
    assert team.person(Account(platform="feishu", id="U1")) is None
    assert team.member("feishu:U1") is None
    assert team.member("slack") is None
    assert Team(id="t", name="T").person(Account(platform="slack", id="U1")) is None
