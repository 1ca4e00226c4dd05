"""Lists every command with one line in the person's language."""

from cards.model import Card, Facts, Prose
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


def helping(others: tuple[Command, ...]) -> Command:
    """The help command over all others."""

    async def run(visit: Visit, rest: str) -> Answer:
        words = visit.words
        pairs = tuple(
            (_shown(command, words.language), words.text(f"command.help.{command.name}")) for command in others
        )
        title = words.text("command.help_title")
        blocks = (Facts(pairs), Prose(words.text("command.help_safety"), quiet=True))
        return Answer(card=Card(title, title, tone="info", blocks=blocks, language=words.language))

    return Command("help", ("help", "?", "帮助", "？"), run, role=None, about=False)


def _shown(command: Command, language: str) -> str:
    """The word to type: in a Chinese room the Chinese one, with the English beside it."""
    word = command.word(language)
    return word if word == command.words[0] else f"{word} / {command.words[0]}"
