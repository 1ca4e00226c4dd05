"""Puts the house together: the one place that knows concrete classes. Opened in order, closed in reverse."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from bot import web as door
from bot.backlog import Backlog
from bot.board import Board
from bot.callers import same
from bot.clock import RandomIds, SystemClock
from bot.crew import Crew
from bot.desk import ChatDesk
from bot.doctor import Doctor
from bot.escalation import Escalation
from bot.gauges import Gauges
from bot.groups import Groups
from bot.kits import Ground, Kits
from bot.learned import take_up
from bot.lives import Lives
from bot.monitors import Monitors
from bot.outbox import Outbox
from bot.pager import Pager
from bot.pages.call import Pages
from bot.pages.routes import add_pages
from bot.platforms.console import ConsolePlatform
from bot.platforms.contract import Platform
from bot.platforms.seal import seal_of
from bot.precedence import Precedence
from bot.selftest import TEAM, SelfTest, Way, hidden_team
from bot.settings import Settings, secret_from_environment
from bot.sources import Connected, open_clones, open_host_logs, open_hosts, token
from bot.teams import TeamFiles
from bot.urgent import Urgent
from bot.watcher import WATCHER, watcher_of
from cards.words import Words
from engine.code import CodeReader
from engine.errors import TocsinError
from engine.executors.alertmanager import AlertmanagerSilencer
from engine.executors.http import HttpExecutor
from engine.model import Phrase
from engine.policy import Permissions
from engine.ports import Clock, Executor, Ids, Silencer, Source
from engine.sources.changes import ChangesSource
from engine.team import Team
from engine.tools import Tools
from handlers import digest
from handlers.front_door import FrontDoor
from handlers.telemetry import telemetry_of
from handlers.visit import House as Handling
from store.directory import writable
from store.sqlite import SqliteStore, open_sqlite

RELEASES = "releases"
Relearn = Callable[[], Awaitable[None]]
Demo = Callable[[str], Awaitable[Phrase]]

OpenStore = Callable[[Path, Clock, Ids], AbstractAsyncContextManager[SqliteStore]]

log = logging.getLogger("tocsin.wiring")


@dataclass(frozen=True)
class House:
    """Everything a running process holds."""

    settings: Settings
    store: SqliteStore
    teams: TeamFiles
    desk: ChatDesk
    outbox: Outbox
    crew: Crew
    lives: Lives
    escalation: Escalation
    tools: Tools
    front_door: FrontDoor
    platforms: Mapping[str, Platform]
    app: web.Application
    board: Board
    monitors: Monitors
    selftest: SelfTest


@dataclass(frozen=True)
class Parts:
    """What a caller may put in place of the real thing: tests, the demo and the crash harness do."""

    clock: Clock
    ids: Ids
    platforms: tuple[Platform, ...] = ()
    sources: tuple[Source, ...] | None = None
    readers: tuple[CodeReader, ...] | None = None
    executors: Mapping[str, Executor] | None = None
    team_files: Path | None = None
    demo: Demo | None = None
    personas: bool = False
    open_to: frozenset[str] = frozenset()
    open_store: OpenStore = open_sqlite


def real_parts(
    *,
    platforms: tuple[Platform, ...] = (),
    team_files: Path | None = None,
    demo: Demo | None = None,
    personas: bool = False,
) -> Parts:
    """The machine's clock and randomness, and everything else as the settings name it."""
    return Parts(SystemClock(), RandomIds(), platforms, team_files=team_files, demo=demo, personas=personas)


@asynccontextmanager
async def open_house(settings: Settings, parts: Parts) -> AsyncIterator[House]:
    """The whole house, ready to serve but not yet listening. StoreBusy, StoreFull, SettingsError."""
    groups = Groups(parts.clock)
    files = parts.team_files or settings.data_dir / "teams"
    teams = TeamFiles(files, open_to=parts.open_to, members=groups.members, hidden=(hidden_team(),))
    problems = await asyncio.to_thread(teams.reload)
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(writable, settings.store_path.parent)
        seal = await asyncio.to_thread(seal_of, settings.store_path.parent)
        store = await stack.enter_async_context(parts.open_store(settings.store_path, parts.clock, parts.ids))
        await take_up(store.memory, teams)
        session = await stack.enter_async_context(_client(settings))
        crew = await stack.enter_async_context(Crew())
        ground = Ground(store=store, session=session, crew=crew, teams=teams, seal=seal, groups=groups)
        house = _furnish(settings, parts, ground)
        groups.keep(crew, teams, house.platforms)
        if settings.watcher.enabled:
            tell = partial(house.front_door.sight, source=WATCHER)
            crew.start("watcher", watcher_of(settings, session, teams, tell, parts.clock, parts.ids).run)
        for platform in house.platforms.values():
            crew.start(f"platform {platform.name}", _listening(platform, house.front_door))
        for problem in problems:
            log.error("team files: %s", Words("en").say(problem.error.phrase))
        yield house


