"""Plays the demo: opens a world that really breaks, runs a bot on it, and (headless) an operator through its thread."""

import asyncio
import logging
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from aiohttp import ClientError, ClientSession

from bot.demo.launch import WorldAddresses, open_world
from bot.platforms.contract import Platform
from bot.platforms.terminal import TerminalPlatform
from bot.rehearsal import Operator
from bot.run import bind, stop_signal, working
from bot.settings import Settings, load
from bot.wiring import House, real_parts
from engine.errors import InputError, WorldError
from engine.incident import Incident
from engine.model import Phrase
from engine.team import Account
from engine.tempo import Tempo

log = logging.getLogger("tocsin.demo")

SCENARIOS = ("payment-503-after-deploy", "coupon-504-timeout", "order-429-rate-limit", "false-alarm")
EXPECTED = dict.fromkeys(SCENARIOS, "recovered") | {"false-alarm": "false_alarm"}
OPERATIONS = {
    "rollback_canary": "rollback",
    "scale_or_disable_coupon_path": "degrade",
    "adjust_rate_limit": "rate_limit",
    "restore_state": "restore",
}
TEAM_FILES = Path(__file__).parent / "demo" / "team"
TEMPO = Tempo(
    compressed=True,
    lookback=30,
    lead=12,
    source_timeout=5,
    act_timeout=20,
    verify_after=8,
    verify_every=3,
    verify_tries=12,
    watch=600,
)
Told = Callable[[str, str], None]

OK = 200
ALERT_WITHIN = 60.0
END_WITHIN = 100.0


@dataclass(frozen=True)
class Stage:
    """Which teams play, in which language, whether the real Prometheus and Alertmanager watch, and in which rooms of
    the reader's own ("platform:room") it plays too; how to reach those, `config` and the variables say."""

    team_files: Path = TEAM_FILES
    language: str = "zh"
    prometheus: bool = False
    rooms: tuple[str, ...] = ()
    config: Path | None = None

    @property
    def open_to(self) -> frozenset[str]:
        """The platforms of those rooms: everybody there counts as an approver of the demo team."""
        return frozenset(room.partition(":")[0] for room in self.rooms)


@dataclass(frozen=True)
class Showcase:
    """A world, the bot that watches it, and how to break it."""

    house: House
    address: str
    addresses: WorldAddresses

    async def arm(self, scenario: str) -> None:
        """Break the world in this way, once it has run healthily long enough to compare with."""
        known(scenario)
        while await self._control("scenario", {"name": scenario}) != OK:
            await self.house.tools.clock.sleep(1.0)

    async def play(self, scenario: str) -> Phrase:
        """Start over with another scenario: the world is mended at once, and broken again behind this answer."""
        known(scenario)
        await self._control("reset", {})
        self.house.crew.stop("demo")
        while self.house.crew.at_work("demo"):
            await self.house.tools.clock.sleep(0.05)
        self.house.crew.start("demo", lambda: self.arm(scenario))
        return Phrase(word="cli.demo_armed", values={"scenario": scenario})

    async def _control(self, lever: str, body: dict[str, str]) -> int:
        url = f"{self.addresses.control}/control/{lever}"
        try:
            async with ClientSession() as session, session.post(url, json=body) as answer:
                return answer.status
        except ClientError as error:
            raise WorldError(Phrase(word="cli.demo_world_gone")) from error


def known(scenario: str) -> None:
    """InputError, naming all of them, where there is no such scenario."""
    if scenario not in SCENARIOS:
        values = {"name": scenario[:60], "known": ", ".join(SCENARIOS)}
        raise InputError(Phrase(word="cli.no_scenario", values={**values}))


@asynccontextmanager
async def open_showcase(
    host: str, port: int, stage: Stage, platforms: tuple[Platform, ...] = ()
) -> AsyncIterator[Showcase]:
    """A world and a bot on it, in a temporary data directory; both end with the block."""
    listening = bind(host, port)
    host, port = listening.getsockname()[:2]
    address = f"http://{host}:{port}"
    with tempfile.TemporaryDirectory(prefix="tocsin-demo-", ignore_cleanup_errors=True) as folder:
        files = await asyncio.to_thread(stage_teams, stage, Path(folder) / "teams")
        async with open_world(f"{address}/alerts/alertmanager", prometheus=stage.prometheus) as addresses:
            settings = _settings(Path(folder), host, port, addresses, stage.config)
            check_rooms(stage.rooms, settings)
            opening = _Opening(settings, platforms, files, listening, addresses, address, stage.open_to)
            async with opening.at_work() as showcase:
                yield showcase


