"""Draws what the self-test tried, and what came of each step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cards.model import Card, Prose, Step, Steps
from cards.words import Words
from engine.model import Phrase

MOST = 40


@dataclass(frozen=True)
class Outcome:
    """One step: alert, press, approval, answer or card; at a platform or in a room; and why it failed, if it did."""

    step: str
    where: str
    why: Phrase | None = None

    @property
    def ok(self) -> bool:
        """Whether all was well."""
        return self.why is None


def report(at: datetime, outcomes: Sequence[Outcome], words: Words) -> Card:
    """The card of one test."""
    failed = [each for each in outcomes if not each.ok]
    word = "selftest.failed_short" if failed else "selftest.passed_short"
    summary = words.text(word, n=len(outcomes), failed=len(failed), at=words.moment(at))
    steps = tuple(_step(each, words) for each in (*failed, *(each for each in outcomes if each.ok)))[:MOST]
    return Card(
        title=words.text("selftest.title"),
        summary=summary,
        tone="warning" if failed else "good",
        blocks=(Prose(summary, strong=True), Steps(steps), Prose(words.text("selftest.note"), quiet=True)),
        language=words.language,
    )


def _step(outcome: Outcome, words: Words) -> Step:
    text = words.text(f"selftest.step.{outcome.step}", where=outcome.where)
    return Step(text, "done" if outcome.ok else "failed", words.say(outcome.why) if outcome.why else "")