def _furnish(settings: Settings, parts: Parts, ground: Ground) -> House:
    store, session, crew, teams = ground.store, ground.session, ground.crew, ground.teams
    desk = ChatDesk(store.timeline, store.register, teams)
    board = Board(store.posts)
    console = ConsolePlatform(store.room, store.sessions, parts.clock, desk.draw)
    app = door.make_app(settings)
    kits = Kits(ground, parts.clock, app, desk, settings.public_url)
    platforms = {platform.name: platform for platform in (console, *_chat(settings, kits), *parts.platforms)}
    outbox = Outbox(store.posts, platforms, board.drawing(desk.draw_in), crew, parts.clock, board.elsewhere(desk.rooms))
    desk.send_through(outbox)
    board.send_through(outbox)
    tools = _tools(settings, parts, ground, desk)
    precedence = Precedence(parts.clock)
    lives = Lives(crew, tools, said, precedence)
    pager = Pager(session, secret_from_environment, settings.public_url)
    urgent = Urgent(store.posts, platforms)
    escalation = Escalation(store.timeline, store.register, teams, desk, parts.clock, pager, urgent)
    backlog = Backlog(precedence, parts.clock)
    selftest = SelfTest()
    files = parts.team_files or settings.data_dir / "teams"
    doctor = Doctor(settings, files, parts.clock, platforms, outbox.failing, outbox.refused, store.trouble)
    monitors, relearn = Monitors(board, platforms, parts.clock), partial(take_up, store.memory, teams)
    known = _handling(settings, parts, tools, store, lives, backlog)
    known = replace(known, send=outbox.ring, doctor=doctor.look, selftest=selftest.run)
    front_door = FrontDoor(_lent(known, board, _silencer(settings, session), relearn, monitors))
    house = House(
        settings=settings,
        store=store,
        teams=teams,
        desk=desk,
        outbox=outbox,
        crew=crew,
        lives=lives,
        escalation=escalation,
        tools=tools,
        front_door=front_door,
        platforms=platforms,
        app=app,
        board=board,
        monitors=monitors,
        selftest=selftest,
    )
    selftest.go(_way(house, session))
    add_pages(app, _pages(house, console, personas=parts.personas))
    crew.start("backlog", lambda: backlog.run(front_door))
    app[door.PRECEDENCE] = precedence
    _hang(house)
    _watch(house)
    return house


def _tools(settings: Settings, parts: Parts, ground: Ground, desk: ChatDesk) -> Tools:
    store = ground.store
    executors = parts.executors if parts.executors is not None else _executors(settings, ground.session)
    return Tools(
        timeline=store.timeline,
        register=store.register,
        memory=store.memory,
        desk=desk,
        teams=ground.teams,
        clock=parts.clock,
        ids=parts.ids,
        sources_of=_sources(settings, parts, ground),
        executors=executors,
        permissions=_permissions(settings, executors),
        tempo=settings.pace,
        readers=parts.readers if parts.readers is not None else open_clones(settings),
    )


def _way(house: House, session: ClientSession) -> Way:
    return Way(
        platforms=house.platforms,
        posts=house.store.posts,
        outbox=house.outbox,
        board=house.board,
        desk=house.desk,
        teams=house.teams,
        inbox=house.front_door,
        session=session,
        clock=house.tools.clock,
    )


def _pages(house: House, console: ConsolePlatform, *, personas: bool) -> Pages:
    return Pages(
        console=console,
        sessions=house.store.sessions,
        teams=house.teams,
        timeline=house.store.timeline,
        register=house.store.register,
        front_door=house.front_door,
        clock=house.tools.clock,
        public_url=house.settings.public_url,
        personas=personas,
    )


def _chat(settings: Settings, kits: Kits) -> Iterator[Platform]:
    """The chat platforms the settings name; each is imported only then."""
    if settings.slack.bot_token.get_secret_value():
        from bot.platforms.slack.platform import SlackPlatform

        yield SlackPlatform(settings.slack, kits.kit("slack"))
    if settings.feishu.app_id:
        from bot.platforms.feishu.platform import FeishuPlatform

        yield FeishuPlatform(settings.feishu, kits.kit("feishu"))
    if settings.wecom.bot_id or settings.wecom.corp_id:
        from bot.platforms.wecom.platform import WeComPlatform

        yield WeComPlatform(settings.wecom, kits.kit("wecom"))


