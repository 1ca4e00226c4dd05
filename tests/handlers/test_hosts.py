"""Checks that people look at hosts of their own team alone, by commands that only look, and that it is written down."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from cards.model import Fold, Log
from engine.sources.hosts import Output, silent
from engine.team import Service
from handlers.front_door import FrontDoor
from tests.engine.sources.test_host_logs import machine
from tests.fakes.hosts import FakeHosts
from tests.handlers.house import Scene
from tests.handlers.test_commands_team import BOTH, pressable, read, word

LOG = "/var/log/pay/app.log"


def scene_with(fake: FakeHosts, language: str = "en", **service: object) -> Scene:
    scene = Scene(language)
    entry = Service.model_validate({"name": "payment", "hosts": ("web-1",), "log_paths": (LOG,)} | service)
    scene.teams.teams["trade"] = scene.team.model_copy(update={"services": {"payment": entry}})
    scene.house = replace(scene.house, hosts=fake)
    scene.door = FrontDoor(scene.house)
    return scene


def says(text: str, code: int = 0, complaint: str = "") -> FakeHosts:
    return FakeHosts(lambda host, argv: Output(text, code, False, complaint))


@BOTH
async def test_a_command_is_run_shown_and_written_down(language: str) -> None:
    hosts = says("Filesystem\n/dev/vda 99%\npassword=hunter22\n")
    scene = scene_with(hosts, language)
    incident = await scene.incident()
    answer = await scene.type("rita", incident, word(language, "诊断主机 web-1 df -h", "diag web-1 df -h"))
    text = read(answer)
    assert "/dev/vda 99%" in text
    assert "hunter22" not in text
    assert hosts.asked == [("web-1", ("df", "-h"))]
    (asked,) = await scene.entries(incident, "diagnostic.asked")
    (ended,) = await scene.entries(incident, "diagnostic.answered")
    assert (asked.actor, asked.body["host"], asked.body["command"]) == ("rita", "web-1", "df -h")
    assert ended.body["code"] == 0


async def test_a_failure_is_shown_as_one() -> None:
    scene = scene_with(says("", 4, "Unit x could not be found."))
    text = read(await scene.type("rita", await scene.incident(), "diag web-1 systemctl status x"))
    assert "code 4" in text
    assert "could not be found" in text


async def test_3000_characters_stand_open_and_more_are_folded() -> None:
    lines = "\n".join(f"{n:04d} {'x' * 94}" for n in range(1_000))
    scene = scene_with(says(lines))
    card = (await scene.type("rita", await scene.incident(), "diag web-1 ps aux")).card
    assert card is not None
    shown = next(block for block in card.blocks if isinstance(block, Log))
    folded = next(block for block in card.blocks if isinstance(block, Fold)).blocks[0]
    assert isinstance(folded, Log)
    assert sum(len(line) + 1 for line in shown.lines) == 3_000
    assert sum(len(line) + 1 for line in folded.lines) == 20_000
    assert folded.lines[0].startswith("0030")
    assert scene.words.text("hosts.cut") in read(await scene.type("rita", await scene.incident(), "diag web-1 ps aux"))


@pytest.mark.parametrize("text", ["diag web-1 rm -rf /", "diag web-1 df; id", "diag web-1", f"diag web-1 tail {LOG}.1"])
async def test_what_does_more_than_look_is_refused_and_the_attempt_kept(text: str) -> None:
    hosts = says("")
    scene = scene_with(hosts)
    incident = await scene.incident()
    assert (await scene.type("alice", incident, text)).tone == "refused"
    assert not hosts.asked
    (entry,) = await scene.entries(incident, "request.refused")
    assert text in entry.body["attempt"]


@BOTH
@pytest.mark.parametrize(
    "chinese, english, seconds, argv",
    [
        ("df -h", "df -h", 30, ("df", "-h")),
        ("超时=10 df -h", "timeout=10 df -h", 10, ("df", "-h")),
        ("超时＝1秒 df -h", "TIMEOUT=1s df -h", 1, ("df", "-h")),
        ("df -h 超时=120", "df -h timeout=120", 120, ("df", "-h")),
        (
            f"超时=5 grep timeout=10 {LOG}",
            f"timeout=5 grep timeout=10 {LOG}",
            5,
            ("grep", "--max-count=200", "timeout=10", LOG),
        ),
        (f"grep timeout=10 {LOG}", f"grep timeout=10 {LOG}", 30, ("grep", "--max-count=200", "timeout=10", LOG)),
    ],
)
async def test_a_command_may_run_as_long_as_is_said(
    language: str, chinese: str, english: str, seconds: float, argv: tuple[str, ...]
) -> None:
    hosts = says("x\n")
    scene = scene_with(hosts, language)
    incident = await scene.incident()
    said = word(language, f"诊断主机 web-1 {chinese}", f"diag web-1 {english}")
    assert "x" in read(await scene.type("rita", incident, said))
    assert (hosts.asked, hosts.given) == ([("web-1", argv)], [seconds])
    (asked,) = await scene.entries(incident, "diagnostic.asked")
    assert asked.body["timeout"] == seconds


@BOTH
@pytest.mark.parametrize("said", ["0", "121", "-5", "", "1h", "1.5", "٣", "9" * 500])
async def test_a_time_out_of_bounds_is_said_and_nothing_is_run(language: str, said: str) -> None:
    hosts = says("")
    scene = scene_with(hosts, language)
    answer = await scene.type("rita", await scene.incident(), f"diag web-1 timeout={said} df -h")
    assert answer.tone == "refused"
    assert "120" in scene.heard(answer)
    assert not hosts.asked


async def test_log_files_of_the_own_catalogue_may_be_read() -> None:
    hosts = says("line\n")
    scene = scene_with(hosts)
    await scene.type("rita", await scene.incident(), f"diag web-1 grep -C 2 pool {LOG}")
    assert hosts.asked == [("web-1", ("grep", "--max-count=200", "-C", "2", "pool", LOG))]


@pytest.mark.parametrize("host", ["web-2", "local", "-oProxyCommand=x", "elsewhere"])
async def test_a_host_the_team_does_not_have_is_refused(host: str) -> None:
    hosts = FakeHosts(names=("local", "web-1", "web-2"))
    scene = scene_with(hosts)
    answer = await scene.type("alice", await scene.incident(), f"diag {host} uptime")
    assert answer.phrase is not None
    assert answer.phrase.values["known"] == "web-1"
    assert (await scene.type("alice", "", f"resources {host}")).tone == "refused"
    assert not hosts.asked


async def test_this_machine_belongs_to_teams_whose_services_are_here() -> None:
    hosts = says("up 3 days")
    scene = scene_with(hosts, hosts=())
    assert "up 3 days" in read(await scene.type("rita", await scene.incident(), "diag local uptime"))


async def test_who_may_only_look_may_not_run_commands() -> None:
    hosts = says("")
    scene = scene_with(hosts)
    incident = await scene.incident()
    assert (await scene.type("vic", incident, "diag web-1 uptime")).tone == "refused"
    assert (await scene.type("alice", "", "diag web-1 uptime")).tone == "refused"
    assert not hosts.asked


async def test_a_host_that_is_not_reached_is_said_and_written_down() -> None:
    def answer(host: str, argv: Sequence[str]) -> Output:
        raise silent("host_unreached", host=host, detail="Permission denied (publickey).")

    scene = scene_with(FakeHosts(answer))
    incident = await scene.incident()
    refused = await scene.type("rita", incident, "diag web-1 uptime")
    assert refused.phrase is not None
    assert "Permission denied" in scene.words.say(refused.phrase)
    assert await scene.entries(incident, "diagnostic.failed")
    assert (await scene.type("rita", "", "resources web-1")).tone == "refused"


async def test_without_hosts_it_is_said_how_to_name_them() -> None:
    answer = await scene_with(FakeHosts(names=())).type("alice", "", "resources web-1")
    assert answer.phrase is not None
    assert answer.phrase.word == "error.no_hosts"


@BOTH
async def test_how_a_host_does(language: str) -> None:
    scene = scene_with(machine(), language)
    answer = await scene.type("vic", "", word(language, "资源 web-1", "resources web-1"))
    text = read(answer)
    for said in ("95 %", "98 %", "99 %", "/var/lib/my sql", "eth0", "2.0 KiB/s", "java", "91.9 %"):
        assert said in text, said
    assert answer.card is not None
    assert answer.card.tone == "warning"
    assert ("resources", {"host": "web-1"}) in pressable(answer.card)
    assert "[hosts" not in text


@BOTH
async def test_what_is_wanted_of_a_host_is_shown_alone(language: str) -> None:
    scene = scene_with(machine(), language)
    answer = await scene.type("vic", "", word(language, "资源 web-1 磁盘、网络", "resources web-1 disk, network"))
    text = read(answer)
    assert "eth0" in text
    assert "99 %" in text
    assert "java" not in text
    assert answer.card is not None
    assert ("resources", {"host": "web-1 disk network"}) in pressable(answer.card)
    again = await scene.press("vic", "resources", "", host="web-1 disk network")
    assert read(again) == text
    own = await scene.type("vic", await scene.incident(), word(language, "资源 进程", "resources processes"))
    assert "java" in read(own)
    strange = await scene.type("vic", "", "resources web-1 weather")
    assert (strange.tone, "weather" in scene.heard(strange)) == ("refused", True)


async def test_in_a_thread_the_host_of_its_service_is_meant() -> None:
    scene = scene_with(machine())
    assert "web-1" in read(await scene.type("vic", await scene.incident(), "resources"))
