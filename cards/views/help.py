"""Draws what a person can say to the bot."""

from cards.model import Card, Facts, Prose
from cards.words import Words

COMMANDS = (
    "ack",
    "approve",
    "reject",
    "lift",
    "undo",
    "look_again",
    "false_alarm",
    "close",
    "keep",
    "drop",
    "edit",
    "constraint",
    "incidents",
    "help",
)


def help_card(words: Words) -> Card:
    """Every way to speak to the bot, one line each."""
    title = words.text("help.title")
    pairs = tuple((words.text(f"help.{name}.say"), words.text(f"help.{name}.does")) for name in COMMANDS)
    return Card(
        title=title,
        summary=title,
        tone="info",
        blocks=(Prose(words.text("help.intro")), Facts(pairs), Prose(words.text("help.safety"), quiet=True)),
    )
