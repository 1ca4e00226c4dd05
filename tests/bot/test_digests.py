"""Checks when a digest is due, what team files may say of it, and that it is posted once per period."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.digests import GRACE, due, ends, post_digests
from bot.run import reload_teams
from bot.teams import read_team
from cards.render.text import render
from cards.words import Words
from engine.errors import SettingsError
from engine.team import Digest
from tests.stories.stage import Story, in_story_time, open_story

DAILY_TITLE = {"en": "daily digest", "zh": "日报"}
DAILY = Digest(every="daily", at="09:00", zone="Asia/Shanghai")
WEEKLY = Digest(every="weekly", at="09:00", zone="Europe/Berlin")


@pytest.mark.parametrize(
    "digest, now, day",
    [
        (DAILY, "2026-03-02T00:59:00", None),
        (DAILY, "2026-03-02T01:00:00", date(2026, 3, 2)),
        (DAILY, "2026-03-02T07:00:00", date(2026, 3, 2)),
        (DAILY, "2026-03-02T07:00:01", None),
        (WEEKLY, "2026-03-02T08:00:00", date(2026, 3, 2)),
        (WEEKLY, "2026-03-03T08:00:00", None),
        (WEEKLY, "2026-03-30T07:00:00", date(2026, 3, 30)),
    ],
)
def test_a_digest_is_due_at_its_hour_and_a_while_after(digest: Digest, now: str, day: date | None) -> None:
    assert due(digest, datetime.fromisoformat(now).replace(tzinfo=UTC)) == day


@given(
    st.integers(0, 2 * 366 * 86_400),
    st.sampled_from(["daily", "weekly"]),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia"]),
    st.sampled_from(["00:00", "02:30", "09:00", "23:59"]),
)
def test_what_is_due_ended_lately(seconds: int, every: str, zone: str, at: str) -> None:
    digest = Digest.model_validate({"every": every, "at": at, "zone": zone})
    moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    day = due(digest, moment)
    if day is not None:
        assert timedelta(hours=-1) <= moment - ends(digest, day) <= GRACE
        assert every == "daily" or day.weekday() == 0
        assert ends(digest, day).tzinfo == ZoneInfo(zone)


@pytest.mark.parametrize(
    "keys, digests",
    [
        ("", []),
        ("digest: off", []),
        ('digest: "off"', []),
        ("digest: weekly\nzone: Asia/Shanghai", [("weekly", "09:00", "Asia/Shanghai", ())]),
        ("digest: [daily, weekly]", [("daily", "09:00", "UTC", ()), ("weekly", "09:00", "UTC", ())]),
        (
            'digest: [daily, {every: weekly, at: "10:30", rooms: ["slack:C1"]}]\ndigest_at: "08:00"',
            [("daily", "08:00", "UTC", ()), ("weekly", "10:30", "UTC", ("slack:C1",))],
        ),
        (
            'digest: {every: daily, rooms: ["slack:C1", "wecom:w1"]}',
            [("daily", "09:00", "UTC", ("slack:C1", "wecom:w1"))],
        ),
    ],
)
def test_team_files_say_when_and_where(tmp_path: Path, keys: str, digests: list[tuple[object, ...]]) -> None:
    assert [(d.every, d.at, d.zone, d.rooms) for d in team(tmp_path, keys)] == digests


@pytest.mark.parametrize(
    "keys, key",
    [
        ("digest: hourly", "digest"),
        ("digest: [daily, hourly]", "digest.1.every"),
        ("digest: 5", "digest"),
        ("digest: {every: daily, rooms: [C1]}", "digest.0.rooms"),
        ("digest: {every: daily, at: 9}", "digest.0.at"),
        ("digest: {evry: daily}", "digest.0"),
        ("zone: Mars/Base", "zone"),
        ('digest_at: "9 am"', "digest_at"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, keys: str, key: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        team(tmp_path, keys)
    for language in ("en", "zh"):
        assert f"team.yaml, key {key}" in Words("en").say(wrong.value.phrase)
        assert "[error" not in Words(language).say(wrong.value.phrase)


def team(folder: Path, keys: str) -> tuple[Digest, ...]:
    here = folder / "trade"
    here.mkdir()
    (here / "team.yaml").write_text(f"name: Trade\n{keys}\n", encoding="utf-8")
    return read_team(here).team.digests


# --- posted ---


def wants(story: Story, *digests: Digest) -> list[object]:
    """The teams as they are, where trade wants a digest."""
    teams = story.house.tools.teams.all()
    return [t.model_copy(update={"digests": digests}) if t.id == "trade" else t for t in teams]


async def posted(story: Story, *digests: Digest) -> list[str]:
    """What the rooms read, after a round."""
    await post_digests(wants(story, *digests), story.house.board, story.house.tools.clock)  # type: ignore[arg-type]
    await story.house.outbox.settle(seconds=60.0)
    messages = [m for platform in story.platforms.values() for m in platform.messages if m.key.startswith("board/")]
    return [f"{m.room}: {render(m.card).body}" for m in messages]


@pytest.mark.parametrize("language", ["zh", "en"])
@in_story_time
async def test_a_digest_is_posted_once_also_after_a_restart(tmp_path: Path, language: str) -> None:
    digest = Digest(every="daily", at="10:00", zone="UTC")
    async with open_story(tmp_path, language) as story:
        incident = await story.alert()
        seen = await posted(story, digest)
        assert [line.split(":")[0] for line in seen] == ["trade", "trade"], "each room of the team, no other"
        assert await posted(story, digest) == seen
        kept, clock = story.store, story.house.tools.clock
    async with open_story(tmp_path, language, store=kept, clock=clock) as story:
        assert await posted(story, digest) == [], "it hangs there already"
        await clock.sleep(24 * 3_600.0)
        seen = await posted(story, digest)
        assert len(seen) == 2
        assert all(incident in line for line in seen)
        assert all("[" not in line.replace("[View", "") for line in seen)


@in_story_time
async def test_each_digest_goes_to_its_own_rooms(tmp_path: Path) -> None:
    daily = Digest(every="daily", at="10:00", rooms=("chat:trade",))
    weekly = Digest(every="weekly", at="10:00", rooms=("second:managers",))
    async with open_story(tmp_path, "en") as story:
        clock = story.house.tools.clock
        await clock.sleep((7 - clock.now().weekday()) * 86_400.0)
        seen = await posted(story, daily, weekly)
        assert await posted(story, daily, weekly) == seen
        assert [line.partition(":")[0] for line in seen if "daily digest" in line] == ["trade"]
        assert [line.partition(":")[0] for line in seen if "weekly digest" in line] == ["managers"]


@in_story_time
async def test_a_digest_wanted_before_a_crash_is_drawn_after_it(tmp_path: Path) -> None:
    async with open_story(tmp_path, "en") as story:
        kept, clock = story.store, story.house.tools.clock
        name = f"digest:daily@10:00/{clock.now().date().isoformat()}"
    await kept.posts.want("chat:trade", f"board/trade/{name}", ("header",))
    async with open_story(tmp_path, "en", store=kept, clock=clock) as story:
        await story.house.outbox.resume()
        await story.house.outbox.settle(seconds=60.0)
        (message,) = story.platforms["chat"].messages
        assert "daily digest" in message.card.title


@in_story_time
async def test_a_live_card_hangs_once_is_edited_and_never_reaches_another_team(tmp_path: Path) -> None:
    async with open_story(tmp_path, "en") as story:
        lin = story.person("lin")
        service = story.world.service
        for _ in range(3):
            heard = await lin.says(f"/incident monitor {service}")
            await story.house.tools.clock.sleep(60.0)
            await story.house.outbox.settle(seconds=60.0)
        assert heard.tone == "ok", heard.text
        (message,) = story.platforms["chat"].messages
        assert (message.room, message.thread, message.edits) == ("trade", "", 2)
        assert not story.platforms["second"].messages


@in_story_time
async def test_a_room_that_stays_away_for_long_gets_its_digest_when_it_is_back(tmp_path: Path) -> None:
    digest = Digest(every="daily", at="10:00", zone="UTC")
    async with open_story(tmp_path, "en") as story:
        chat = story.platforms["chat"]
        chat.busy = 100_000
        await post_digests(wants(story, digest), story.house.board, story.house.tools.clock)  # type: ignore[arg-type]
        await story.house.tools.clock.sleep(1_200.0)
        assert not chat.messages
        assert len(story.platforms["second"].messages) == 1
        chat.busy = 0
        await story.house.outbox.settle(seconds=120.0)
        assert len(chat.messages) == 1


@in_story_time
async def test_each_room_reads_its_digest_and_live_card_in_its_own_language(tmp_path: Path) -> None:
    async with open_story(tmp_path, "en") as story:
        (file,) = tmp_path.glob("teams-*/trade/team.yaml")
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
        said["rooms"] = ["chat:trade", {"room": "second:trade", "language": "zh"}]
        file.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
        await reload_teams(story.house)
        hour = f"{story.house.tools.clock.now():%H}:00"
        await posted(story, Digest(every="daily", at=hour, zone="UTC"))
        await story.person("lin").says(f"/incident monitor {story.world.service}")
        await story.house.outbox.settle(seconds=60.0)
        for platform, language in (("chat", "en"), ("second", "zh")):
            cards = [message.card for message in story.platforms[platform].messages]
            assert {card.language for card in cards} == {language}
            assert any(DAILY_TITLE[language] in card.title for card in cards)
