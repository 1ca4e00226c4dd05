"""Stages whole incidents as dialogues: the real house over a pretended world, people who speak, a room one can read."""

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from bot.platforms.contract import Platform
from bot.settings import Settings, load
from bot.wiring import House, Parts, open_house
from cards.model import Ask
from cards.render.text import render
from cards.words import Words
from engine.code import CodeReader
from engine.incident import Incident, Proposal, fold
from engine.model import Entry
from engine.ports import Clock, Ids
from engine.team import Account
from engine.tempo import Tempo
from handlers.inbound import AlertReceived, Answer, ButtonPressed, FormSent, Inbound, MessageSaid, Place
from tests.fakes.clock import START, FakeIds
from tests.fakes.platforms import FakePlatform
from tests.fakes.store import FakeStore
from tests.stories.world import World
from tests.virtual_time import in_virtual_time

LONGEST_WAIT = 2 * 3600.0
LOOK_EVERY = 1.0
ACCOUNTS = {"lin": "U1", "chen": "U2", "wang": "U3", "guest": "U4", "eve": "U9", "stranger": "U666"}


def team_files(folder: Path, world: World, language: str, **policy: Any) -> Path:
    """The files of two teams: trade, which runs the world's service, and supply, which runs one of the same name."""
    people = {
        "lin": {"name": "Lin", "roles": ["responder", "approver"], "accounts": {"chat": "U1", "second": "U1"}},
        "chen": {"name": "Chen", "roles": ["responder", "approver"], "accounts": {"chat": "U2", "second": "U2"}},
        "wang": {"name": "Wang", "roles": ["responder"], "accounts": {"chat": "U3", "second": "U3"}},
        "guest": {"name": "Guest", "roles": ["viewer"], "accounts": {"chat": "U4"}},
    }
    eve = {"eve": {"name": "Eve", "roles": ["responder", "approver"], "accounts": {"chat": "U9"}}}
    remedy = {
        "operation": "rollback_canary",
        "operation_class": "rollback",
        "executor": "releases",
        "against": ["deploy_db_regression", "bad_release"],
        "tier": "destructive",
        "arguments": {"version": "{previous_version}"},
        "undo": "restore_state",
    }
    services = {
        world.service: {
            "environment": "prod",
            "repository": world.repository,
            "dependencies": [world.peer, world.database],
            "objective": {"error_ratio": 0.02, "latency_p95": 0.5},
            "remedies": [remedy],
        },
        world.peer: {"environment": "prod"},
    }
    teams = {
        "trade": {"people": people, "rooms": ["chat:trade", "second:trade"], "watchdog_minutes": 15.0},
        "supply": {"people": eve, "rooms": ["chat:supply"], "watchdog_minutes": 0.0},
    }
    for id, about in teams.items():
        here = folder / id
        here.mkdir(parents=True)
        team = {"name": id.title(), "language": language, "match": {"team": id}, **about}
        _dump(here / "team.yaml", team)
        _dump(here / "services.yaml", services)
        _dump(here / "policy.yaml", {"approver_role": "approver", "approval_minutes": 15.0, **policy})
    return folder


def _dump(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(value), allow_unicode=True), encoding="utf-8")


class LoopClock:
    """The Clock port on the loop's own time; in virtual time everything then waits for one and the same clock."""

    def __init__(self) -> None:
        self._began = asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time() - self._began)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


@dataclass(frozen=True)
class Heard:
    """What a person got to read at once: the words, whether it was a yes, and a form to fill where there is one."""

    text: str
    tone: str
    form: Ask | None


