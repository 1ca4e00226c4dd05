"""Holds every `Memory` to its rules. A suite that runs it hands in `store`, freshly opened."""

from datetime import timedelta

from engine.model import Phrase, Quantity
from engine.team import Lesson
from store.rooms import Store
from tests.store.world import START


def lesson(id: str, minutes: int = 0, **fields: object) -> Lesson:
    values = {
        "id": id,
        "kind": "fault_pattern",
        "title": Phrase(word="lesson.pattern", values={"ratio": Quantity(value=0.25, unit="ratio")}),
        "incident": "inc_1",
        "service": "payment",
        "category": "dependency_timeout",
        "alert": "HighErrors",
        "at": START + timedelta(minutes=minutes),
    }
    return Lesson.model_validate(values | fields)


class MemoryRules:
    """A team recalls its own lessons about the same thing, newest first, and nobody else's."""

    async def test_a_lesson_is_recalled_as_it_was_kept(self, store: Store) -> None:
        kept = lesson("l1", lines=(Phrase(word="lesson.line"),), rule={"do": "look_first", "kind": "metric"})
        await store.memory.keep("one", kept)
        assert list(await store.memory.recall("one", "payment", alert="HighErrors")) == [kept]
        assert list(await store.memory.kept("one")) == [kept]

    async def test_nothing_of_one_team_is_visible_to_another(self, store: Store) -> None:
        await store.memory.keep("one", lesson("l1"))
        assert not await store.memory.kept("other")
        assert not await store.memory.recall("other", "payment", "HighErrors", "dependency_timeout")
        await store.memory.keep("other", lesson("l1", text="ours"))
        await store.memory.drop("other", "l1")
        assert [each.text for each in await store.memory.kept("one")] == [""]

    async def test_recalled_is_what_shares_service_and_alert_or_category(self, store: Store) -> None:
        lessons = [
            lesson("alert", 1, category="other"),
            lesson("category", 2, alert="Other"),
            lesson("neither", 3, alert="Other", category="other"),
            lesson("elsewhere", 4, service="coupon"),
            lesson("anywhere", 5, service=""),
        ]
        for each in lessons:
            await store.memory.keep("one", each)
        recall = store.memory.recall

        async def ids(service: str, alert: str = "", category: str = "") -> list[str]:
            return [each.id for each in await recall("one", service, alert, category)]

        assert await ids("payment", "HighErrors", "dependency_timeout") == ["anywhere", "category", "alert"]
        assert await ids("payment", "HighErrors") == ["anywhere", "alert"]
        assert await ids("payment", "", "dependency_timeout") == ["anywhere", "category"]
        assert await ids("payment") == []

    async def test_a_lesson_without_alert_or_category_matches_no_question_without_them(self, store: Store) -> None:
        await store.memory.keep("one", lesson("bare", alert="", category=""))
        assert not await store.memory.recall("one", "payment")
        assert not await store.memory.recall("one", "payment", "HighErrors", "dependency_timeout")

    async def test_the_newest_six_come_first(self, store: Store) -> None:
        for i in range(9):
            await store.memory.keep("one", lesson(f"l{i}", minutes=i))
        found = await store.memory.recall("one", "payment", "HighErrors")
        assert [each.id for each in found] == ["l8", "l7", "l6", "l5", "l4", "l3"]
        assert len(await store.memory.recall("one", "payment", "HighErrors", limit=2)) == 2

    async def test_no_number_of_newer_lessons_pushes_out_a_habit(self, store: Store) -> None:
        for i in range(3):
            await store.memory.keep("one", lesson(f"h{i}", minutes=i, kind="habit", rule={"do": "hold"}))
        for i in range(9):
            await store.memory.keep("one", lesson(f"l{i}", minutes=60 + i))
        found = await store.memory.recall("one", "payment", "HighErrors", limit=2)
        assert [each.id for each in found] == ["h2", "h1", "h0", "l8", "l7"]

    async def test_keeping_again_replaces_and_dropping_removes(self, store: Store) -> None:
        await store.memory.keep("one", lesson("l1"))
        await store.memory.keep("one", lesson("l1", text="in our words", kind="runbook", seen=2))
        assert [(each.text, each.seen) for each in await store.memory.kept("one")] == [("in our words", 2)]
        assert not await store.memory.kept("one", "fault_pattern")
        assert len(await store.memory.kept("one", "runbook")) == 1
        await store.memory.drop("one", "l1")
        await store.memory.drop("one", "l1")
        assert not await store.memory.kept("one")
