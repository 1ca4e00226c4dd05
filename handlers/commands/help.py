"""Says what can be said: the words by what they are for, and each with a line of its own when it is asked for."""

from collections.abc import Mapping, Sequence

from cards.model import Block, Button, Buttons, Card, Facts, Prose
from cards.words import Words
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


def helping(groups: Mapping[str, Sequence[Command]]) -> Command:
    """The help command over all others, which are grouped by what they are for."""

    async def run(visit: Visit, rest: str) -> Answer:
        """`help [group or command]`."""
        words, said = visit.words, rest.strip().casefold()
        if not said:
            return Answer(card=_all(groups, words))
        named = {words.text(f"help.{name}").casefold(): name for name in groups} | {name: name for name in groups}
        if said in named:
            return Answer(card=_some(words.text(f"help.{named[said]}"), groups[named[said]], words))
        meant = [command for group in groups.values() for command in group if said in command.words]
        return Answer(card=_some(said, meant, words) if meant else _all(groups, words))

    return Command("help", ("help", "?", "帮助", "？"), run, role=None, about=False)


def _all(groups: Mapping[str, Sequence[Command]], words: Words) -> Card:
    """Every word, in a line for each group: what is needed at night fits a glance."""
    pairs = tuple(
        (words.text(f"help.{name}"), " · ".join(command.word(words.language) for command in group))
        for name, group in groups.items()
    )
    buttons = tuple(Button("help", words.text(f"help.{name}"), {"topic": name}) for name in groups)
    title = words.text("command.help_title")
    blocks: tuple[Block, ...] = (
        Facts(pairs),
        Prose(words.text("command.help_more")),
        Prose(words.text("command.help_safety"), quiet=True),
        Buttons(buttons),
    )
    return Card(title, title, tone="info", blocks=blocks, language=words.language)


def _some(name: str, commands: Sequence[Command], words: Words) -> Card:
    """These commands with what each does."""
    title = words.text("command.help_of", name=name)
    pairs = tuple((_typed(command, words.language), words.text(f"command.help.{command.name}")) for command in commands)
    return Card(title, title, tone="info", blocks=(Facts(pairs),), language=words.language)


def _typed(command: Command, language: str) -> str:
    """The word to type: in a Chinese room the Chinese one, with the English beside it."""
    word = command.word(language)
    return word if word == command.words[0] else f"{word} / {command.words[0]}"