@dataclass
class Voice:
    """A person who speaks in the thread of the story's incident."""

    story: "Story"
    id: str
    platform: str = "chat"
    form: Ask | None = None

    async def says(self, text: str, *, at: str = "", **kind: Any) -> Heard:
        """Write a message in the thread."""
        return await self._send(lambda id, place, me: MessageSaid(id, place, me, text, **kind), at)

    async def presses(self, action: str, *, at: str = "", **value: str) -> Heard:
        """Press a button of a card; the form it opens is the one `types` fills."""
        incident = at or self.story.incident
        value = {"incident": incident, **value}
        heard = await self._send(lambda id, place, me: ButtonPressed(id, place, me, action, value), at)
        self.form = heard.form
        return heard

    async def types(self, word: str, **fields: str) -> Heard:
        """Fill in the form that is open: the word, or whatever its first field is, and send it."""
        form = self.form
        assert form is not None, "no form is open"
        filled = {each.name: "" for each in form.fields} | fields
        filled[form.fields[0].name] = word
        return await self._send(lambda id, place, me: FormSent(id, place, me, form.action, form.value, filled), "")

    async def _send(self, event: Callable[[str, Place, Account], Inbound], at: str) -> Heard:
        story = self.story
        incident = at or story.incident
        room = "supply" if self.id == "eve" else "trade"
        place = Place(self.platform, room, thread=incident, incident=incident)
        account = Account(platform=self.platform, id=ACCOUNTS[self.id], name=self.id.title())
        answer = await story.platforms[self.platform].hand_in(event(story.number(), place, account))
        return story.heard(answer)


@dataclass
class Story:
    """One telling: the house, the world around it, and short ways to speak, to wait and to read."""

    house: House
    world: World
    platforms: dict[str, FakePlatform]
    store: FakeStore
    words: Words
    incident: str = ""
    _numbers: Any = field(default_factory=lambda: count(1))

    # --- speaking ---

    def person(self, id: str, platform: str = "chat") -> Voice:
        return Voice(self, id, platform)

    def number(self) -> str:
        return f"event-{next(self._numbers)}"

    def heard(self, answer: Answer) -> Heard:
        text = self.words.say(answer.phrase) if answer.phrase else ""
        assert "[" not in text, f"no words for {answer.phrase}"
        return Heard(text, answer.tone, answer.form)

    async def alert(self, *alerts: dict[str, Any], **call: Any) -> str:
        """Alertmanager calls; the incident the first alert belongs to becomes the story's. "" where there is none."""
        event = AlertReceived(self.number(), "alertmanager", webhook(*(alerts or (self.firing(),)), **call))
        answer = await self.house.front_door.receive(event)
        if answer.incidents:
            self.incident = answer.incidents[0]
        return answer.incidents[0] if answer.incidents else ""

    def firing(self, *, team: str = "trade", name: str = "PaymentHigh503", ago: float = 30.0, **more: Any) -> Any:
        """One firing alert about the world's service; `more` are labels, `annotations` the text."""
        annotations = more.pop("annotations", {"summary": "payments fail"})
        labels = {"alertname": name, "service": self.world.service, "severity": "critical", "team": team, **more}
        starts = self.house.tools.clock.now() - timedelta(seconds=ago)
        return {
            "status": "firing",
            "labels": labels,
            "annotations": annotations,
            "startsAt": starts.isoformat(),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://127.0.0.1:9090/graph?g0.expr=errors",
        }

    # --- waiting ---

    async def state(self, incident: str = "") -> Incident:
        return fold(await self.store.timeline.read(incident or self.incident))

    async def until(self, true: Callable[[Incident], object], incident: str = "") -> Incident:
        """Wait until this holds of the incident. AssertionError after two hours of the story's time."""
        clock = self.house.tools.clock
        end = clock.now() + timedelta(seconds=LONGEST_WAIT)
        while clock.now() < end:
            state = await self.state(incident)
            if true(state):
                return state
            await clock.sleep(LOOK_EVERY)
        raise AssertionError(f"it never came to that: {state.status}, {[e.kind for e in await self.entries()]}")

    async def status(self, wanted: str, incident: str = "") -> Incident:
        return await self.until(lambda state: state.status == wanted, incident)

    async def handed_over(self, times: int = 1) -> Incident:
        """Wait until the engine has turned to people this often."""
        while len(await self.entries("incident.handed_over")) < times:
            await self.house.tools.clock.sleep(LOOK_EVERY)
        return await self.state()

    async def asked(self, incident: str = "") -> Proposal:
        """Wait until an approval is asked for; the newest proposal."""
        state = await self.until(
            lambda s: s.proposals and (p := [*s.proposals.values()][-1]).request and not p.decision, incident
        )
        return [*state.proposals.values()][-1]

    # --- reading ---

    async def entries(self, kind: str = "", incident: str = "") -> list[Entry]:
        story = await self.store.timeline.read(incident or self.incident)
        return [entry for entry in story if kind in ("", entry.kind)]

    async def kinds(self, incident: str = "") -> list[str]:
        return [entry.kind for entry in await self.entries(incident=incident)]

    async def reads(self, slot: str, incident: str = "", platform: str = "chat") -> str:
        """The card of this part as the room shows it now, once everything wanted is sent; "" where there is none."""
        await self.house.outbox.settle(seconds=60.0)
        key = f"{incident or self.incident}/{slot}"
        cards = [message.card for message in self.platforms[platform].messages if message.key == key]
        return str(render(cards[0]).body) if cards else ""

    async def thread(self, incident: str = "", platform: str = "chat") -> str:
        """Everything the thread shows now, in order."""
        await self.house.outbox.settle(seconds=60.0)
        name = incident or self.incident
        cards = [m.card for m in self.platforms[platform].messages if m.key.startswith(f"{name}/")]
        return "\n\n".join(str(render(card).body) for card in cards)


