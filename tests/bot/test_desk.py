"""Checks that a card is drawn once in each language, and anew when the incident or its team changes."""

from bot.desk import ChatDesk
from engine.ports import Draft
from engine.team import Team
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.store import FakeStore
from tests.handlers.house import FakeTeams

TRADE = Team(id="trade", name="Trade", language="zh", rooms=("a:1", "b:1", "c:1"), languages={"c:1": "en"})


async def test_a_card_is_drawn_once_in_each_language() -> None:
    clock = FakeClock()
    store, teams = FakeStore(clock, FakeIds()), FakeTeams(TRADE)
    desk = ChatDesk(store.timeline, store.register, teams)
    created = Draft(
        key="created", kind="incident.created", actor="tocsin", at=clock.now(), body={"team": "trade", "title": "503"}
    )
    incident = await store.register.open("trade", (created,))

    first = await desk.draw_in(incident, "header", "a:1")
    assert first is not None
    assert await desk.draw_in(incident, "header", "b:1") is first
    assert await desk.draw(incident, "header") is first
    english = await desk.draw_in(incident, "header", "c:1")
    assert english is not None
    assert (first.language, english.language) == ("zh", "en")
    assert await desk.draw(incident, "header", "en") is english

    taken = Draft(key="ack", kind="incident.acknowledged", actor="lin", at=clock.now(), body={})
    await store.timeline.write(incident, taken)
    second = await desk.draw_in(incident, "header", "a:1")
    assert second != first
    teams.teams["trade"] = TRADE.model_copy(update={"name": "Trading", "zone": "Asia/Shanghai"})
    assert await desk.draw_in(incident, "header", "a:1") != second
