"""Opens the browser room on fakes, with the worked example of the cards in its thread, behind a real HTTP server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aiohttp import ClientResponse, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from bot.pages.call import Pages
from bot.pages.routes import add_pages
from bot.platforms.console import ConsolePlatform, issue_link
from cards import views
from cards.model import Card
from cards.words import Words
from engine.errors import UnknownName
from engine.incident import fold
from engine.model import Phrase
from engine.ports import Draft
from engine.team import Account, Person, Team
from handlers.inbound import MessageSaid
from tests.cards.factory import INCIDENT, TEAM, Story, worked_example
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.platforms import FakeInbox
from tests.fakes.store import FakeStore

ROOM = "payments"
PEOPLE = (
    *(person.model_copy(update={"accounts": {"console": person.id}}) for person in TEAM.people),
    Person(id="guest", name="Guest", accounts={"console": "guest"}),
)
PAYMENTS = TEAM.model_copy(update={"rooms": (f"console:{ROOM}", "terminal:demo"), "people": PEOPLE})
TRADE = Team(
    id="trade",
    name="Trade",
    rooms=("console:trade",),
    people=(Person(id="tom", name="Tom", accounts={"console": "tom"}),),
)


class StageTeams:
    """Two teams with one room each."""

    def team(self, id: str) -> Team:
        known = next((team for team in self.all() if team.id == id), None)
        if known is None:
            raise UnknownName(Phrase(word="error.plain", values={"text": id}))
        return known

    def route(self, labels: object) -> Team:
        return PAYMENTS

    def all(self) -> tuple[Team, ...]:
        return (PAYMENTS, TRADE)


@dataclass
class Stage:
    """A browser room with everything around it, and ways for a test to act in it."""

    store: FakeStore
    clock: FakeClock
    console: ConsolePlatform
    inbox: FakeInbox
    pages: Pages
    client: TestClient[web.Request, web.Application]
    story: Story
    thread: str = ""

    @property
    def url(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    @property
    def thread_path(self) -> str:
        return f"/rooms/{ROOM}/threads/{self.thread}"

    async def tell(self, upto: str) -> None:
        """Let the incident live up to the last entry of this kind, and show every card as it stands then."""
        kinds = [entry.kind for entry in self.story.entries]
        end = len(kinds) - kinds[::-1].index(upto)
        told = len(await self.store.timeline.read(INCIDENT))
        for entry in self.story.entries[told:end]:
            draft = Draft(key=entry.key, kind=entry.kind, actor=entry.actor, at=entry.at, body=entry.body)
            await self.store.timeline.write(INCIDENT, draft)
            if entry.kind == "message.said":
                account = Account(platform="console", id=entry.actor, name="林晓")
                await self.console.say(ROOM, self.thread, account, entry.body["text"], entry.key)
        await self.show()

    async def show(self) -> None:
        """Post or edit every card of the incident."""
        state = fold(await self.store.timeline.read(INCIDENT))
        for slot in views.slots(state):
            card = views.draw(state, slot, Words("zh"), PAYMENTS)
            if card is not None:
                await self.post(card, slot)

    async def post(self, card: Card, slot: str) -> str:
        """Post a card of the incident's thread, or edit it where it stands already."""
        card = replace(card, incident=card.incident or INCIDENT)
        known = {message.key: message for message in await self.store.room.read(ROOM)}.get(f"{INCIDENT}/{slot}")
        if known is not None:
            await self.console.edit(ROOM, str(known.id), card)
            return str(known.id)
        message = await self.console.post(ROOM, "" if slot == "header" else self.thread, card, f"{INCIDENT}/{slot}")
        self.thread = self.thread or message
        return message

    async def link(self, person: str) -> str:
        """A fresh sign-in link as a path."""
        link = await issue_link(self.store.sessions, person, self.url, self.clock)
        return link.removeprefix(self.url)

    async def sign_in(self, person: str) -> None:
        """Sign in through a link, as a browser does."""
        link = await self.link(person)
        form = await self.form(link, "/sign-in")
        answer = await self.client.post("/sign-in", data=form, allow_redirects=False)
        assert answer.status == 303, await answer.text()

    async def form(self, path: str, action: str, having: str = "") -> dict[str, str]:
        """The hidden fields of the first form of a page with this action (and this text in it)."""
        return hidden(await (await self.client.get(path)).text(), action, having)

    async def send(self, path: str, data: dict[str, str], **headers: str) -> ClientResponse:
        """Post a form as a browser without script does."""
        return await self.client.post(path, data=data, headers=headers, allow_redirects=False)

    async def said(self) -> list[str]:
        """The texts that reached the front door."""
        return [event.text for event in self.inbox.events if isinstance(event, MessageSaid)]


def hidden(page: str, action: str, having: str = "") -> dict[str, str]:
    """The hidden fields of the first form with this action that holds this text."""
    for part in page.split("<form")[1:]:
        form = part.partition("</form>")[0]
        if f'action="{action}"' in form and having in form:
            return dict(_inputs(form))
    raise AssertionError(f"no form for {action} with {having!r} on the page")


def _inputs(form: str) -> list[tuple[str, str]]:
    found = []
    for part in form.split("<input")[1:]:
        tag = part.partition(">")[0]
        if 'type="hidden"' in tag:
            found.append((_attribute(tag, "name"), _attribute(tag, "value")))
    return found


def _attribute(tag: str, name: str) -> str:
    value = tag.partition(f'{name}="')[2].partition('"')[0]
    return value.replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@asynccontextmanager
async def open_stage(*, personas: bool = False, language: str = "zh", port: int = 0) -> AsyncIterator[Stage]:
    """The browser room, empty; `tell` lets the worked example happen in it."""
    clock = FakeClock()
    store = FakeStore(clock, FakeIds())
    store.fake_timeline.create(INCIDENT, PAYMENTS.id)

    async def redraw(incident: str, slot: str, wanted: str) -> Card | None:
        return views.draw(fold(await store.timeline.read(incident)), slot, Words(wanted), PAYMENTS)

    console = ConsolePlatform(store.room, store.sessions, clock, redraw)
    inbox = FakeInbox()
    server = TestServer(web.Application(), port=port or None)
    pages = Pages(
        console=console,
        sessions=store.sessions,
        teams=StageTeams(),
        timeline=store.timeline,
        register=store.register,
        front_door=inbox,
        clock=clock,
        public_url="http://127.0.0.1",
        personas=personas,
    )
    add_pages(server.app, pages)
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:
        yield Stage(store, clock, console, inbox, pages, client, worked_example(language))
