"""Evaluates binary operators between numbers and vectors, with Prometheus' one-to-one matching."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bot.demo.promql.values import Bools, CannotExecute, Element, Floats, Scalar, Value, Vector, merge, without_name
from bot.demo.samples import Labels

ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.fmod,
    "^": np.power,
}
COMPARISONS: dict[str, Callable[[Floats, Floats], Bools]] = {
    "==": np.equal,
    "!=": np.not_equal,
    ">": np.greater,
    "<": np.less,
    ">=": np.greater_equal,
    "<=": np.less_equal,
}


@dataclass(frozen=True)
class Matching:
    """How label sets of two vectors are compared: `on` these labels, or on all but these."""

    on: bool
    labels: tuple[str, ...]

    def signature(self, labels: Labels) -> Labels:
        """The part of `labels` that has to be equal on both sides."""
        if self.on:
            return tuple(pair for pair in labels if pair[0] in self.labels)
        return tuple(pair for pair in labels if pair[0] not in self.labels and pair[0] != "__name__")


def _compute(operator: str, left: Floats, right: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return np.asarray(ARITHMETIC[operator](left, right), dtype=np.float64)


def _with_scalar(operator: str, vector: Vector, number: Floats, vector_is_left: bool, as_bool: bool) -> Vector:
    out: Vector = []
    for element in vector:
        left, right = (element.values, number) if vector_is_left else (number, element.values)
        if operator in ARITHMETIC:
            out.append(Element(without_name(element.labels), _compute(operator, left, right), element.present))
            continue
        holds = COMPARISONS[operator](left, right)
        if as_bool:
            out.append(Element(without_name(element.labels), holds.astype(np.float64), element.present))
        else:
            out.append(Element(element.labels, element.values, element.present & holds))
    return merge(out)


def _by_signature(vector: Vector, matching: Matching) -> dict[Labels, Vector]:
    groups: dict[Labels, Vector] = {}
    for element in vector:
        groups.setdefault(matching.signature(element.labels), []).append(element)
    return groups


def _braces(labels: Labels) -> str:
    return "{" + ", ".join(f'{key}="{value}"' for key, value in labels) + "}"


def _refuse_duplicates(signature: Labels, group: Vector, side: str) -> None:
    for index, one in enumerate(group):
        for other in group[index + 1 :]:
            if bool(np.any(one.present & other.present)):
                raise CannotExecute(
                    f"found duplicate series for the match group {_braces(signature)} on the {side} hand-side of the "
                    f"operation: [{_braces(other.labels)}, {_braces(one.labels)}];many-to-many matching not allowed: "
                    "matching labels must be unique on one side"
                )


def _pair(operator: str, left: Element, right: Element, matching: Matching, as_bool: bool) -> Element:
    both = left.present & right.present
    labels = matching.signature(left.labels)
    if operator in ARITHMETIC:
        return Element(labels, _compute(operator, left.values, right.values), both)
    holds = COMPARISONS[operator](left.values, right.values)
    if as_bool:
        return Element(labels, holds.astype(np.float64), both)
    kept = left.labels if not matching.on and not matching.labels else labels
    return Element(kept, left.values, both & holds)


def _one_to_one(operator: str, left: Vector, right: Vector, matching: Matching, as_bool: bool) -> Vector:
    lefts, rights = _by_signature(left, matching), _by_signature(right, matching)
    out: Vector = []
    for signature, group in rights.items():
        _refuse_duplicates(signature, group, "right")
    for signature, group in lefts.items():
        if signature not in rights:
            continue
        _refuse_duplicates(signature, group, "left")
        out.extend(_pair(operator, one, other, matching, as_bool) for one in group for other in rights[signature])
    return merge(out)


def _set_operation(operator: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    lefts, rights = _by_signature(left, matching), _by_signature(right, matching)

    def anywhere(groups: dict[Labels, Vector], element: Element) -> Bools:
        found = [other.present for other in groups.get(matching.signature(element.labels), [])]
        return np.any(found, axis=0) if found else np.zeros(len(element.present), dtype=np.bool_)

    if operator == "or":
        extra = [Element(each.labels, each.values, each.present & ~anywhere(lefts, each)) for each in right]
        return merge([*left, *extra])
    wanted = operator == "and"
    return merge(
        [Element(each.labels, each.values, each.present & (anywhere(rights, each) == wanted)) for each in left]
    )


def apply_operator(operator: str, left: Value, right: Value, matching: Matching, as_bool: bool) -> Value:
    """Evaluate `left operator right`; raises CannotExecute when vectors do not match one to one."""
    if isinstance(left, Scalar) and isinstance(right, Scalar):
        if operator in ARITHMETIC:
            return Scalar(_compute(operator, left.values, right.values))
        return Scalar(COMPARISONS[operator](left.values, right.values).astype(np.float64))
    if isinstance(left, list) and isinstance(right, Scalar):
        return _with_scalar(operator, left, right.values, True, as_bool)
    if isinstance(left, Scalar) and isinstance(right, list):
        return _with_scalar(operator, right, left.values, False, as_bool)
    if isinstance(left, list) and isinstance(right, list):
        if operator in ("and", "or", "unless"):
            return _set_operation(operator, left, right, matching)
        return _one_to_one(operator, left, right, matching, as_bool)
    raise CannotExecute(f'operator "{operator}" is not defined between these types')
