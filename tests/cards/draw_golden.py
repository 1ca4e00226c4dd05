"""Names the golden cards and draws them; `python -m tests.cards.draw_golden` writes them anew after a wanted change."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cards.model import Card
from cards.render import feishu, html, slack, text, wecom
from cards.views import draw
from cards.words import Words
from tests.cards.factory import PLAN, TEAM, Story, unclear_example, worked_example

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = ("zh", "en")
MOMENTS = (
    ("header", "header", "approval.requested"),
    ("asking", "evidence", "evidence.asking"),
    ("looking", "evidence", "evidence.first_look"),
    ("first-look", "diagnosis", "evidence.first_look"),
    ("background", "background", ""),
    ("evidence", "evidence", ""),
    ("diagnosis", "diagnosis", "approval.requested"),
    ("plan-held", f"plan:{PLAN}", "approval.requested"),
    ("plan-waiting", f"plan:{PLAN}", "constraint.lifted"),
    ("plan-done", f"plan:{PLAN}", "action.executed"),
    ("recovery", f"recovery:{PLAN}", ""),
    ("closing", "closing", ""),
    ("refusal", "say:refused:in_1", ""),
)
"""Name of the file, slot, and the last kind of entry that has been written by then."""

UNCLEAR = (("unclear", "diagnosis", ""),)
"""The same of an incident of which nothing certain is known."""


def card(language: str, slot: str, upto: str, story: Callable[[str], Story] = worked_example) -> Card:
    drawn = draw(story(language).fold(upto), slot, Words(language), TEAM)
    assert drawn is not None
    return drawn


def moments() -> Iterator[tuple[str, dict[str, Card]]]:
    """Name of the file, and its card in each language."""
    for story, some in ((worked_example, MOMENTS), (unclear_example, UNCLEAR)):
        for name, slot, upto in some:
            yield name, {language: card(language, slot, upto, story) for language in LANGUAGES}


def pictures() -> Iterator[tuple[str, str]]:
    """File name and what belongs into it."""
    for name, both in moments():
        yield from on_feishu(f"feishu/{name}.both", both)
        for language, found in both.items():
            yield f"{name}.{language}.txt", text.render(found).body
            yield f"{name}.{language}.html", html.render(found, csrf="csrf-token").body.replace("><", ">\n<") + "\n"
            yield from on_wecom(f"wecom/{name}.{language}", found)
            yield from on_feishu(f"feishu/{name}.{language}", {language: found})
            yield f"slack/{name}.{language}.json", on_slack(found)


def on_wecom(name: str, found: Card) -> Iterator[tuple[str, str]]:
    """The text as people read it, and the cards they press."""
    drawn = wecom.render(found, wecom.Stage(plain_value, "https://tocsin.example", "n0nce"))
    yield f"{name}.md", f"{drawn.markdown}\n"
    yield f"{name}.json", json.dumps(drawn.templates or drawn.compact, ensure_ascii=False, indent=1) + "\n"


def on_feishu(name: str, found: Mapping[str, Card]) -> Iterator[tuple[str, str]]:
    """The document as it is sent, with buttons that can be read."""
    drawn = feishu.card(found, feishu.Stage("https://tocsin.example", plain_value))
    yield f"{name}.json", json.dumps(drawn.document, ensure_ascii=False, indent=1) + "\n"


def on_slack(found: Card) -> str:
    """The payload as it is sent, with buttons that can be read and the first picture uploaded."""
    drawn = slack.message(found, slack.Stage("https://tocsin.example", plain_value, {0: "F0123456789"}))
    return json.dumps(drawn.payload, ensure_ascii=False, indent=1) + "\n"


def plain_value(action: str, value: Mapping[str, str]) -> str:
    """What a button carries, unsealed, so that it can be read."""
    return " ".join((action, *(f"{name}={value[name]}" for name in sorted(value))))


if __name__ == "__main__":
    for name, body in pictures():
        (GOLDEN / name).parent.mkdir(exist_ok=True)
        (GOLDEN / name).write_text(body, encoding="utf-8")
