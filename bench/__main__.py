"""Runs the measurements and holds each against its target: `python -m bench [NAME …] [--json]`; 1 when one misses."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence

from bench import first_card, footprint, intake, series, sources
from bench.measuring import Figure

BENCHMARKS: Mapping[str, Callable[[], Coroutine[None, None, list[Figure]]]] = {
    "first-card": first_card.measure,
    "intake": intake.measure,
    "footprint": footprint.measure,
    "sources": sources.measure,
    "series": series.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is named, or everything."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measurements, each against a reference.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"{unknown[0]} is none of {', '.join(BENCHMARKS)}")
    figures = [figure for name in options.names or BENCHMARKS for figure in asyncio.run(BENCHMARKS[name]())]
    print(json.dumps({"figures": [_plain(each) for each in figures]}) if options.json else table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


def table(figures: Sequence[Figure]) -> str:
    """One line per figure."""
    lines = [f"{'':<38}{'measured':>10}{'reference':>11}  {'unit':<12}{'ratio':>7}  {'target':<7} verdict"]
    for each in figures:
        reference = f"{each.reference:.4g}" if each.reference else "-"
        target = f"{'≥' if each.at_least else '≤'} {each.target:g}"
        lines.append(
            f"{each.name:<38}{each.measured:>10.4g}{reference:>11}  {each.unit:<12}{each.ratio:>7.2f}  {target:<7} "
            f"{'holds' if each.holds else 'MISSED'}"
        )
    return "\n".join(lines)


def _plain(figure: Figure) -> dict[str, object]:
    names = ("name", "unit", "measured", "reference", "ratio", "target", "at_least", "holds")
    return {name: getattr(figure, name) for name in names}


if __name__ == "__main__":
    sys.exit(main())
