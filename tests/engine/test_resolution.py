"""Checks how an alert is found to be about a service of the catalogue, and that nothing is guessed among several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.words import Words
from engine.model import Alert
from engine.resolution import labelled, resolve
from engine.team import Service
from tests.fakes.clock import START


def alert(service: str = "", /, **labels: str) -> Alert:
    return Alert(fingerprint="f", status="firing", name="HighErrors", service=service, labels=labels, starts_at=START)


def catalogue(*services: Service) -> dict[str, Service]:
    return {service.name: service for service in services}


SHOP = catalogue(
    Service(name="payment", labels={"app": "pay", "env": "prod"}, dependencies=("redis",)),
    Service(name="coupon-service", namespace="shop", workload="deployment/coupon-v2"),
    Service(name="ledger", health_url="http://ledger.internal:8080/healthz", hosts=("web-7",)),
    Service(name="db"),
    Service(name="支付"),
)


@pytest.mark.parametrize(
    "asked, service, way, says",
    [
        (alert("pay-svc-v2", app="pay", env="prod"), "payment", "labels", "app=pay, env=prod"),
        (alert("x", job="shop/ledger"), "ledger", "label", "job=shop/ledger"),
        (alert("", app="db", job="node"), "db", "label", "app=db"),
        (alert("x", deployment="coupon-v2", namespace="shop"), "coupon-service", "workload", "deployment"),
        (
            alert("x", pod="coupon-v2-7c9f6d5b8-x2v4q", namespace="shop"),
            "coupon-service",
            "workload",
            "coupon-v2-7c9f6d5b8-x2v4q",
        ),
        (alert("x", pod="db-0"), "db", "workload", "db-0"),
        (alert("x", pod="ledger-x8z2k"), "ledger", "workload", "ledger-x8z2k"),
        (alert("Payment-Service"), "payment", "spelling", "Payment-Service"),
        (alert("x", app="couponService"), "coupon-service", "spelling", "couponService"),
        (alert("支_付"), "支付", "spelling", "支_付"),
        (alert("x", instance="ledger.internal:9100"), "ledger", "address", "ledger.internal"),
        (alert("", instance="web-7:9100"), "ledger", "address", "web-7"),
    ],
)
def test_the_service_an_alert_means(asked: Alert, service: str, way: str, says: str) -> None:
    found = resolve(asked, SHOP)
    assert found is not None
    assert (found.service, found.reason.word) == (service, f"resolution.{way}")
    for language in ("zh", "en"):
        sentence = Words(language).say(found.reason)
        assert says in sentence
        assert "[" not in sentence


@pytest.mark.parametrize(
    "asked",
    [
        alert("payment", app="db"),
        alert("redis", app="db"),
        alert("search"),
        alert(""),
        alert("订单"),
        alert("x", app="pay", env="dev"),
        alert("x", deployment="coupon-v2", namespace="other"),
        alert("x", job="node-exporter", instance="10.0.0.1:9100"),
        alert("service"),
        alert("x", instance="http://["),
    ],
)
def test_what_names_a_service_itself_or_fits_none_is_left_alone(asked: Alert) -> None:
    assert resolve(asked, SHOP) is None


@pytest.mark.parametrize(
    "services",
    [
        catalogue(Service(name="a", labels={"app": "x"}), Service(name="b", labels={"app": "x"})),
        catalogue(Service(name="x-api"), Service(name="x-service")),
        catalogue(Service(name="a", hosts=("h",)), Service(name="b", hosts=("h",))),
        catalogue(),
    ],
)
def test_among_several_nothing_is_guessed(services: dict[str, Service]) -> None:
    assert resolve(alert("x", app="x", instance="h:1"), services) is None


def test_of_two_the_one_whose_labels_say_more() -> None:
    services = catalogue(Service(name="a", labels={"app": "x"}), Service(name="b", labels={"app": "x", "zone": "1"}))
    found = resolve(alert("y", app="x", zone="1"), services)
    assert found is not None
    assert found.service == "b"


def test_the_alerts_own_spelling_is_how_its_series_are_labelled() -> None:
    payment = Service(name="payment")
    assert labelled(payment, alert("payment-service", service="payment-service")).labels == {
        "service": "payment-service"
    }
    assert labelled(payment, alert("payment", service="payment", app="payment-api")).labels == {}
    assert labelled(payment, alert("x", service="x")).labels == {}
    assert labelled(payment.model_copy(update={"labels": {"app": "p"}}), alert("x", app="payment-api")).labels == {
        "app": "p"
    }
    assert labelled(payment, None) == payment


LABELS = st.dictionaries(
    st.sampled_from(["app", "job", "pod", "namespace", "instance", "deployment"]), st.text(max_size=30)
)


@given(st.text(max_size=20), LABELS)
def test_whatever_an_alert_says_one_service_of_the_catalogue_is_found_or_none(
    service: str, labels: dict[str, str]
) -> None:
    found = resolve(alert(service, **labels), SHOP)
    assert found is None or found.service in SHOP
