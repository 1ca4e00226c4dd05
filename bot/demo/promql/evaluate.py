"""Evaluates parsed PromQL over the sample store, all steps of a range at once."""

from collections.abc import Callable

import numpy as np
import promql_parser as parser

from bot.demo.promql.aggregate import aggregate
from bot.demo.promql.operators import Matching, apply_operator
from bot.demo.promql.over_time import OVER_RANGE, over_range
from bot.demo.promql.quantile import histogram_quantile
from bot.demo.promql.select import Selection
from bot.demo.promql.values import (
    BadQuery,
    CannotExecute,
    Element,
    Floats,
    Millis,
    Scalar,
    Text,
    Value,
    Vector,
    merge,
    without_name,
)
from bot.demo.samples import SampleStore, labels_of

MAX_QUERY = 20_000

_BY_ELEMENT: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "ceil": np.ceil,
    "floor": np.floor,
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
}


def parse_query(query: str) -> parser.Expr:
    """Parse PromQL; raises BadQuery with the words of the parser."""
    if len(query) > MAX_QUERY:
        raise BadQuery(f"1:1: parse error: the query is longer than {MAX_QUERY} characters")
    try:
        return parser.parse(query)
    except ValueError as problem:
        raise BadQuery(f"1:1: parse error: {problem}") from problem


class Evaluation:
    """One query being evaluated at a row of steps (milliseconds since 1970, ascending)."""

    def __init__(self, store: SampleStore, steps: Millis) -> None:
        self._store = store
        self._steps = steps

    def value(self, expr: object) -> Value:
        """Evaluate any expression but a bare range selector; raises CannotExecute outside the supported part."""
        match expr:
            case parser.NumberLiteral():
                return self._constant(expr.val)
            case parser.StringLiteral():
                return Text(expr.val)
            case parser.ParenExpr():
                return self.value(expr.expr)
            case parser.UnaryExpr():
                return apply_operator("*", self._constant(-1.0), self.value(expr.expr), Matching(False, ()), False)
            case parser.VectorSelector():
                return Selection(self._store, expr).at(self._steps)
            case parser.AggregateExpr():
                return self._aggregate(expr)
            case parser.BinaryExpr():
                return self._binary(expr)
            case parser.Call():
                return self._call(expr)
            case _:
                raise CannotExecute(f"{type(expr).__name__} is not supported by this server")

    def _constant(self, number: float) -> Scalar:
        return Scalar(np.full(len(self._steps), number))

    def _vector(self, expr: object) -> Vector:
        value = self.value(expr)
        if not isinstance(value, list):
            raise CannotExecute("expected an instant vector here")
        return value

    def _scalar(self, expr: object) -> Floats:
        value = self.value(expr)
        if not isinstance(value, Scalar):
            raise CannotExecute("expected a scalar here")
        return value.values

    def _aggregate(self, expr: parser.AggregateExpr) -> Vector:
        modifier = expr.modifier
        by = modifier is None or modifier.type == parser.AggModifierType.By
        names = frozenset(modifier.labels if modifier is not None else ())
        parameter = self._scalar(expr.param) if expr.param is not None else None
        return aggregate(str(expr.op), self._vector(expr.expr), by, names, parameter)

    def _binary(self, expr: parser.BinaryExpr) -> Value:
        modifier = expr.modifier
        matching, as_bool = Matching(False, ()), False
        if modifier is not None:
            as_bool = modifier.return_bool
            if modifier.card in (parser.VectorMatchCardinality.ManyToOne, parser.VectorMatchCardinality.OneToMany):
                raise CannotExecute("group_left and group_right are not supported by this server")
            if modifier.matching is not None:
                on = modifier.matching.type == parser.LabelModifierType.Include
                matching = Matching(on, tuple(modifier.matching.labels))
        operator = str(expr.op).split(" ")[0]
        return apply_operator(operator, self.value(expr.lhs), self.value(expr.rhs), matching, as_bool)

    def _call(self, call: parser.Call) -> Value:
        name, arguments = call.func.name, call.args
        if name in OVER_RANGE:
            selector = arguments[0]
            if not isinstance(selector, parser.MatrixSelector):
                raise CannotExecute(f"{name}() over a subquery is not supported by this server")
            selection = Selection(self._store, selector.vector_selector)
            return over_range(name, selection.over(selector.range, self._steps))
        if name in _BY_ELEMENT:
            return self._mapped(self._vector(arguments[0]), _BY_ELEMENT[name])
        special = self._special().get(name)
        if special is None:
            raise CannotExecute(f"function {name}() is not supported by this server")
        return special(arguments)

    def _special(self) -> dict[str, Callable[[list[object]], Value]]:
        return {
            "histogram_quantile": lambda args: histogram_quantile(self._scalar(args[0]), self._vector(args[1])),
            "clamp_min": lambda args: self._clamp(args[0], args[1], None),
            "clamp_max": lambda args: self._clamp(args[0], None, args[1]),
            "clamp": lambda args: self._clamp(args[0], args[1], args[2]),
            "absent": lambda args: self._absent(args[0]),
            "scalar": lambda args: self._as_scalar(args[0]),
            "vector": lambda args: self._as_vector(self._scalar(args[0])),
            "time": lambda args: Scalar(self._steps / 1000.0),
            "sort": lambda args: sorted(self._vector(args[0]), key=lambda each: float(each.values[-1])),
            "sort_desc": lambda args: sorted(self._vector(args[0]), key=lambda each: -float(each.values[-1])),
        }

    def _mapped(self, vector: Vector, change: Callable[[Floats], Floats]) -> Vector:
        with np.errstate(all="ignore"):
            return merge([Element(without_name(each.labels), change(each.values), each.present) for each in vector])

    def _clamp(self, expr: object, least: object | None, most: object | None) -> Vector:
        low = self._scalar(least) if least is not None else np.full(len(self._steps), -np.inf)
        high = self._scalar(most) if most is not None else np.full(len(self._steps), np.inf)
        return self._mapped(self._vector(expr), lambda values: np.minimum(np.maximum(values, low), high))

    def _as_vector(self, values: Floats) -> Vector:
        return [Element((), values, np.ones(len(values), dtype=np.bool_))]

    def _as_scalar(self, expr: object) -> Scalar:
        vector = self._vector(expr)
        if not vector:
            return self._constant(float("nan"))
        mask = np.array([each.present for each in vector])
        values = np.sum(np.where(mask, np.array([each.values for each in vector]), 0.0), axis=0)
        return Scalar(np.where(np.sum(mask, axis=0) == 1, values, np.nan))

    def _absent(self, expr: object) -> Vector:
        vector = self._vector(expr)
        missing = ~np.any([each.present for each in vector], axis=0) if vector else np.ones(len(self._steps), np.bool_)
        known: dict[str, str] = {}
        if isinstance(expr, parser.VectorSelector):
            equal = [each for each in expr.matchers.matchers if each.op == parser.MatchOp.Equal]
            known = {each.name: each.value for each in equal if each.name != "__name__"}
        if not missing.any():
            return []
        return [Element(labels_of(known), np.ones(len(self._steps)), missing)]
