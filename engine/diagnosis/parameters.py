"""Reads the weights of the ranking that ship with Tocsin."""

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Parameters(NamedTuple):
    """`prior` is what was set by hand, before any incident was looked at; `weights` what incidents made of it."""

    prior: dict[str, float]
    weights: dict[str, float]


@cache
def parameters() -> Parameters:
    """The shipped parameters."""
    table = json.loads((files("engine.diagnosis") / "ranking.json").read_text(encoding="utf-8"))
    return Parameters(
        prior={str(name): float(value) for name, value in table["prior"].items()},
        weights={str(name): float(value) for name, value in table["weights"].items()},
    )