def webhook(*alerts: dict[str, Any], **call: Any) -> bytes:
    """One call of Alertmanager's webhook, version 4."""
    body = {
        "version": "4",
        "groupKey": '{}:{alertname="PaymentHigh503"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "tocsin",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": list(alerts),
    }
    return json.dumps(body | call).encode()


def resolved(alert: dict[str, Any], at: datetime) -> dict[str, Any]:
    """The same alert, over."""
    return alert | {"status": "resolved", "endsAt": at.isoformat()}


@asynccontextmanager
async def open_story(
    folder: Path,
    language: str = "en",
    *,
    world: Callable[[Clock], World] = World,
    store: FakeStore | None = None,
    clock: Clock | None = None,
    tempo: Tempo | None = None,
    readers: tuple[CodeReader, ...] | None = None,
    **settings: Any,
) -> AsyncIterator[Story]:
    """The whole house as `tocsin run` opens it, but for the store, the world and the chat platforms.

    The policy of the teams may be given as `policy`; everything else is a setting."""
    time = clock or LoopClock()
    around = world(time)
    ids: Ids = FakeIds()
    kept = store or FakeStore(time, ids)
    policy = settings.pop("policy", {})
    files = team_files(folder / f"teams-{len(list(folder.iterdir()))}", around, language, **policy)
    platforms = {name: FakePlatform(name) for name in ("chat", "second")}

    @asynccontextmanager
    async def open_store(path: Path, clock: Clock, ids: Ids) -> AsyncIterator[Any]:
        yield kept

    chosen = _settings(folder / "data", tempo or Tempo(), settings)
    parts = Parts(
        clock=time,
        ids=ids,
        platforms=tuple(_as_platforms(platforms)),
        sources=around.sources,
        readers=readers,
        executors={around.executor.name: around.executor},
        team_files=files,
        open_store=open_store,
    )
    async with open_house(chosen, parts) as house:
        yield Story(house, around, platforms, kept, Words(language))


def _as_platforms(platforms: Mapping[str, FakePlatform]) -> tuple[Platform, ...]:
    return tuple(platforms.values())


def _settings(data: Path, tempo: Tempo, more: Mapping[str, Any]) -> Settings:
    execution = {"enabled": True, "allowed_operations": "rollback_canary,restore_state"}
    return load(None, **{"data_dir": data, "execution": execution, "pace": tempo.model_dump(), **more})


def in_story_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test run in virtual time: half an hour of waiting for people costs nothing."""

    @functools.wraps(test)
    def run(*arguments: Any, **named: Any) -> None:
        in_virtual_time(test(*arguments, **named))

    return run
