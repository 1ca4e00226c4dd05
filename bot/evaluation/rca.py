"""Runs the evaluation: every case below a folder through the engine, and beside it through the simple methods."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.evaluation import baselines, scoring
from bot.evaluation.case import Case, folders, read
from bot.evaluation.examine import Examined, again, examine, without_proof
from bot.evaluation.faults import share_right
from bot.evaluation.fitting import applications, fit
from bot.evaluation.healthy import healthy
from bot.evaluation.scoring import Ablation, Accuracy, Changes, Healthy, Verdicts
from engine.diagnosis.parameters import Parameters, parameters
from engine.errors import InputError
from engine.model import Phrase

Groups = dict[str, list[Examined]]


@dataclass(frozen=True)
class Figures:
    """How one set of parameters does on one system. `faults`: the share whose kind of fault is right beside the object,
    None where no label of the recording is known; the second for the cases that are set aside."""

    ranking: Accuracy
    verdicts: Verdicts
    set_aside: Accuracy
    faults: tuple[float | None, float | None]
    changes: Changes


@dataclass(frozen=True)
class System:
    """The figures of one system. `nested`: with parameters fitted on the other applications alone."""

    name: str
    ours: Figures
    nested: Figures | None
    healthy: Healthy
    ablation: Ablation
    seconds: float
    methods: Mapping[str, Accuracy]


@dataclass(frozen=True)
class Report:
    """The figures of all systems, the cases behind them, and what could not be read."""

    systems: tuple[System, ...]
    groups: Groups
    broken: tuple[Phrase, ...]


def evaluate(root: Path, *, cross_validate: bool = False, told: Callable[[str], None] = lambda _: None) -> Report:
    """Every case below `root`; `told` hears the name of each folder. InputError where there is no case at all."""
    broken: list[Phrase] = []
    groups: Groups = {}
    calm: dict[str, list[Examined]] = {}
    for case in _cases(folders(root), broken, told):
        groups.setdefault(case.inputs.system, []).append(examine(case))
        window = healthy(case)
        if window is not None:
            calm.setdefault(case.inputs.system, []).append(examine(window))
    nested = _nested(groups) if cross_validate else {}
    systems = tuple(
        _system(name, group, calm.get(name, []), nested.get(name)) for name, group in sorted(groups.items())
    )
    return Report(systems, groups, tuple(broken))


def fitted(groups: Groups, without: Sequence[str] = ()) -> Parameters:
    """Parameters fitted to all systems but some; cases that are set aside teach nothing."""
    kinds = [kind for kind in applications(groups) if not set(kind) & set(without)]
    open_cases = [[each for system in kind for each in groups[system] if not each.case.set_aside] for kind in kinds]
    return fit([group for group in open_cases if group], parameters())


def _nested(groups: Groups) -> dict[str, list[Examined]]:
    """Every system judged with parameters that were fitted on other applications alone."""
    found = {}
    for kind in applications(groups):
        others = fitted(groups, without=kind)
        for system in kind:
            found[system] = [again(each, others) for each in groups[system]]
    return found


def _cases(found: Sequence[Path], broken: list[Phrase], told: Callable[[str], None]) -> Iterator[Case]:
    for folder in found:
        told(folder.name)
        try:
            yield read(folder)
        except InputError as error:
            word = "evaluation.broken_case"
            broken.append(Phrase(word=word, values={"case": folder.name, "why": error.phrase}))


def _system(name: str, group: Sequence[Examined], calm: Sequence[Examined], nested: list[Examined] | None) -> System:
    proven = [each for each in group if each.verdict.conclusive]
    return System(
        name=name,
        ours=_figures(group),
        nested=_figures(nested) if nested else None,
        healthy=scoring.healthy(calm),
        ablation=scoring.ablation([(each, without_proof(each)) for each in proven]),
        seconds=sum(each.seconds for each in group) / len(group),
        methods={
            method: scoring.accuracy(
                [(baselines.rank(each.case.inputs, score), each.case.truth.service) for each in group]
            )
            for method, score in baselines.METHODS.items()
        },
    )


def _figures(group: Sequence[Examined]) -> Figures:
    aside = [each for each in group if each.case.set_aside]
    faults = (share_right(group), share_right(aside))
    return Figures(_accuracy(group), scoring.verdicts(group), _accuracy(aside), faults, scoring.changes(group))


def _accuracy(group: Sequence[Examined]) -> Accuracy:
    return scoring.accuracy([(each.ranking, each.case.truth.service) for each in group])
