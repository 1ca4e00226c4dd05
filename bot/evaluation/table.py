"""Draws the figures of an evaluation: a table for people, an object for scripts."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from bot.evaluation.rca import Figures, Report, System
from bot.evaluation.scoring import Accuracy
from cards.words import Words

FIRST = 34


def tree(report: Report, words: Words) -> dict[str, Any]:
    """The report as one JSON object."""
    return {
        "systems": [_system(each) for each in report.systems],
        "broken": [words.say(each) for each in report.broken],
    }


def _system(system: System) -> dict[str, Any]:
    return {
        "system": system.name,
        **_figures(system.ours),
        "nested": None if system.nested is None else _figures(system.nested),
        "healthy": _rounded(system.healthy),
        "ablation": _rounded(system.ablation),
        "seconds_per_case": round(system.seconds, 4),
        "methods": [{"method": name, **_rounded(each)} for name, each in system.methods.items()],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        **_rounded(figures.ranking),
        **_rounded(figures.verdicts),
        "changes": _rounded(figures.changes),
        "set_aside": _rounded(figures.set_aside),
        "object_and_fault": _round(figures.faults[0]),
        "object_and_fault_set_aside": _round(figures.faults[1]),
    }


def _rounded(figures: Any) -> dict[str, Any]:
    return {key: _round(value) for key, value in asdict(figures).items()}


def _round(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [round(each, 4) for each in value] if isinstance(value, tuple) else value


def lines(report: Report, words: Words) -> Iterator[str]:
    """The report as text: one block a system, the simple methods under it."""
    for system in report.systems:
        yield words.text("evaluation.system", system=system.name, cases=system.ours.ranking.cases)
        yield _row([words.text("evaluation.method"), "AC@1", "AC@3", "AC@5", "Avg@5", "AC@1 95 %", "Avg@5 95 %"])
        yield from _ours(words.text("evaluation.shipped"), system.ours, words)
        if system.nested is not None:
            yield from _ours(words.text("evaluation.nested"), system.nested, words)
        for name, each in system.methods.items():
            yield _accuracy(name, each)
        yield from _verdicts(system, words)
        yield ""
    yield from (words.say(each) for each in report.broken)


def _ours(name: str, figures: Figures, words: Words) -> Iterator[str]:
    yield _accuracy(name, figures.ranking)
    if figures.set_aside.cases:
        yield _accuracy(words.text("evaluation.set_aside", cases=figures.set_aside.cases), figures.set_aside)


def _verdicts(system: System, words: Words) -> Iterator[str]:
    for name, figures in (("evaluation.shipped", system.ours), ("evaluation.nested", system.nested)):
        if figures is not None:
            verdicts = figures.verdicts
            yield words.text(
                "evaluation.verdicts",
                parameters=words.text(name),
                inconclusive=_share(verdicts.inconclusive),
                rich=verdicts.rich_cases,
                coverage=_share(verdicts.coverage),
                precision=_share(verdicts.precision),
                calibration=_share(verdicts.calibration),
            )
    shares = system.ours.faults
    if shares[0] is not None:
        yield words.text("evaluation.faults", all=_share(shares[0]), aside=_share(shares[1]))
    changes = system.ours.changes
    if changes.cases:
        yield words.text("evaluation.changes", cases=changes.cases, exact=_share(changes.exact), wrong=changes.wrong)
    calm, bare = system.healthy, system.ablation
    yield words.text("evaluation.healthy", windows=calm.windows, blamed=_share(calm.false_causes))
    yield words.text(
        "evaluation.ablation",
        cases=bare.cases,
        inconclusive=_share(bare.inconclusive),
        before=_share(bare.confidence),
        after=_share(bare.confidence_after),
    )
    yield words.text("evaluation.time", seconds=f"{system.seconds:.3f}")


def _accuracy(name: str, each: Accuracy) -> str:
    figures = [_share(value) for value in (each.ac1, each.ac3, each.ac5, each.avg5)]
    return _row([name, *figures, _between(each.ac1_interval), _between(each.avg5_interval)])


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _between(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.2f}-{interval[1]:.2f}"


def _row(cells: Sequence[str]) -> str:
    return "  " + "".join(
        cell.ljust(FIRST) if place == 0 else cell.rjust(12 if place > 4 else 7) for place, cell in enumerate(cells)
    )
