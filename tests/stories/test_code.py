"""Tells how a stack trace leads to the lines of code that run, after the diagnosis and never in its way."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.code import Missing, Passage, Place
from engine.errors import StoreError
from engine.model import Entry, LogLine, Phrase
from engine.ports import Question, Source
from tests.fakes.clock import FakeIds
from tests.fakes.sources import FakeReader
from tests.fakes.store import FakeStore, FakeTimeline
from tests.stories.stage import LoopClock, Story, in_story_time, open_story
from tests.stories.world import World

STACK = """
Traceback (most recent call last):
  File "/app/src/pay/pool.py", line 42, in acquire
    raise Exhausted(self.size)
pay.pool.Exhausted: 6"""


def shown(place: Place) -> Passage | Missing:
    return Passage(
        evidence=place.evidence,
        source="code",
        service=place.service,
        repository=place.repository,
        path="src/pay/pool.py",
        line=place.line,
        commit="c" * 40,
        version=place.versions[0],
        function=place.function,
        first=place.line,
        lines=("            raise Exhausted(self.size)",),
        link="http://code.example/pool.py#L42",
    )


@dataclass
class Coded(World):
    """A world whose errors tell where they come from, and whose code can be read."""

    repository: str = "shop/payment"
    stack: str = STACK

    def __post_init__(self) -> None:
        super().__post_init__()
        self.code = FakeReader(shown)

    @property
    def sources(self) -> tuple[Source, ...]:
        return (*super().sources, self.code)

    def _lines(self, question: Question, name: str) -> Iterator[LogLine]:
        for line in super()._lines(question, name):
            failed = line.level == "error"
            yield line.model_copy(update={"message": line.message + self.stack}) if failed else line


def reader(story: Story) -> FakeReader:
    assert isinstance(story.world, Coded)
    return story.world.code


@pytest.mark.parametrize("language", ["zh", "en"])
@in_story_time
async def test_the_code_of_the_error_follows_the_diagnosis(tmp_path: Path, language: str):
    async with open_story(tmp_path, language, world=Coded) as story:
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await story.until(lambda state: state.code)
        ((place,),) = reader(story).reads
        assert (place.file, place.line, place.function) == ("/app/src/pay/pool.py", 42, "acquire")
        assert place.versions[0] == story.world.bad
        kinds = await story.kinds()
        assert kinds.index("hypothesis.generated") < kinds.index("code.read")
        card = await story.reads("evidence")
        assert "▶ 42" in card
        assert "src/pay/pool.py:42" in card
        assert (await story.state()).code is not None
        messages = [each for each in story.platforms["chat"].messages if each.key.endswith("/evidence")]
        assert len(messages) == 1, "it is an edit, which calls nobody"


@in_story_time
async def test_who_is_no_source_of_evidence_reads_code_first_and_tells_nothing_else(tmp_path: Path):
    clones = FakeReader(shown)
    async with open_story(tmp_path, world=Coded, readers=(clones,)) as story:
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await story.until(lambda state: state.code)
        assert len(clones.reads) == 1
        assert not reader(story).reads
        assert not clones.asked


KEYED = STACK.replace("pay.pool.Exhausted: 6", "KeyError: 'currency'")


@in_story_time
async def test_what_would_mend_the_code_stands_beside_it(tmp_path: Path):
    def world(clock: object) -> World:
        return Coded(clock, stack=KEYED)  # type: ignore[arg-type]

    async with open_story(tmp_path, world=world) as story:
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await story.until(lambda state: state.code)
        card = await story.reads("evidence")
        assert "What would mend it: A key is not there at src/pay/pool.py:42: currency." in " ".join(card.split())
        entries = await story.entries("evidence.collected")
        (origin,) = [
            each["details"]["origin"] for each in entries[-1].body["evidence"] if each["details"].get("origin")
        ]
        assert origin["error"] == "KeyError: 'currency'"


@in_story_time
async def test_code_that_is_not_told_holds_up_no_diagnosis_and_no_plan(tmp_path: Path):
    async with open_story(tmp_path, world=Coded) as story:
        reader(story).stalls = True
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        assert (await story.state()).code is None
        await story.until(lambda state: state.code)
        assert "no answer" in (await story.reads("evidence")) or "did not answer" in (await story.reads("evidence"))


class Unread(FakeTimeline):
    """Reads for everybody but whoever looks after code."""

    async def read(self, incident: str, after: int = 0) -> Sequence[Entry]:
        task = asyncio.current_task()
        if task is not None and task.get_name().startswith("code of"):
            raise StoreError(Phrase(word="error.store_closed", values={"path": "store"}))
        return await super().read(incident, after)


@in_story_time
async def test_a_store_that_fails_where_code_is_read_cuts_no_plan_short(tmp_path: Path):
    clock = LoopClock()
    store = FakeStore(clock, FakeIds())
    store.timeline = store.fake_timeline = store.fake_register.timeline = Unread(store.disk)
    async with open_story(tmp_path, world=Coded, store=store, clock=clock) as story:
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        assert reader(story).reads == []


@in_story_time
async def test_nobody_reads_code_where_no_repository_is_named(tmp_path: Path):
    def world(clock: object) -> World:
        return Coded(clock, repository="")  # type: ignore[arg-type]

    async with open_story(tmp_path, world=world) as story:
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        assert reader(story).reads == []
        assert "code.read" not in await story.kinds()


@in_story_time
async def test_another_look_reads_the_code_anew(tmp_path: Path):
    async with open_story(tmp_path, world=Coded) as story:
        story.world.release_leaks()
        await story.alert()
        await story.asked()
        await story.person("lin").says("reject no")
        await story.handed_over()
        await story.person("lin").says("look again")
        while len(await story.entries("code.read")) < 2:
            await story.house.tools.clock.sleep(1.0)
        assert len(reader(story).reads) == 2
