"""Draws how the bot itself does: what is wrong, what goes on right now, and what is set up here by which setting."""

from collections.abc import Sequence
from dataclasses import dataclass

from cards.model import Block, Button, Buttons, Card, Facts, Prose, Tone
from cards.views.border import across
from cards.words import Words
from engine.incident import Incident
from engine.model import Phrase
from engine.team import Team

MOST = 20
"""Sentences of one kind that are shown; more are counted."""


@dataclass(frozen=True)
class Part:
    """Something that may be set up: its name, whether it is, and the setting (or key of a team file) that does it."""

    name: str
    on: bool
    by: str


@dataclass(frozen=True)
class Health:
    """What a look at the set-up found, within one team's wall: what is wrong by the settings, what does not work right
    now, how many things were looked at, and what is set up."""

    wrong: tuple[Phrase, ...] = ()
    now: tuple[Phrase, ...] = ()
    looked: int = 0
    parts: tuple[Part, ...] = ()


def doctor(health: Health, stuck: Sequence[Incident], words: Words, team: Team) -> Card:
    """All of it on one card, worst first."""
    now = [words.say(phrase) for phrase in health.now]
    now += [words.text("doctor.stuck", incident=each.id, reason=each.stuck) for each in stuck]
    wrong = [words.say(phrase) for phrase in health.wrong]
    count = len(now) + len(wrong)
    title = words.text("doctor.title" if count else "doctor.title_well", n=count, team=team.name)
    blocks: list[Block] = [
        *_listed("doctor.now", now, words),
        *_listed("doctor.wrong", wrong, words),
        Prose(words.text("doctor.looked", n=health.looked), quiet=True),
        *_parts(health, words),
        Buttons(
            (
                *(Button("resume", words.text("doctor.resume", incident=s.id), {"incident": s.id}) for s in stuck[:3]),
                Button("doctor", words.text("button.refresh"), {}),
                Button("home", words.text("button.home"), {}),
            )
        ),
    ]
    tone: Tone = "bad" if now else "warning" if wrong else "good"
    return across(Card(title, title, tone=tone, blocks=tuple(blocks)), "", words)


def _listed(heading: str, sentences: Sequence[str], words: Words) -> list[Block]:
    if not sentences:
        return []
    shown: list[Block] = [Prose(f"• {sentence}") for sentence in sentences[:MOST]]
    if len(sentences) > MOST:
        shown.append(Prose(words.text("doctor.more", n=len(sentences) - MOST)))
    return [Prose(words.text(heading), strong=True), *shown]


def _parts(health: Health, words: Words) -> list[Block]:
    if not health.parts:
        return []
    pairs = tuple((_name(part, words), f"{words.text(_state(part))} · {_by(part, words)}") for part in health.parts)
    return [Prose(words.text("doctor.parts"), strong=True), Facts(pairs)]


def _name(part: Part, words: Words) -> str:
    return words.text(f"part.{part.name}") if words.has(f"part.{part.name}") else part.name.capitalize()


def _state(part: Part) -> str:
    return "doctor.on" if part.on else "doctor.off"


def _by(part: Part, words: Words) -> str:
    """The setting, and what goes without it where it is not made."""
    missing = f"missing.{part.name}"
    return part.by if part.on or not words.has(missing) else f"{part.by} · {words.text(missing)}"
