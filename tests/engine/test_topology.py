"""Checks that calls are read out of spans as they were, and that only what the catalogue lacks is said to be new."""

import time
from datetime import UTC, datetime

import pytest

from engine.model import Span
from engine.team import Service
from engine.topology import MOST_TOLD, Call, branches, callers, in_spans, in_text, is_name, undeclared, unseen, untold

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def span(id: str, service: str, parent: str = "", peer: str = "", trace: str = "t1") -> Span:
    return Span(
        trace_id=trace, span_id=id, parent_id=parent, service=service, operation="op", peer=peer, start=AT, duration=0.1
    )


SHOP = {
    "front": Service(name="front", dependencies=("pay",)),
    "pay": Service(name="pay", dependencies=("db", "cache")),
}


def test_a_call_recorded_on_both_sides_counts_once_under_the_name_the_callee_gives_itself() -> None:
    spans = [
        span("a", "front"),
        span("b", "front", "a", peer="pay.shop.svc"),
        span("c", "pay", "b"),
        span("d", "pay", "c", peer="db"),
        span("e", "pay", "d"),
        span("f", "pay", "c", peer="10.0.0.3:6379"),
        span("g", "pay", "c", peer="pay"),
    ]
    assert in_spans([*spans, *spans]) == {Call("front", "pay"): 1, Call("pay", "db"): 1}


def test_what_the_catalogue_lacks_and_what_traces_lack() -> None:
    calls = {Call("pay", "ledger"): 2, Call("pay", "db"): 9, Call("pay", "mail"): 5, Call("stranger", "db"): 9}
    assert undeclared(calls, SHOP) == (Call("pay", "mail"), Call("pay", "ledger"))
    assert unseen(calls, SHOP["pay"]) == ("cache",)
    assert unseen(calls, SHOP["front"]) == ()
    assert callers("db", SHOP, calls) == ("pay", "stranger")


def test_a_circle_is_drawn_once() -> None:
    lines = branches("front", SHOP, {Call("db", "front"): 1, Call("pay", "front"): 1})
    assert [f"{each.frame}{each.call.callee}{' again' if each.repeated else ''}" for each in lines] == [
        "└─ pay",
        "   ├─ cache",
        "   ├─ db",
        "   │  └─ front again",
        "   └─ front again",
    ]


@pytest.mark.parametrize("name", ["", "10.0.0.1", "10.0.0.1:80", "::1", "a b", "x/y", "localhost", "a\nb", "x" * 121])
def test_an_address_is_no_name(name: str) -> None:
    assert not is_name(name)


@pytest.mark.parametrize("name", ["pay", "pay-2", "mysql", "支付", "payment.shop"])
def test_a_name_is_one(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "text, calls",
    [
        ("payment -> coupon -> mysql, order -> payment", ["payment coupon", "coupon mysql", "order payment"]),
        ("payment → coupon；order → payment", ["payment coupon", "order payment"]),
        ("payment calls coupon\norder 调用 payment", ["payment coupon", "order payment"]),
        ("mysql <- coupon <- payment", ["payment coupon", "coupon mysql"]),
        ('graph TD\n  A["payment"] -->|http| B(coupon)\n  B --> C[(mysql)]', ["payment coupon", "coupon mysql"]),
        ("`payment` => `payment` => coupon", ["payment coupon"]),
        ("payment", []),
        ("payment-service", []),
        ("payment -> 10.0.0.1:3306", []),
        ("payment -> ", []),
    ],
)
def test_what_a_person_wrote_down_becomes_calls(text: str, calls: list[str]) -> None:
    assert [" ".join(call) for call in in_text(text)] == calls


def test_what_a_person_wrote_down_is_bounded() -> None:
    assert len(in_text(" -> ".join(f"s{n}" for n in range(500)))) == MOST_TOLD


def test_of_two_services_in_a_drawing_the_call_it_leaves_out_is_told() -> None:
    services = {"a": Service(name="a", dependencies=("b", "elsewhere")), "b": Service(name="b", dependencies=("c",))}
    assert untold(in_text("a -> c, b -> c"), services) == (Call("a", "b"),)


def test_a_service_may_have_a_word_for_calling_in_its_name() -> None:
    assert in_text("calls-api -> missed-calls\nfront calls calls-api") == (
        Call("calls-api", "missed-calls"),
        Call("front", "calls-api"),
    )


def test_what_a_shape_says_is_the_name_where_it_is_one() -> None:
    assert in_text("a[Front page] -->|http| b(pay)\nb --> c") == (Call("a", "pay"), Call("pay", "c"))


@pytest.mark.parametrize("piece", [" ", "a", "a[ ", "[", "->|", "a -> ", '"'])
def test_no_drawing_takes_long(piece: str) -> None:
    """Anybody in a room may write one; a pattern that tries every way of splitting it takes hours."""
    began = time.process_time()
    in_text("a[" + piece * 40_000)
    assert time.process_time() - began < 2
