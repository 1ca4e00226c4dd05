"""Proves that another name is offered for a service only where it plainly means the same one."""

import pytest

from engine.sources.names import nearest, remarks, traced_name
from engine.team import Service

KNOWN = [("app", "payment"), ("app", "payment-gateway"), ("job", "shop/coupon"), ("service", "order_api")]


@pytest.mark.parametrize(
    "service, found",
    [
        ("payment-service", [("app", "payment")]),
        ("PaymentSvc", [("app", "payment")]),
        ("payments", [("app", "payment")]),
        ("paymnet", [("app", "payment")]),
        ("payment_gateway", [("app", "payment-gateway")]),
        ("coupon", [("job", "shop/coupon")]),
        ("orderApi", [("service", "order_api")]),
        ("order", [("service", "order_api")]),
        ("gateway", []),
        ("pay", []),
        ("service", []),
        ("", []),
        ("支付", []),
    ],
)
def test_what_means_the_same(service: str, found: list[tuple[str, str]]) -> None:
    assert nearest(service, KNOWN) == found


def test_what_is_equal_but_for_signs_comes_before_what_is_equal_but_for_parts() -> None:
    assert nearest("payment-api", [("app", "payment"), ("job", "payment_api")]) == [("job", "payment_api")]


def test_more_than_a_few_are_not_told() -> None:
    assert len(nearest("payment", [("app", f"payment-{word}") for word in ("api", "svc", "app", "job", "pod")])) == 3


def test_a_catalogue_that_says_the_name_is_believed() -> None:
    service = Service(name="pay-core", labels={"app": "payment"})
    (only,) = remarks("loki", "loki:3100", [service], KNOWN, "app")
    assert only.ok
    assert only.phrase.values["known"] == 1
    assert traced_name(Service(name="a", labels={"service_name": "b"})) == "b"
    assert traced_name(Service(name="a", labels={"app": "b"})) == "a"
