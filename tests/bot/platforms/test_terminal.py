"""Reads the terminal as a person would: a story in which nothing stands twice."""

import io
from dataclasses import replace

from bot.platforms.terminal import TerminalPlatform
from bot.platforms.transcript import Transcript
from cards import views
from cards.model import Card, Prose, Step, Steps
from cards.render.columns import columns
from cards.words import Words
from tests.cards.factory import TEAM, worked_example

STEPS = Card(title="Incident", summary="", blocks=(Steps((Step("Evidence", "running"), Step("Cause", "pending"))),))


def steps(*states: str) -> Card:
    named = zip(("Evidence", "Cause"), states, strict=True)
    return replace(STEPS, blocks=(Prose("payment-service"), Steps(tuple(Step(n, s) for n, s in named))))  # type: ignore[arg-type]


async def test_an_edit_prints_the_title_and_what_is_new_alone() -> None:
    paper = io.StringIO()
    room = TerminalPlatform(paper)
    message = await room.post("demo", "", steps("running", "pending"), "inc_1/header")
    start = paper.tell()
    await room.edit("demo", message, steps("done", "pending"))
    told = paper.getvalue()[start:]
    assert "Incident" in told
    assert "✓ Evidence" in told
    assert "payment-service" not in told


async def test_an_edit_that_changes_nothing_prints_nothing() -> None:
    paper = io.StringIO()
    room = TerminalPlatform(paper)
    message = await room.post("demo", "", steps("running", "pending"), "inc_1/header")
    before = paper.getvalue()
    await room.edit("demo", message, steps("running", "pending"))
    await room.post("demo", "", steps("done", "done"), "inc_1/header")
    assert paper.getvalue() == before


async def test_the_worked_example_reads_as_a_story_within_its_width() -> None:
    for language in ("zh", "en"):
        paper = io.StringIO()
        room = TerminalPlatform(paper, width=100)
        story = worked_example(language)
        messages: dict[str, str] = {}
        for end in range(1, len(story.entries) + 1):
            state = worked_example(language)
            state.entries = state.entries[:end]
            for slot in views.slots(state.fold()):
                card = views.draw(state.fold(), slot, Words(language), TEAM)
                if card and slot in messages:
                    await room.edit("demo", messages[slot], card)
                elif card:
                    thread = messages.get("header", "")
                    messages[slot] = await room.post("demo", thread, card, f"inc_1/{slot}")
        told = paper.getvalue()
        assert max(columns(line) for line in told.split("\n")) <= 100
        assert told.count("ev_metric_1 [") == 1
        assert "CONFIRM_EXECUTE" in told


def test_people_are_heard_and_cannot_paint_the_terminal() -> None:
    paper = io.StringIO()
    TerminalPlatform(paper).echo("林晓", "先不要回滚\n\x1b[2Jand more")
    assert paper.getvalue() == "› 林晓: 先不要回滚\n  and more\n\n"


def test_a_transcript_forgets_the_oldest_message_and_then_prints_it_whole() -> None:
    transcript = Transcript()
    for number in range(501):
        transcript.news(f"m{number}", f"title {number}\nbody\n")
    assert transcript.news("m500", "title 500\nbody\n") == []
    assert transcript.news("m0", "title 0\nbody\n") == ["title 0", "body"]


def test_a_line_that_only_moved_is_no_news() -> None:
    transcript = Transcript()
    transcript.news("m", "title\na\nb\n")
    assert transcript.news("m", "title\nb\na\n") == []
    assert transcript.news("m", "title\nb\na\nc\n") == ["title", "c"]
