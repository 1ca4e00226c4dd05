"""Names what an expression evaluates to: columns of numbers, one column entry per evaluation step."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from bot.demo.samples import Labels

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Millis = NDArray[np.int64]


class BadQuery(Exception):
    """The query or a parameter cannot be read: what Prometheus answers with 400 bad_data."""


class CannotExecute(Exception):
    """The query reads well but cannot be evaluated: what Prometheus answers with 422 execution."""


@dataclass(frozen=True)
class Element:
    """One series of a vector: its value at each step, and whether it has one there."""

    labels: Labels
    values: Floats
    present: Bools


@dataclass(frozen=True)
class Scalar:
    """A number without labels at each step."""

    values: Floats


@dataclass(frozen=True)
class Text:
    """A string literal."""

    text: str


@dataclass(frozen=True)
class Window:
    """What a range selector found for one series: samples in time order, and the bounds for each step.

    The samples of step i are `times[low[i]:high[i]]`; the range ends at `ends[i]` and lasts `range_ms`.
    """

    labels: Labels
    times: Millis
    values: Floats
    low: NDArray[np.intp]
    high: NDArray[np.intp]
    ends: Millis
    range_ms: int


Vector = list[Element]
Value = Vector | Scalar | Text


def without_name(labels: Labels) -> Labels:
    """The labels without the metric name."""
    return tuple(pair for pair in labels if pair[0] != "__name__")


def merge(elements: Vector) -> Vector:
    """Join elements whose labels became equal; raises CannotExecute when two have a value at one step."""
    by_labels: dict[Labels, Element] = {}
    for element in elements:
        other = by_labels.get(element.labels)
        if other is None:
            by_labels[element.labels] = element
            continue
        if bool(np.any(other.present & element.present)):
            raise CannotExecute("vector cannot contain metrics with the same labelset")
        by_labels[element.labels] = Element(
            element.labels,
            np.where(element.present, element.values, other.values),
            element.present | other.present,
        )
    return [element for element in by_labels.values() if bool(element.present.any())]


def number_text(value: float) -> str:
    """Write a number as Prometheus does in its API: shortest form, no exponent, NaN, +Inf and -Inf."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    if value == int(value) and abs(value) < 1e15:
        return "-0" if value == 0 and np.signbit(value) else str(int(value))
    return format(Decimal(repr(float(value))), "f")


def exponent_text(value: float) -> str:
    """Write a number as Prometheus writes the value of an alert: `3.96e-01`, shortest form that reads back."""
    if value != value or value in (float("inf"), float("-inf")):
        return number_text(value)
    sign, digits, exponent = Decimal(repr(float(value))).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(str(digit) for digit in digits).rstrip("0") or "0"
    power = 0 if value == 0 else exponent + len(digits) - 1
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
