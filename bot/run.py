"""Runs the process: listen, take up what was left, serve until told to stop, then drain and close in order."""

import asyncio
import gc
import ipaddress
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib import import_module

from aiohttp import web

from bot import learned
from bot.digests import post_digests
from bot.precedence import LULL
from bot.settings import Settings
from bot.web import PRECEDENCE
from bot.wiring import House, Parts, open_house
from cards.words import Words
from engine.errors import SettingsError, TocsinError
from engine.model import Gaps, Phrase
from engine.team import Team

log = logging.getLogger("tocsin.run")

WATCHDOG_EVERY = 15.0
TEAMS_EVERY = 2.0
REFUSALS_EVERY = 60.0
RESUME_EVERY = 30.0
ESCALATION_EVERY = 5.0
PRUNE_EVERY = 3600.0
DIGEST_EVERY = 60.0
MONITOR_EVERY = 60.0
FIRST_TEST_AFTER = 3600.0
REMEMBER_INBOUND = timedelta(days=2)
KEEP_CHANGES = timedelta(days=90)
KEEP_CALLS = timedelta(days=7)
"""How long receiver calls are kept as they came; the alerts in them stay in the timelines."""
GRACE = 3.0
COLLECT_AFTER = (50_000, 20, 50)
"""New objects, young collections and middle ones after which garbage is looked for."""
CAUGHT_UP = 100
"""Of how many incidents a new process makes sure that their rooms show how they ended."""

Round = Callable[[House], Awaitable[None]]


def bind(host: str, port: int) -> socket.socket:
    """Take the listening address; SettingsError with a hint where it is taken."""
    try:
        return socket.create_server((host, port), reuse_port=False, backlog=1024)
    except OSError as error:
        values: Gaps = {"host": host, "port": port, "reason": error.strerror or str(error)}
        raise SettingsError(Phrase(word="error.port_taken", values=values)) from error


@asynccontextmanager
async def serving(house: House, listening: socket.socket) -> AsyncIterator[str]:
    """Serve the house over HTTP while the block runs; gives the address."""
    runner = web.AppRunner(house.app, access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        host, port = listening.getsockname()[:2]
        everywhere = ipaddress.ip_address(host).is_unspecified
        house.selftest.address = f"http://{'127.0.0.1' if everywhere else host}:{port}"
        yield f"http://{host}:{port}"
    finally:
        house.selftest.address = ""
        await runner.cleanup()


@asynccontextmanager
async def working(settings: Settings, parts: Parts, listening: socket.socket) -> AsyncIterator[House]:
    """A whole process at work: store open, everything left taken up, doors open."""
    async with open_house(settings, parts) as house:
        await house.outbox.resume()
        await house.lives.resume_all()
        house.crew.start("catching up", lambda: catch_up(house))
        start_rounds(house)
        async with serving(house, listening):
            yield house


async def run(settings: Settings, parts: Parts) -> None:
    """`tocsin run`: until SIGINT or SIGTERM."""
    listening = bind(settings.http.host, settings.http.port)
    stop = stop_signal()
    async with working(settings, parts, listening) as house:
        log.info("ready at %s", settings.public_url)
        collect_rarely()
        await load_diagnosis(house)
        collect_rarely()
        await stop.wait()
        log.info("stopping")


async def load_diagnosis(house: House) -> None:
    """Load what it takes to name a cause, once the alerts are in that waited for a process: they need none of it."""
    await house.tools.clock.sleep(LULL)
    await house.app[PRECEDENCE].lull()
    await asyncio.to_thread(import_module, "engine.diagnosis.sweeping")


def collect_rarely() -> None:
    """Look for garbage where there may be some: not in what is loaded for good, and not after every few hundred values.
    Under a flood of alerts the search itself took a third of the time."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def stop_signal() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def catch_up(house: House) -> None:
    """Show how the newest incidents ended: nobody says it who lived them, had the process died before it was said."""
    living = set(await house.store.register.living())
    for incident in await house.store.register.newest(limit=CAUGHT_UP):
        if incident not in living:
            await house.desk.catch_up(incident)


def start_rounds(house: House) -> None:
    """Start what looks after things from time to time."""
    house.crew.start("teams round", lambda: _every(house, TEAMS_EVERY, reload_teams))
    house.crew.start("watchdog round", lambda: _every(house, WATCHDOG_EVERY, _look_for_silence))
    house.crew.start("refusals round", lambda: _every(house, REFUSALS_EVERY, _count_refusals))
    house.crew.start("resume round", lambda: _every(house, RESUME_EVERY, _take_up))
    house.crew.start("escalation round", lambda: _every(house, ESCALATION_EVERY, _escalate))
    house.crew.start("digest round", lambda: _every(house, DIGEST_EVERY, _post_digests))
    house.crew.start("monitor round", lambda: _every(house, MONITOR_EVERY, _refresh_monitors))
    if house.settings.self_test.every_hours:
        house.crew.start("self-test round", lambda: _test_itself(house, 3600.0 * house.settings.self_test.every_hours))
    house.crew.start("prune round", lambda: _every(house, PRUNE_EVERY, _forget_inbound))


async def _test_itself(house: House, seconds: float) -> None:
    """The first time soon: a process that is restarted every day would never come to it."""
    await house.tools.clock.sleep(min(seconds, FIRST_TEST_AFTER))
    while True:
        await house.selftest.run()
        await house.tools.clock.sleep(seconds)


async def _every(house: House, seconds: float, work: Round) -> None:
    while True:
        await house.tools.clock.sleep(seconds)
        try:
            await work(house)
        except TocsinError as error:
            log.warning("%s: %s", getattr(work, "__name__", "round").strip("_"), error)


async def reload_teams(house: House) -> None:
    """Take up what the team files say now. Where a team, or a room of it, speaks another language since, what is open
    is said in it: nothing else would touch a card that stays as it is."""
    await learned.take_up(house.store.memory, house.teams)
    before = {team.id: _spoken(team) for team in house.teams.all()}
    for problem in await asyncio.to_thread(house.teams.reload):
        if not problem.known:
            log.error("team files: %s", Words("en").say(problem.error.phrase))
        if problem.team in (team.id for team in house.teams.all()):
            await house.desk.announce(house.teams.team(problem.team), problem.error.phrase)
    retold = {team.id for team in house.teams.all() if before.get(team.id, _spoken(team)) != _spoken(team)}
    for incident in await house.store.register.living() if retold else ():
        if await house.store.register.team_of(incident) in retold:
            await house.desk.catch_up(incident)


def _spoken(team: Team) -> tuple[str, dict[str, str], str]:
    return team.language, team.languages, team.zone


async def _look_for_silence(house: House) -> None:
    await house.front_door.look_for_silence()


async def _count_refusals(house: House) -> None:
    await house.front_door.count_refusals()


async def _post_digests(house: House) -> None:
    await post_digests(house.teams.all(), house.board, house.tools.clock)


async def _refresh_monitors(house: House) -> None:
    await house.monitors.round()


async def _take_up(house: House) -> None:
    await house.lives.resume_all()
    # A room whose messages broke off (a full disk, a card that cannot be drawn) goes on with the rest.
    await house.outbox.resume()


async def _escalate(house: House) -> None:
    await house.escalation.round()


async def _forget_inbound(house: House) -> None:
    now = house.tools.clock.now()
    await house.store.seen.prune(now - REMEMBER_INBOUND)
    await house.store.register.forget_raw(now - KEEP_CALLS)
    await house.store.changes.forget(now - KEEP_CHANGES)
