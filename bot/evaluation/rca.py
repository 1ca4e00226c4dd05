"""Runs the evaluation: every case below a folder through the engine, and beside it through the simple methods."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.evaluation import baselines, scoring
from bot.evaluation.case import Case, folders, read
from bot.evaluation.examine import Examined, again, examine, light, without_proof
from bot.evaluation.faults import share_right
from bot.evaluation.fitting import applications, fit
from bot.evaluation.healthy import healthy
from bot.evaluation.scoring import Ablation, Accuracy, Changes, Healthy, Ranking, Verdicts
from engine.diagnosis.parameters import Parameters, parameters
from engine.errors import InputError
from engine.model import Phrase

Groups = dict[str, list[Examined]]


@dataclass(frozen=True)
class Try:
    """One case: as the engine saw it, without what its verdict cites, while all was well, and by the simple methods."""

    ours: Examined
    bare: Examined | None
    calm: Examined | None
    methods: Mapping[str, Ranking]


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
    tries: dict[str, list[Try]] = {}
    for case in _cases(folders(root), broken, told):
        tries.setdefault(case.inputs.system, []).append(_try(case))
    groups = {system: [each.ours for each in group] for system, group in sorted(tries.items())}
    nested = _nested(groups) if cross_validate else {}
    systems = tuple(_system(name, tries[name], nested.get(name)) for name in groups)
    return Report(systems, groups, tuple(broken))


def _try(case: Case) -> Try:
    """One case through everything that needs its recording, of which nothing is kept."""
    seen = examine(case)
    window = healthy(case)
    return Try(
        ours=light(seen),
        bare=light(without_proof(seen)) if seen.verdict.conclusive else None,
        calm=None if window is None else light(examine(window)),
        methods={name: baselines.rank(case.inputs, score) for name, score in baselines.METHODS.items()},
    )


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


def _system(name: str, tries: Sequence[Try], nested: list[Examined] | None) -> System:
    return System(
        name=name,
        ours=_figures([each.ours for each in tries]),
        nested=_figures(nested) if nested else None,
        healthy=scoring.healthy([each.calm for each in tries if each.calm is not None]),
        ablation=scoring.ablation([(each.ours, each.bare) for each in tries if each.bare is not None]),
        seconds=sum(each.ours.seconds for each in tries) / len(tries),
        methods={
            method: scoring.accuracy([(each.methods[method], each.ours.case.truth.service) for each in tries])
            for method in baselines.METHODS
        },
    )


def _figures(group: Sequence[Examined]) -> Figures:
    aside = [each for each in group if each.case.set_aside]
    faults = (share_right(group), share_right(aside))
    return Figures(_accuracy(group), scoring.verdicts(group), _accuracy(aside), faults, scoring.changes(group))


def _accuracy(group: Sequence[Examined]) -> Accuracy:
    return scoring.accuracy([(each.ranking, each.case.truth.service) for each in group])
