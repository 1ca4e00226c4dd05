"""Proves what is read on which host, that nothing else is, and that before and after can be told apart."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.settings import command_environment
from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Queried, Query, Question, Source
from engine.sources import resources
from engine.sources.host_logs import END_OF_FILE, HostLogsSource
from engine.sources.hosts import LOCAL, Hosts, Output, silent
from engine.team import Service
from tests.contracts.queried import QueriedContract
from tests.contracts.source import AMPLE, PATIENCE, Condition, SourceContract, check, check_safe, patience_in, question
from tests.fakes.hosts import FakeHosts, fake_ssh

ASKED = question()
WINDOW = ASKED.window
LOG = "/var/log/pay/app.log"
PAY = Service(name="payment", log_paths=(LOG,), hosts=("web-1",))


def written(at: datetime, text: str) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ} {text}\n"


FILE = (
    written(WINDOW.start - timedelta(minutes=5), "ERROR too early")
    + written(WINDOW.split - timedelta(minutes=5), "ERROR pool slow")
    + written(WINDOW.split + timedelta(minutes=1), "INFO fine")
    + written(WINDOW.split + timedelta(minutes=2), "ERROR pool exhausted")
    + "java.lang.Exception: pool\n\tat Pay.run(Pay.java:12)\n"
    + written(WINDOW.split + timedelta(minutes=3), "WARN pool nearly")
)


def files(contents: dict[str, str]) -> FakeHosts:
    """Hosts on which these files lie."""

    def answer(host: str, argv: Sequence[str]) -> Output:
        if argv[0] == "tail":
            path = argv[-1]
            if path not in contents:
                return Output("", 1, False, f"tail: cannot open '{path}' for reading: No such file or directory")
            return Output(contents[path], 0, False)
        if argv[0] == "stat":
            return Output(f"{int(WINDOW.end.timestamp())}\n", 0, False)
        return Output("", 0, False)

    return FakeHosts(answer)


def source(hosts: Hosts, patience: float = AMPLE, **options: Any) -> HostLogsSource:
    chosen: dict[str, Any] = {"roots": frozenset({"/var/log"}), "now": lambda: WINDOW.end, "pause": 0.0} | options
    return HostLogsSource(hosts, patience=patience, **chosen)


def about(service: Service, *near: Service) -> Question:
    return ASKED.model_copy(update={"service": service, "neighbours": near})


class Known(HostLogsSource):
    """A source whose questions always come with this entry of the catalogue: those of the suites have none."""

    service = PAY.model_copy(update={"hosts": ()})

    async def ask(self, question: Question) -> Sequence[Observation]:
        return await super().ask(question.model_copy(update={"service": self.service, "neighbours": ()}))

    async def look_up(self, query: Query) -> Sequence[Observation]:
        return await super().look_up(query.model_copy(update={"service": self.service}))


def known(condition: Condition) -> Known:
    def fails(host: str, argv: Sequence[str]) -> Output:
        raise silent("host_unreached", host=host, detail="Permission denied (publickey).")

    def babbles(host: str, argv: Sequence[str]) -> Output:
        return Output("\x00\x01 nonsense\n{[}\n", 0, False)

    hosts = {
        "working": files({LOG: FILE}),
        "empty": files({LOG: ""}),
        "failing": FakeHosts(fails),
        "garbage": FakeHosts(babbles),
        "unreachable": FakeHosts(names=()),
        "hanging": FakeHosts(hangs=True),
        "refused": FakeHosts(fails),
    }.get(condition, FakeHosts(babbles))
    return Known(hosts, roots=frozenset({"/var/log"}), now=lambda: WINDOW.end, patience=patience_in(condition))


class TestHostLogsSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        yield known(condition)


class TestHostLogsByHand(QueriedContract):
    @asynccontextmanager
    async def queried_on(self, condition: Condition) -> AsyncIterator[Queried]:
        yield known(condition)


async def one(hosts: Hosts, service: Service = PAY, **options: Any) -> Observation:
    seen = await source(hosts, **options).ask(about(service))
    (found,) = [each for each in seen if each.kind == "log"]
    check(found, about(service), source(hosts))
    return found


async def test_complaints_of_both_sides_with_what_belongs_to_them() -> None:
    hosts = files({LOG: FILE})
    seen = await one(hosts)
    assert [line.message for line in seen.lines] == [
        "ERROR pool slow",
        "ERROR pool exhausted\njava.lang.Exception: pool\n at Pay.run(Pay.java:12)",
        "WARN pool nearly",
    ]
    assert (seen.query, seen.labels, seen.truncated) == (f"web-1:{LOG}", {"host": "web-1"}, False)
    assert seen.complete_since == WINDOW.start
    assert ("web-1", ("tail", "-c", str(END_OF_FILE), LOG)) in hosts.asked


async def test_every_host_file_and_unit_of_service_and_neighbours_is_read_and_nothing_else() -> None:
    hosts = files({LOG: FILE, "/var/log/b.log": FILE})
    near = Service(name="coupon", units=("coupon.service",), hosts=("web-1",))
    service = PAY.model_copy(update={"hosts": ("local", "web-1"), "log_paths": (LOG, "/var/log/b.log")})
    await source(hosts).ask(about(service, near, Service(name="db")))
    read = sorted((host, argv[-1]) for host, argv in hosts.asked if argv[0] == "tail")
    assert read == [(host, path) for host in ("local", "web-1") for path in ("/var/log/b.log", LOG)]
    units = [argv for _, argv in hosts.asked if argv[0] == "journalctl"]
    assert [argv[1] for argv in units] == ["--unit=coupon.service"]
    assert f"--since=@{int(WINDOW.start.timestamp())}" in units[0]
    assert {argv[0] for _, argv in hosts.asked} <= {"tail", "stat", "journalctl", "cat", "df", "ps"}


@pytest.mark.parametrize("path", ["/etc/shadow", "/var/log/../../etc/shadow", "/var/logs/x", "/var/log-x"])
async def test_a_file_outside_the_allowed_folders_is_not_touched(path: str) -> None:
    hosts = files({path: FILE})
    with pytest.raises(SourceSilent, match="host_root") as refused:
        await source(hosts).ask(about(PAY.model_copy(update={"log_paths": (path,), "hosts": ()})))
    check_safe(refused.value.phrase)
    assert not hosts.asked


async def test_what_cannot_be_read_spoils_nothing_else_and_is_named_where_it_is_all() -> None:
    service = PAY.model_copy(update={"log_paths": ("/var/log/gone.log", LOG)})
    assert (await one(files({LOG: FILE}), service)).count == 3
    gone = PAY.model_copy(update={"log_paths": ("/var/log/gone.log",), "hosts": ()})
    with pytest.raises(SourceSilent, match="No such file") as refused:
        await source(files({})).ask(about(gone))
    check_safe(refused.value.phrase)


async def test_lines_without_times_are_not_called_new() -> None:
    with pytest.raises(SourceSilent, match="host_no_times"):
        await source(files({LOG: "ERROR a\nERROR b\n"})).ask(about(PAY.model_copy(update={"hosts": ()})))


async def test_a_clock_of_another_zone_is_set_right() -> None:
    local = "".join(f"{WINDOW.end + timedelta(hours=8, minutes=n):%Y-%m-%d %H:%M:%S} ERROR x{n}\n" for n in (-3, 0))
    assert [line.at for line in (await one(files({LOG: local}))).lines] == [
        WINDOW.end - timedelta(minutes=3),
        WINDOW.end,
    ]


async def test_the_end_of_a_long_file_says_how_far_back_it_goes() -> None:
    begun = WINDOW.split + timedelta(minutes=1)
    text = written(begun, "ERROR first") + "x" * END_OF_FILE + "\n" + written(begun, "ERROR second")
    seen = await one(files({LOG: "half a line\n" + text}))
    assert (seen.complete_since, seen.truncated) == (begun, True)


async def test_of_too_many_lines_the_first_and_the_newest_are_kept() -> None:
    many = "".join(written(WINDOW.split + timedelta(seconds=n), f"ERROR n{n}") for n in range(-400, 600))
    seen = await one(files({LOG: many}))
    said = [line.message for line in seen.lines]
    assert len(said) == 450
    assert (said[0], said[149], said[150], said[-1]) == ("ERROR n-150", "ERROR n-1", "ERROR n0", "ERROR n599")
    assert seen.truncated
    assert seen.complete_since == WINDOW.split - timedelta(seconds=150)


async def test_the_journal_of_a_unit() -> None:
    rows = [
        {
            "__REALTIME_TIMESTAMP": str(int((WINDOW.split + timedelta(seconds=n)).timestamp() * 1e6)),
            "PRIORITY": p,
            "MESSAGE": m,
        }
        for n, p, m in ((-60, "6", "all well"), (5, "3", "no pool"), (9, "4", "slow"))
    ]

    def answer(host: str, argv: Sequence[str]) -> Output:
        return (
            Output("\n".join(json.dumps(row) for row in rows), 0, False)
            if argv[0] == "journalctl"
            else Output("", 0, False)
        )

    seen = await one(FakeHosts(answer), Service(name="payment", units=("pay.service",)))
    assert [(line.level, line.message) for line in seen.lines] == [("error", "no pool"), ("warn", "slow")]
    assert seen.query == "local: journalctl -u pay.service"


async def test_words_are_found_with_what_stands_around_them() -> None:
    text = "".join(written(WINDOW.split + timedelta(seconds=n), f"INFO line {n}") for n in range(20))
    query = Query(text="LINE 10", service=PAY, window=WINDOW, limit=20)
    (seen,) = await source(files({LOG: text})).look_up(query)
    assert [line.message for line in seen.lines] == [f"INFO line {n}" for n in range(8, 13)]
    nowhere = query.model_copy(update={"service": Service(name="payment")})
    with pytest.raises(SourceSilent, match="host_nothing") as refused:
        await source(files({})).look_up(nowhere)
    check_safe(refused.value.phrase)


async def test_lines_of_a_level_alone_are_shown_where_they_are_wanted() -> None:
    words = ("INFO fine", "WARN slow", "ERROR no pool", "FATAL gone")
    text = "".join(written(WINDOW.split + timedelta(seconds=n), said) for n, said in enumerate(words))
    query = Query(text="", service=PAY, window=WINDOW, limit=20, level="error")
    (seen,) = await source(files({LOG: text})).look_up(query)
    assert [line.level for line in seen.lines] == ["error", "fatal"]
    assert seen.query.endswith("error or worse")


async def test_real_files_here_and_behind_ssh(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_text(FILE, encoding="utf-8")
    program, _ = fake_ssh(tmp_path)
    hosts = Hosts({"web-1": "web-1"}, local=True, environment=command_environment(), ssh=program)
    for name in (LOCAL, "web-1"):
        service = Service(name="payment", log_paths=(str(log),), hosts=(name,))
        seen = await source(hosts, patience=20.0, roots=frozenset({str(tmp_path)})).ask(about(service))
        assert [len(each.lines) for each in seen if each.kind == "log"] == [3]


async def test_what_check_says_of_hosts_and_files() -> None:
    services = (
        PAY.model_copy(update={"log_paths": (LOG, "/var/log/gone.log", "/var/log/odd.log", "/etc/passwd")}),
        Service(name="x", log_paths=("/var/log/x.log",), hosts=("nowhere",)),
        Service(name="y"),
    )
    said = await source(files({LOG: FILE, "/var/log/odd.log": "no time here\n"})).examine(services)
    assert [(each.ok, each.phrase.word) for each in said] == [
        (False, "evidence.silent.host_unknown"),
        (True, "check.host"),
        (False, "evidence.silent.host_command"),
        (False, "evidence.silent.host_no_times"),
        (False, "evidence.silent.host_root"),
    ]
    for each in said:
        check_safe(each.phrase)


# --- how a host does ---

STAT = ("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1\ncpu1 1\n", "cpu  190 0 105 804 1 0 0 0 0 0\ncpu0 1\ncpu1 1\n")
CARDS = "  eth0: {} 1 0 0 0 0 0 0 {} 1 0 0 0 0 0 0\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n"
MEMORY = "1.87 2.25 2.35 3/135 26345\nMemTotal: 1000 kB\nMemAvailable: 20 kB\nSwapTotal: 100 kB\nSwapFree: 50 kB\n"
DISKS = """Filesystem 1024-blocks Used Available Capacity Mounted on
tmpfs 24684092 0 24684092 100% /dev/shm
/dev/vda1 100 40 60 40% /
/dev/vdb 100 99 1 99% /var/lib/my sql
"""
PROCESSES = "  PID USER %CPU %MEM COMMAND\n 26 root 91.9 0.3 java\n 27 pay 1.0 1.3 pay worker\nbroken\n"


def machine(*, without: Sequence[str] = ()) -> FakeHosts:
    looks = iter((f"{STAT[0]}{CARDS.format(1_000, 100)}", f"{STAT[1]}{CARDS.format(3_048, 100)}") * 9)

    def answer(host: str, argv: Sequence[str]) -> Output:
        if argv[0] in without:
            raise silent("host_program", host=host, program=argv[0], detail="No such file or directory")
        said = {"df": DISKS, "ps": PROCESSES}
        if argv == resources.COUNTERS:
            return Output(next(looks), 0, False)
        return Output(said.get(argv[0], MEMORY), 0, False)

    return FakeHosts(answer)


async def look(hosts: FakeHosts) -> resources.Readings:
    async def run(argv: Sequence[str]) -> Output:
        return await hosts.run(LOCAL, argv)

    return await resources.readings(run, pause=0.0)


async def test_how_a_machine_does() -> None:
    found = await look(machine())
    assert [(one.role, round(one.value, 2), one.of) for one in found.used] == [
        ("cpu_use", 0.95, ""),
        ("memory_use", 0.98, ""),
        ("disk_use", 0.99, "/var/lib/my sql"),
        ("disk_use", 0.4, "/"),
    ]
    assert (found.processors, found.load, found.swap_used) == (2, (0.935, 1.125, 1.175), 0.5)
    assert [(card.card, card.received, card.sent) for card in found.traffic] == [("eth0", 20_480.0, 0.0)]
    assert [(each.name, each.cpu) for each in found.processes] == [("java", "91.9"), ("pay worker", "1.0")]
    assert round(found.waiting, 2) == 0.01


async def test_what_a_machine_does_not_have_is_left_out() -> None:
    found = await look(machine(without=("df", "ps")))
    assert [one.role for one in found.used] == ["cpu_use", "memory_use"]
    assert found.processes == ()


async def test_what_says_nothing_readable_is_empty() -> None:
    assert await look(FakeHosts(lambda host, argv: Output("\x00\x01: 1 2\ncpu x\n", 0, False))) == resources.Readings()


async def test_a_host_that_runs_full_is_evidence_of_its_service() -> None:
    service = Service(name="payment", hosts=("web-1",))
    seen = await source(machine(), patience=10.0).ask(about(service))
    assert [(each.service, each.role, each.labels.get("of", "")) for each in seen] == [
        ("payment", "cpu_use", ""),
        ("payment", "memory_use", ""),
        ("payment", "disk_use", "/var/lib/my sql"),
        ("payment", "disk_use", "/"),
    ]
    for each in seen:
        check(each, about(service), source(machine()))
    assert datetime.fromtimestamp(seen[0].points[0][0], UTC) == WINDOW.end


class TestHostsExamined:
    """A source that is examined before there is an incident: each host is named, and none is waited for long."""

    @pytest.mark.parametrize("condition", ["working", "empty", "failing", "garbage", "unreachable"])
    async def test_says_of_each_host_how_it_is_in_words_people_may_read(self, condition: Condition) -> None:
        for services in ((PAY,), ()):
            remarks = await known(condition).examine(services)
            assert remarks[:1] if services else not remarks
            for remark in remarks:
                check_safe(remark.phrase)
            assert all(remark.ok for remark in remarks) is (condition in ("working", "empty") or not services)

    async def test_a_hanging_host_is_not_waited_for(self) -> None:
        async with asyncio.timeout(PATIENCE * 10):
            (remark,) = await known("hanging").examine((PAY,))
        assert not remark.ok
