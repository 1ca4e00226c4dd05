"""Reads the weights of the ranking that ship with Tocsin."""

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Parameters(NamedTuple):
    """`weights` say how much each feature counts; `nobody` is the score of the case that nobody seen is to blame.

    `prior` is what was set by hand, `weights` what recorded incidents made of it."""

    prior: dict[str, float]
    weights: dict[str, float]
    nobody: float


@cache
def parameters() -> Parameters:
    """The shipped parameters."""
    table = json.loads((files("engine.diagnosis") / "ranking.json").read_text(encoding="utf-8"))
    return Parameters(
        prior={str(name): float(value) for name, value in table["prior"].items()},
        weights={str(name): float(value) for name, value in table["weights"].items()},
        nobody=float(table["nobody"]),
    )
