"""Tells bad days at the edge of the process: a full disk, a second process, a folder or a setting that is wrong."""

import asyncio
import io
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from bot import checkup
from bot.clock import SystemClock
from bot.run import bind, serving, working
from bot.settings import load
from bot.wiring import real_parts
from cards.words import Words
from engine.model import Phrase
from tests.stories.stage import Story, open_story, webhook

WITHIN = 60.0


def tocsin(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command line, with these variables set."""
    given = [f"{name}={value}" for name, value in variables.items()]
    command = ["env", *given, sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=WITHIN)


def one_sentence(text: str) -> str:
    """What a person reads when it fails: one line, no traceback."""
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


@asynccontextmanager
async def at_the_door(folder: Path) -> AsyncIterator[tuple[Story, str, ClientSession]]:
    """The house of a story behind its real HTTP door, in real time."""
    async with (
        open_story(folder, clock=SystemClock()) as story,
        serving(story.house, bind("127.0.0.1", 0)) as address,
        ClientSession() as session,
    ):
        yield story, address, session


async def post(session: ClientSession, address: str, body: bytes) -> tuple[int, Any, str]:
    async with session.post(f"{address}/alerts/alertmanager", data=io.BytesIO(body)) as answer:
        return answer.status, await answer.json(), answer.headers.get("Retry-After", "")


async def test_a_full_disk_answers_503_and_then_takes_alerts_again(tmp_path: Path) -> None:
    async with at_the_door(tmp_path) as (story, address, session):
        story.store.disk.full = True
        status, told, again = await post(session, address, webhook(story.firing()))
        assert (status, bool(again)) == (503, True), "Alertmanager retries this one"
        assert told["error"]
        async with session.get(f"{address}/healthz") as answer:
            assert answer.status == 200, "the process lives on"
        async with session.get(f"{address}/readyz") as answer:
            assert answer.status == 503, "nothing is sent here that could not be kept"
        story.store.disk.full = False
        status, told, _ = await post(session, address, webhook(story.firing()))
        assert (status, told["accepted"], len(told["incidents"])) == (202, 1, 1)


async def test_a_room_that_is_down_keeps_nobody_from_sending_alerts(tmp_path: Path) -> None:
    async with at_the_door(tmp_path) as (story, address, session):
        story.house.outbox.failing["slack:C1"] = Phrase(word="outbox.timed_out")
        async with session.get(f"{address}/readyz") as answer:
            told = await answer.json()
            assert (answer.status, told["ready"], told["degraded"]) == (
                200,
                True,
                ["slack:C1: it did not answer in time"],
            )


async def test_what_cannot_be_read_is_400_and_what_is_too_large_413(tmp_path: Path) -> None:
    async with at_the_door(tmp_path) as (story, address, session):
        for body in (b"", b"{", b'{"alerts": []', b'{"receiver": "x"}'):
            status, told, _ = await post(session, address, body)
            assert status == 400
            assert len(told["error"]) > 20
        status, told, _ = await post(session, address, b"x" * (story.house.settings.intake.max_bytes + 1))
        assert status == 413
        good = [story.firing(shard=str(n)) for n in range(29)]
        status, told, _ = await post(session, address, webhook(*good, {"labels": 7}))
        assert (status, told["accepted"]) == (202, 29)


async def test_a_wrong_token_is_401(tmp_path: Path) -> None:
    async with (
        open_story(tmp_path, clock=SystemClock(), intake={"token": "right"}) as story,
        serving(story.house, bind("127.0.0.1", 0)) as address,
        ClientSession() as session,
    ):
        status, told, _ = await post(session, address, webhook(story.firing()))
        assert status == 401
        assert "TOCSIN_INTAKE__TOKEN" in told["error"]
        assert await story.store.register.newest() == ()
        async with session.post(
            f"{address}/alerts/alertmanager",
            data=webhook(story.firing()),
            headers={"Authorization": "Bearer right"},
        ) as answer:
            assert answer.status == 202


# --- the command line ---


async def test_a_second_process_on_the_same_store(tmp_path: Path) -> None:
    settings = load(None, data_dir=tmp_path, http={"host": "127.0.0.1", "port": 0})
    async with working(settings, real_parts(), bind("127.0.0.1", 0)):
        second = await asyncio.to_thread(
            tocsin, "run", TOCSIN_DATA_DIR=str(tmp_path), TOCSIN_HTTP__PORT=str(free_port())
        )
        assert second.returncode == 1
        assert str(tmp_path / "tocsin.sqlite") in one_sentence(second.stderr)
    third = await asyncio.to_thread(tocsin, "incidents", "--json", TOCSIN_DATA_DIR=str(tmp_path))
    assert (third.returncode, third.stdout.strip()) == (0, '{"incidents": []}'), third.stderr


def free_port() -> int:
    with bind("127.0.0.1", 0) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_data_directory_nobody_can_write(tmp_path: Path, command: str) -> None:
    """A file stands where the folder should be, which not even root can write into."""
    taken = tmp_path / "data"
    taken.write_text("not a folder", encoding="utf-8")
    ran = tocsin(command, TOCSIN_DATA_DIR=str(taken), TOCSIN_HTTP__PORT=str(free_port()))
    assert ran.returncode == 1
    said = one_sentence(ran.stderr) if command == "run" else ran.stdout
    assert str(taken) in said
    assert "Traceback" not in ran.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with bind("127.0.0.1", 0) as listening:
        port = str(listening.getsockname()[1])
        ran = tocsin("run", TOCSIN_DATA_DIR=str(tmp_path), TOCSIN_HTTP__PORT=port)
    assert ran.returncode == 1
    assert port in one_sentence(ran.stderr)


WRONG = {
    "http.port": {"TOCSIN_HTTP__PORT": "many"},
    "execution.enabled": {"TOCSIN_EXECUTION__ENABLED": "perhaps"},
    "prometheus.url": {"TOCSIN_PROMETHEUS__URL": "not an address"},
    "TOCSIN_PROMETEUS__URL": {"TOCSIN_PROMETEUS__URL": "http://127.0.0.1:9090"},
}


@pytest.mark.parametrize("variables", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_wrong_settings_are_named_by_check(
    tmp_path: Path, variables: dict[str, str], language: str, request: pytest.FixtureRequest
) -> None:
    ran = tocsin("check", "--lang", language, TOCSIN_DATA_DIR=str(tmp_path), **variables)
    assert ran.returncode == 1
    assert next(iter(variables)) in ran.stdout
    assert "Traceback" not in ran.stderr


async def test_check_finds_what_is_wrong_and_what_is_right(tmp_path: Path) -> None:
    config = tmp_path / "tocsin.toml"
    (tmp_path / "data" / "teams" / "trade").mkdir(parents=True)
    (tmp_path / "data" / "teams" / "trade" / "team.yaml").write_text("nam: Trade\n", encoding="utf-8")
    config.write_text(
        f'data_dir = "{tmp_path / "data"}"\n[prometheus]\nurl = "http://127.0.0.1:{free_port()}"\n', encoding="utf-8"
    )
    findings = await checkup.check(config)
    said = [(finding.ok, Words("en").say(finding.phrase)) for finding in findings]
    wrong = [text for ok, text in said if not ok]
    assert len(wrong) == 2, said
    assert any("team.yaml" in text and "nam" in text for text in wrong)
    assert any("127.0.0.1" in text for text in wrong)
    missing = await checkup.check(tmp_path / "nowhere.toml")
    assert [finding.ok for finding in missing] == [False]
