"""Kills `tocsin run` again and again at random moments, with many incidents alive, and counts what was done."""

import asyncio
import random
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout, CookieJar

from bot.clock import RandomIds, SystemClock
from store.audit import audit_verify
from store.sqlite import SqliteStore, open_beside, open_sqlite
from tests.crash.nursery import ROOT, SURROUNDINGS
from tests.crash.on_call import TOKEN, Gone, OnCall
from tests.crash.stage import ALERT_AGE, outside, until

FAULT_BEFORE_ALERT = 8.0
UP_WITHIN = 30.0
ALL_END_WITHIN = 150.0
LIVES_AT_MOST = 1.2
"""Seconds a process is left alive at most, once it answers."""

TEAM = """
name: Payments
match: {env: prod}
rooms: ["console:payments"]
watchdog_minutes: 0
people:
  lin: {name: Lin, roles: [responder, approver], accounts: {console: lin}}
"""
SERVICE = """
%s:
  objective: {error_ratio: 0.02, latency_p95: 0.5}
  remedies:
    - operation: rollback_canary
      operation_class: rollback
      executor: releases
      against: [deploy_db_regression, bad_release]
      arguments: {version: "{previous_version}"}
      undo: restore_state
"""
TEMPO = {
    "COMPRESSED": "true",
    "LOOKBACK": "30",
    "LEAD": "12",
    "SOURCE_TIMEOUT": "10",
    "ACT_TIMEOUT": "10",
    "VERIFY_AFTER": "2",
    "VERIFY_EVERY": "1",
    "VERIFY_TRIES": "20",
}


@dataclass
class Bot:
    """A `tocsin run` that is started anew after each kill, on one data directory and one port."""

    folder: Path
    backends: str
    port: int
    process: Process | None = None

    @property
    def surroundings(self) -> dict[str, str]:
        """The settings, as variables."""
        said = {
            "DATA_DIR": str(self.folder),
            "HTTP__PORT": str(self.port),
            "API__READ_TOKEN": TOKEN,
            "EXECUTION__ENABLED": "true",
            "EXECUTION__ALLOWED_OPERATIONS": "rollback_canary",
            "PROMETHEUS__URL": self.backends,
            "PROMETHEUS__STEP": "1",
            "PROMETHEUS__RATE_WINDOW": "5",
            "RELEASES__URL": self.backends,
            "RELEASES__OPERATIONS": "rollback_canary=rollback",
        } | {f"PACE__{name}": value for name, value in TEMPO.items()}
        return SURROUNDINGS | {f"TOCSIN_{name}": value for name, value in said.items()}

    async def command(self, *words: str, **more: Any) -> Process:
        """`tocsin` with these words."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *words, cwd=ROOT, env=self.surroundings, **more
        )

    async def start(self) -> None:
        """Start it; what it says goes to a file."""
        with (self.folder / "log").open("ab") as log:
            self.process = await self.command("run", stdout=log, stderr=log)

    async def kill(self) -> None:
        """kill -9."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, as an init system stops it; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return await self.process.wait()

    @property
    def store(self) -> Path:
        """The file everything is kept in."""
        return self.folder / "tocsin.sqlite"

    @property
    def log(self) -> str:
        """The end of what it said."""
        return (self.folder / "log").read_text()[-4_000:]