def _handling(
    settings: Settings,
    parts: Parts,
    tools: Tools,
    store: SqliteStore,
    lives: Lives,
    backlog: Backlog,
) -> Handling:
    async def slot_at(room: str, message: str) -> str:
        post = await store.posts.by_message(room, message)
        return post.slot if post else ""

    return Handling(
        register=store.register,
        timeline=store.timeline,
        memory=store.memory,
        changes=store.changes,
        hosts=open_hosts(settings),
        teams=tools.teams,
        desk=tools.desk,
        seen=store.seen,
        clock=tools.clock,
        ids=tools.ids,
        permissions=tools.permissions,
        wake=lives.wake,
        crowded=lambda: backlog.crowded,
        place_later=backlog.ring,
        demo=parts.demo,
        slot_at=slot_at,
        compressed_time=settings.pace.compressed,
        telemetry=lambda team: telemetry_of(tools.sources_of(team), settings.pace.source_timeout),
        rooms={"slack": settings.slack.rooms, "feishu": settings.feishu.rooms, "wecom": settings.wecom.rooms},
    )


def _lent(known: Handling, board: Board, silencer: Silencer | None, relearn: Relearn, monitors: Monitors) -> Handling:
    """The same with what a team's own cards need; the board in turn has its digests, and live cards, drawn by it."""
    handling = replace(known, board=board, silencer=silencer, relearn=relearn, keep_fresh=monitors.keep)
    board.draw_anew(partial(digest.redraw, handling))
    monitors.draw_with(handling)
    return handling


def _hang(house: House) -> None:
    app = house.app
    app[door.FRONT_DOOR] = house.front_door
    app[door.TIMELINE] = house.tools.timeline
    app[door.REGISTER] = house.tools.register
    app[door.TEAMS] = house.teams
    app[door.CLOCK] = house.tools.clock
    app[door.WAKE] = house.lives.wake
    app[door.OWN_TOKENS] = _own_tokens(house.teams, house.selftest.token)
    app[door.GAUGES] = Gauges()


def _own_tokens(teams: TeamFiles, testing: str) -> Callable[[str], str]:
    """Alerts that come with a team's own token belong to that team, whatever their labels say."""

    def owner(token: str) -> str:
        if not token:
            return ""
        if same(token, testing):
            return TEAM
        known = ((team, secret_from_environment(name)) for team, name in teams.intake_tokens().items())
        return next((team for team, own in known if same(token, own)), "")

    return owner


def _watch(house: House) -> None:
    gauges = house.app[door.GAUGES]

    async def living() -> float:
        return float(len(await house.store.register.living()))

    async def failing() -> float:
        return float(len(house.outbox.failing))

    async def rooms() -> str:
        return "; ".join(f"{room}: {Words('en').say(why)}" for room, why in house.outbox.failing.items())

    gauges.read("incidents_living", "Incidents whose story has not ended.", living)
    gauges.read("rooms_failing", "Rooms that do not take messages right now.", failing)
    gauges.watch(house.store.trouble)
    gauges.mention(house.selftest.trouble)
    gauges.mention(rooms)


def _permissions(settings: Settings, executors: Mapping[str, Executor]) -> Permissions:
    return Permissions(
        execution_enabled=settings.execution.enabled,
        allowed_operations=settings.execution.allowed_operations,
        executors={name: dict(executor.operations) for name, executor in executors.items()},
    )


def _executors(settings: Settings, session: ClientSession) -> dict[str, Executor]:
    platform = settings.releases
    if not platform.url:
        return {}
    return {RELEASES: HttpExecutor(platform.url, token(platform), session, platform.operations, name=RELEASES)}


def _sources(settings: Settings, parts: Parts, ground: Ground) -> Callable[[Team], tuple[Source, ...]]:
    """What a caller put in their place, else what settings and teams name, and what the process itself keeps."""
    given = parts.sources
    if given is not None:
        return lambda team: given
    last: tuple[Source, ...] = (
        *open_host_logs(settings, open_hosts(settings), parts.clock),
        ChangesSource(ground.store.changes),
    )
    return Connected(settings, ground.session, secret_from_environment, last).of


def _silencer(settings: Settings, session: ClientSession) -> Silencer | None:
    alerts = settings.alertmanager
    if not alerts.url:
        return None
    return AlertmanagerSilencer(alerts.url, session=session, token=token(alerts), tenant=alerts.tenant)


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[ClientSession]:
    """One pool of connections to all backends."""
    connector = TCPConnector(limit=64, limit_per_host=16)
    async with ClientSession(connector=connector, timeout=ClientTimeout(total=settings.pace.act_timeout)) as session:
        yield session


def _listening(platform: Platform, front_door: FrontDoor) -> Callable[[], Awaitable[None]]:
    async def listen() -> None:
        await platform.run(front_door)

    return listen


def said(error: BaseException) -> str:
    """What stopped a life, in one sentence without secrets: its own words where it has some, else its kind."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return Words("en").say(error.phrase) if isinstance(error, TocsinError) else type(error).__name__
