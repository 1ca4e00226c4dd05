"""Proves that a command is run as its words, bounded in time and bytes, and that no shell on the way reads them."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from bot.settings import command_environment
from engine.errors import SourceSilent
from engine.sources.hosts import LOCAL, Hosts
from tests.contracts.source import check_safe
from tests.fakes.hosts import fake_ssh

HERE = command_environment()


def local() -> Hosts:
    return Hosts({}, local=True, environment=HERE)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def lingering(marker: Path) -> list[str]:
    """A command that writes down its number and does not end."""
    return ["sh", "-c", f"echo $$ > '{marker}'; exec sleep 600"]


async def test_what_a_command_says_and_how_it_ends() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert await local().run(LOCAL, python(code)) == ("out\n", 3, False, "err\n")


@pytest.mark.parametrize("word", ["; touch x", "$(touch x)", "`touch x`", "a b", "*", "'", '"', "\\", "--", "支付"])
async def test_words_arrive_as_they_are_here_and_behind_ssh(word: str, tmp_path: Path) -> None:
    program, _ = fake_ssh(tmp_path)
    hosts = Hosts({"web-1": "ops@10.0.0.5"}, local=True, environment=HERE, ssh=program)
    code = python("import sys; print(sys.argv[1:])")
    for host in (LOCAL, "web-1"):
        assert (await hosts.run(host, [*code, word])).text == f"{[word]}\n"
    assert not (Path.cwd() / "x").exists()


async def test_ssh_asks_nobody_and_takes_no_word_for_an_option(tmp_path: Path) -> None:
    program, log = fake_ssh(tmp_path)
    hosts = Hosts({"web-1": "ops@10.0.0.5"}, environment=HERE, ssh=program)
    await hosts.run("web-1", ["echo", "-oProxyCommand=x"])
    (call,) = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())
    assert call[-3:] == ["ops@10.0.0.5", "--", "echo -oProxyCommand=x"]
    assert "BatchMode=yes" in call


async def test_a_host_that_is_not_reached_is_named_with_what_ssh_says(tmp_path: Path) -> None:
    program, _ = fake_ssh(tmp_path)
    hosts = Hosts({"old": "gone"}, environment=HERE, ssh=program)
    with pytest.raises(SourceSilent) as silent:
        await hosts.run("old", ["uptime"])
    check_safe(silent.value.phrase)
    assert "Connection refused" in str(silent.value)


@pytest.mark.parametrize("host", ["nowhere", "", LOCAL, "-oProxyCommand=x"])
async def test_a_host_nobody_named_is_not_looked_for(host: str) -> None:
    with pytest.raises(SourceSilent, match="host_unknown"):
        await Hosts({"web-1": "web-1"}, environment=HERE).run(host, ["uptime"])


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(SourceSilent, match="host_program") as silent:
        await local().run(LOCAL, ["no-such-program"])
    check_safe(silent.value.phrase)


async def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    with pytest.raises(SourceSilent, match="host_late") as silent:
        await local().run(LOCAL, lingering(marker), seconds=1.0)
    check_safe(silent.value.phrase)
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


async def test_who_is_cancelled_leaves_nothing_running(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await local().run(LOCAL, lingering(marker))
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)


async def test_what_says_too_much_is_cut_and_ended() -> None:
    output = await local().run(LOCAL, python("while True: print('x' * 1000)"), most=5_000, seconds=20)
    assert (len(output.text), output.code, output.cut) == (5_000, 0, True)


async def test_what_complains_too_much_does_not_hang() -> None:
    output = await local().run(
        LOCAL, python("import sys; sys.stderr.write('x' * 1_000_000); print('done')"), seconds=20
    )
    assert (output.text, output.cut, len(output.complaint)) == ("done\n", False, 4_096)


async def test_a_command_inherits_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_INTAKE__TOKEN", "s3cret")
    hosts = Hosts({}, local=True, environment=command_environment())
    output = await hosts.run(LOCAL, python("import os; print(sorted(os.environ))"))
    assert "TOCSIN" not in output.text
    assert "PATH" in output.text


async def test_bytes_that_are_no_text_do_no_harm() -> None:
    output = await local().run(LOCAL, python("import sys; sys.stdout.buffer.write(bytes(range(256)))"))
    assert "�" in output.text
