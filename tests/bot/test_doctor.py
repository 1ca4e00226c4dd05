"""Checks what `doctor` tells a team in chat: everything that is wrong and set up, and nothing of another team."""

from pathlib import Path

import pytest

from bot.doctor import Doctor
from bot.platforms.contract import Platform
from bot.settings import load
from bot.teams import TeamFiles
from cards.views.doctor import Health, doctor
from cards.words import Words
from engine.model import Phrase
from engine.team import Team
from tests.fakes.clock import FakeClock
from tests.fakes.platforms import FakePlatform

TRADE = "name: Trade\nmatch: {team: trade}\nrooms: ['console:trade', 'slack:C0TRADE', 'irc:trade']\n"
SUPPLY = "name: Supply\nmatch: {team: supply}\nrooms: ['irc:supply']\nescalation: {pager: SUPPLY_PAGER}\n"


class Deaf(FakePlatform):
    """A platform that cannot be heard."""

    trouble = "not connected yet"


class Stand:
    """A doctor over two teams' files, with what it is told about the process."""

    def __init__(self, folder: Path, *platforms: Platform, **settings: object) -> None:
        self.files = folder / "teams"
        self.write("trade", TRADE)
        self.write("supply", SUPPLY)
        self.clock = FakeClock()
        self.failing: dict[str, Phrase] = {}
        self.refused: dict[tuple[str, str, str], Phrase] = {}
        self.full = ""
        self.settings = load(None, data_dir=folder, **settings)
        named = {platform.name: platform for platform in platforms}
        self.doctor = Doctor(self.settings, self.files, self.clock, named, self.failing, self.refused, self.trouble)

    def write(self, team: str, text: str) -> None:
        (self.files / team).mkdir(parents=True, exist_ok=True)
        (self.files / team / "team.yaml").write_text(text, encoding="utf-8")

    async def trouble(self) -> str:
        return self.full

    def team(self, id: str) -> Team:
        teams = TeamFiles(self.files)
        teams.reload()
        return teams.team(id)

    async def look(self, id: str) -> Health:
        return await self.doctor.look(self.team(id))

    async def read(self, id: str, language: str = "en") -> str:
        words = Words(language)
        text = str(doctor(await self.look(id), (), words, self.team(id)))
        for key in ("[doctor", "[part", "[missing", "[button", "[cli"):
            assert key not in text, text
        return text


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_everything_wrong_is_told_and_nothing_of_another_team(tmp_path: Path, language: str) -> None:
    stand = Stand(tmp_path)
    trade = await stand.read("trade", language)
    assert "slack:C0TRADE" in trade
    assert "irc:trade" in trade
    assert "supply" not in trade.casefold()
    supply = await stand.read("supply", language)
    assert "SUPPLY_PAGER" in supply
    assert "irc:supply" in supply
    assert "trade" not in supply.casefold().replace(str(tmp_path).casefold(), "")


async def test_a_wrong_file_is_told_to_its_team_alone(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    known = stand.team("trade")
    stand.write("trade", "name: Trade\nroms: []\n")
    health = await stand.doctor.look(known)
    said = [Words("en").say(phrase) for phrase in health.wrong]
    assert any("trade/team.yaml" in sentence and "roms" in sentence for sentence in said)
    assert "trade/team.yaml" not in str(await stand.look("supply"))


async def test_what_is_set_up_is_told_by_the_name_of_its_setting(tmp_path: Path) -> None:
    stand = Stand(tmp_path, loki={"url": "http://127.0.0.1:9"}, execution={"enabled": True})
    parts = {part.name: part for part in (await stand.look("supply")).parts}
    assert parts["loki"].on
    assert parts["loki"].by == "TOCSIN_LOKI__URL"
    assert not parts["prometheus"].on
    assert parts["execution"].on
    assert not parts["operations"].on
    assert not parts["slack"].on
    assert parts["slack"].by == "TOCSIN_SLACK__BOT_TOKEN"
    assert (parts["pager"].on, parts["pager"].by) == (False, "SUPPLY_PAGER")


async def test_what_does_not_work_right_now_is_told(tmp_path: Path) -> None:
    stand = Stand(tmp_path, Deaf("irc"), FakePlatform("fake"))
    gone = Phrase(word="error.plain", values={"text": "no such channel"})
    stand.failing |= {"irc:trade": gone, "irc:supply": Phrase(word="error.plain", values={"text": "banned"})}
    stand.full = "the disk is full"
    said = [Words("en").say(phrase) for phrase in (await stand.look("trade")).now]
    assert len(said) == 3
    for sentence, part in zip(said, ("no such channel", "not connected yet", "disk is full"), strict=True):
        assert part in sentence
    assert "banned" not in str(said)
    stand.failing.clear()
    stand.full = ""
    assert len((await stand.look("trade")).now) == 1, "what is now is asked each time"


async def test_why_a_room_takes_nothing_is_said_in_the_askers_language(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.failing["irc:trade"] = Phrase(word="outbox.timed_out")
    for language, other in (("zh", "en"), ("en", "zh")):
        read = await stand.read("trade", language)
        assert Words(language).text("outbox.timed_out") in read
        assert Words(other).text("outbox.timed_out") not in read


async def test_everybody_is_not_asked_anew_each_time(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    first = await stand.look("trade")
    stand.write("trade", TRADE.replace("'irc:trade'", "'console:other'"))
    assert (await stand.look("trade")).wrong != first.wrong, "another version of a team is looked at at once"
    supply = stand.team("supply")
    before = await stand.doctor.look(supply)
    (stand.files / "supply" / "services.yaml").write_text("payment: [", encoding="utf-8")
    assert (await stand.doctor.look(supply)).wrong == before.wrong
    await stand.clock.advance(20)
    assert len((await stand.doctor.look(supply)).wrong) == len(before.wrong) + 1


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_card_refused_for_good_is_told_to_the_team_of_its_room(tmp_path: Path, language: str) -> None:
    stand = Stand(tmp_path)
    for manner in ("unnamed", "short", "bare", "refused"):
        about = {"room": "irc:trade", "incident": "inc_1", "part": "header"}
        why = Phrase(word=f"doctor.card_{manner}", values={**about, "why": Phrase(word="wecom.offline")})
        stand.refused["irc:trade", "inc_1", "header"] = why
        assert "inc_1" in await stand.read("trade", language)
        assert "inc_1" not in await stand.read("supply", language)
