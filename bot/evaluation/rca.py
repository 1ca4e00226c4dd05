"""Runs the evaluation: every case below a folder through the engine, and beside it through the simple methods."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.evaluation import baselines, scoring
from bot.evaluation.case import Case, folders, read
from bot.evaluation.examine import Examined, examine
from bot.evaluation.scoring import Accuracy, Verdicts
from engine.errors import InputError
from engine.model import Phrase


@dataclass(frozen=True)
class System:
    """The figures of one system."""

    name: str
    ours: Accuracy
    verdicts: Verdicts
    seconds: float
    set_aside: Accuracy
    methods: Mapping[str, Accuracy]


@dataclass(frozen=True)
class Report:
    """The figures of all systems, the cases behind them, and what could not be read."""

    systems: tuple[System, ...]
    examined: tuple[Examined, ...]
    broken: tuple[Phrase, ...]


def evaluate(root: Path, told: Callable[[str], None] = lambda _: None) -> Report:
    """Every case below `root`; `told` hears the name of each folder. InputError where there is no case at all."""
    broken: list[Phrase] = []
    examined = [examine(case) for case in _cases(folders(root), broken, told)]
    groups: dict[str, list[Examined]] = {}
    for each in examined:
        groups.setdefault(each.case.inputs.system, []).append(each)
    systems = tuple(_system(name, group) for name, group in sorted(groups.items()))
    return Report(systems, tuple(examined), tuple(broken))


def _cases(found: Sequence[Path], broken: list[Phrase], told: Callable[[str], None]) -> Iterator[Case]:
    for folder in found:
        told(folder.name)
        try:
            yield read(folder)
        except InputError as error:
            word = "evaluation.broken_case"
            broken.append(Phrase(word=word, values={"case": folder.name, "why": error.phrase}))


def _system(name: str, group: Sequence[Examined]) -> System:
    aside = [each for each in group if each.case.set_aside]
    return System(
        name=name,
        ours=_accuracy(group),
        verdicts=scoring.verdicts(group),
        seconds=sum(each.seconds for each in group) / len(group),
        set_aside=_accuracy(aside),
        methods={
            method: scoring.accuracy(
                [(baselines.rank(each.case.inputs, score), each.case.truth.service) for each in group]
            )
            for method, score in baselines.METHODS.items()
        },
    )


def _accuracy(group: Sequence[Examined]) -> Accuracy:
    return scoring.accuracy([(each.ranking, each.case.truth.service) for each in group])