def check_rooms(rooms: tuple[str, ...], settings: Settings) -> None:
    """InputError for a room whose platform is none, or is not set up."""
    set_up = {
        "slack": settings.slack.bot_token.get_secret_value(),
        "feishu": settings.feishu.app_id,
        "wecom": settings.wecom.bot_id or settings.wecom.corp_id,
    }
    for room in rooms:
        platform, _, name = room.partition(":")
        if platform not in set_up or not name:
            raise InputError(Phrase(word="cli.no_room", values={"room": room[:80]}))
        if not set_up[platform]:
            raise InputError(Phrase(word="cli.room_not_set_up", values={"room": room[:80], "platform": platform}))


def stage_teams(stage: Stage, folder: Path) -> Path:
    """A copy of the stage's team files in which every team speaks its language and has its rooms as well; blocks."""
    shutil.copytree(stage.team_files, folder)
    for path in folder.glob("*/team.yaml"):
        team = yaml.safe_load(path.read_text(encoding="utf-8")) | {"language": stage.language}
        team["rooms"] = [*team.get("rooms", ()), *stage.rooms]
        path.write_text(yaml.safe_dump(team, allow_unicode=True), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class _Opening:
    """What a bot on a demo world is opened with."""

    settings: Settings
    platforms: tuple[Platform, ...]
    team_files: Path
    listening: socket.socket
    addresses: WorldAddresses
    address: str
    open_to: frozenset[str]

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Showcase]:
        """The bot at work; its command `demo` arms further scenarios."""
        opened: list[Showcase] = []

        async def arm(scenario: str) -> Phrase:
            return await opened[0].play(scenario)

        parts = real_parts(platforms=self.platforms, team_files=self.team_files, demo=arm, personas=True)
        parts = replace(parts, open_to=self.open_to)
        async with working(self.settings, parts, self.listening) as house:
            opened.append(Showcase(house, self.address, self.addresses))
            yield opened[0]


def _settings(folder: Path, host: str, port: int, addresses: WorldAddresses, config: Path | None) -> Settings:
    # Only how to reach the reader's own rooms comes from outside: the demo must touch nothing else of theirs.
    return load(
        config,
        data_dir=folder,
        store={"url": ""},
        alertmanager={"url": ""},
        http={"host": host, "port": port},
        execution={"enabled": True, "allowed_operations": ",".join(OPERATIONS)},
        prometheus={"url": addresses.prometheus, "step": 1.0, "rate_window": 10.0},
        loki={"url": addresses.loki},
        jaeger={"url": addresses.jaeger},
        releases={"url": addresses.releases, "operations": dict(OPERATIONS)},
        pace=TEMPO.model_dump(),
    )


async def play_headless(
    scenario: str, stage: Stage, platform: TerminalPlatform
) -> tuple[Incident, list[dict[str, Any]]]:
    """Play one scenario to its end with the scripted operator; returns the last state and the public timeline."""
    async with open_showcase("127.0.0.1", 0, stage, (platform,)) as showcase:
        house = showcase.house
        operator = Operator(
            desk=house.desk,
            register=house.store.register,
            front_door=house.front_door,
            clock=house.tools.clock,
            account=Account(platform="terminal", id="lin", name="林 Lin"),
            room="demo",
            language=stage.language,
            holds=scenario == SCENARIOS[0],
            echo=platform.echo,
        )
        await showcase.arm(scenario)
        incident = await operator.wait_for_incident(ALERT_WITHIN)
        state = await operator.see_through(incident, END_WITHIN)
        await house.outbox.settle(seconds=5.0)
        entries = await house.store.timeline.read(incident)
        return state, [entry.model_dump(mode="json", exclude={"incident"}) for entry in entries]


async def play_in_browser(scenario: str, where: tuple[str, int], stage: Stage, told: Told) -> None:
    """`tocsin demo`: the browser room on this address until a signal comes."""
    stop = stop_signal()
    async with open_showcase(*where, stage) as showcase:
        told("cli.demo_ready", showcase.address)
        showcase.house.crew.start("demo", lambda: showcase.arm(scenario))
        await stop.wait()