@dataclass
class Storm:
    """Many incidents at a bot that is killed `kills` times."""

    bot: Bot
    on_call: OnCall
    session: ClientSession
    incidents: int
    kills: int
    seed: int
    opened: list[str] = field(default_factory=list)
    living: list[int] = field(default_factory=list)
    executing: list[int] = field(default_factory=list)

    async def rage(self) -> None:
        """All of it: alerts, kills while people approve, and then as long as it takes for everybody to end."""
        dice = random.Random(self.seed)
        await self._up()
        await self._sign_in()
        await self._alerts()
        for number in range(1, self.kills + 1):
            self.on_call.may_approve = self.incidents * number // self.kills
            await self._answer_for(dice.uniform(0.0, LIVES_AT_MOST))
            await self.bot.kill()
            self.living.append(sum(status != "closed" for status in self.on_call.statuses.values()))
            busy = Counter(self.on_call.statuses.values())
            self.executing.append(busy["executing"] + busy["verifying"])
            await self._up()
        self.on_call.may_close = True
        await until(self._all_closed, ALL_END_WITHIN)
        await until(self._all_said, ALL_END_WITHIN)
        assert await self.bot.stop() == 0, self.bot.log

    async def _up(self) -> None:
        await self.bot.start()
        assert await until(self.on_call.ready, UP_WITHIN), self.bot.log

    async def _sign_in(self) -> None:
        told = await self.bot.command("sign-in", "lin", stdout=PIPE)
        said, _ = await told.communicate()
        await self.on_call.sign_in(said.decode())

    async def _alerts(self) -> None:
        starts_at = SystemClock().now() - ALERT_AGE
        fault = {"at": starts_at.timestamp() - FAULT_BEFORE_ALERT}
        async with self.session.post(f"{self.bot.backends}/fault", json=fault) as answer:
            assert answer.status == 200
        for number in range(self.incidents):
            labels = {"env": "prod"}
            body = {"name": "HighErrorRatio", "service": f"crash-{number}", "severity": "critical", "labels": labels}
            self.opened.append(await self.on_call.alert(body | {"starts_at": starts_at.isoformat()}))

    async def _answer_for(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await self.on_call.look()
        except (TimeoutError, Gone):
            pass

    async def _all_closed(self) -> bool:
        await self.on_call.look()
        return set(self.on_call.statuses.values()) == {"closed"}

    async def _all_said(self) -> bool:
        async with open_beside(self.bot.store, SystemClock(), RandomIds()) as store:
            return not await store.posts.rooms_due()

    async def counts(self) -> dict[str, Any]:
        """What the backends counted, by service."""
        async with self.session.get(f"{self.bot.backends}/counts") as answer:
            counted: dict[str, Any] = await answer.json()
            return counted


@asynccontextmanager
async def a_storm(folder: Path, incidents: int, kills: int, seed: int) -> AsyncIterator[Storm]:
    """The outside, a bot that is not started, and somebody on call."""
    _team_files(folder / "teams" / "payments", incidents)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with AsyncExitStack() as stack:
        backends = await stack.enter_async_context(outside("tests.crash.backends"))
        # Cookies of an address without a name are kept only where one says so.
        jar, timeout = CookieJar(unsafe=True), ClientTimeout(total=20.0)
        session = await stack.enter_async_context(ClientSession(cookie_jar=jar, timeout=timeout))
        bot = Bot(folder, backends, port)
        stack.push_async_callback(bot.kill)
        yield Storm(bot, OnCall(f"http://127.0.0.1:{port}", session), session, incidents, kills, seed)


def _team_files(team: Path, incidents: int) -> None:
    team.mkdir(parents=True)
    (team / "team.yaml").write_text(TEAM)
    (team / "services.yaml").write_text("".join(SERVICE % f"crash-{number}" for number in range(incidents)))


async def judge(storm: Storm, store: SqliteStore, counts: dict[str, Any]) -> Counter[str]:
    """Everything that must hold of every incident; how they ended."""
    assert sorted(await store.register.newest(limit=10_000)) == sorted(storm.opened)
    outcomes: Counter[str] = Counter()
    for number, incident in enumerate(storm.opened):
        entries = await store.timeline.read(incident)
        assert (await audit_verify(store.disk, incident, await store.disk.head(incident))).faults == ()
        bodies: dict[str, list[dict[str, Any]]] = {}
        for entry in entries:
            bodies.setdefault(entry.kind, []).append(entry.body)
        done = counts[f"crash-{number}"]["done"]
        results = [body["result"] for body in bodies.get("action.executed", ())]
        (closed,) = bodies["incident.closed"]
        outcomes[closed["outcome"]] += 1
        outcomes["after a second attempt"] += "failed" in results
        # Nothing twice; what was done is written down, and under the approval that was given.
        assert len(done) == results.count("done") <= 1, (incident, done, results)
        decisions = {body["approval"]: body["verdict"] for body in bodies.get("approval.resolved", ())}
        assert all(change["approval"] in decisions for change in done)
        # No approval lost: a yes that was answered stands, and so does one whose answer a kill swallowed; each of them
        # was acted upon.
        assert set(decisions.values()) == {"approved"}
        assert incident not in storm.on_call.approved or storm.on_call.approved[incident] in decisions
        assert results
        # This target tells what became of a call, so nothing is in doubt; tried twice in vain is for people.
        assert closed["outcome"] == ("recovered" if done else "needs_human"), (incident, results)
        assert "unknown" not in results
        posts = await store.posts.of(incident)
        assert all(post.sent == post.wanted and post.message for post in posts)
        assert len({post.message for post in posts}) == len(posts)
    return outcomes


async def play(folder: Path, incidents: int, kills: int, seed: int) -> None:
    print(f"\nseed {seed}: {incidents} incidents, {kills} kills")
    async with a_storm(folder, incidents, kills, seed) as storm:
        try:
            await storm.rage()
        except BaseException:
            print(storm.bot.log, Counter(storm.on_call.statuses.values()))
            raise
        counts = await storm.counts()
        async with open_sqlite(storm.bot.store, SystemClock(), RandomIds()) as store:
            outcomes = await judge(storm, store, counts)
        repeated = sum(world["calls"].get("repeated", 0) for world in counts.values())
        refused = sum(len(world["refused"]) for world in counts.values())
        print(f"alive at each kill: {storm.living}")
        print(f"being changed or verified at each kill: {storm.executing}")
        print(f"outcomes: {dict(outcomes)}; repeated calls: {repeated}; late calls refused: {refused}")
        assert min(storm.living) == incidents
        assert outcomes["recovered"] >= incidents * 0.9


@pytest.mark.crash
async def test_killed_at_random_everybody_ends_and_nothing_happens_twice(tmp_path: Path) -> None:
    await play(tmp_path, incidents=8, kills=4, seed=20_260_301)


@pytest.mark.prove
async def test_fifty_incidents_outlive_twenty_kills(tmp_path: Path) -> None:
    await play(tmp_path, incidents=50, kills=20, seed=random.SystemRandom().randrange(2**32))
