"""Tests that names of services are hidden wherever they stand as tokens, and nowhere else."""

from bot.evaluation.case import Inputs
from bot.evaluation.names import Names, candidates, hidden

NAMES = Names(["cart", "cart-db", "ad-service", "shop"])


def test_tokens_are_hidden_and_longer_names_win() -> None:
    cart, db = NAMES.word("cart"), NAMES.word("cart-db")
    assert NAMES.hide("cart-db-5d4f-x (cart) http://cart:80/cart") == f"{db}-5d4f-x ({cart}) http://{cart}:80/{cart}"
    assert NAMES.hide("carton cartography my_cart") == "carton cartography my_cart"
    assert NAMES.hide("Ad-Service is down") == f"{NAMES.word('ad-service')} is down"


def test_a_word_leads_back_and_another_salt_makes_another() -> None:
    assert NAMES.real(NAMES.word("cart")) == "cart"
    assert Names(["cart"], "salt").word("cart") != NAMES.word("cart")


def test_nothing_of_a_case_keeps_its_names() -> None:
    inputs = Inputs(
        system="shop",
        namespace="shop",
        metrics={"cart_cpu": ((1.0, 2.0),)},
        edges={"cart>cart-db_latency": ((1.0, 2.0),)},
        logs=({"service": "cart", "message": "calling cart-db"},),
        spans=({"service": "cart", "operation": "cart.Get"},),
        calls=(("cart", "cart-db"),),
        events={"deploys": [{"service": "cart-db"}]},
        alerts=({"service": "cart", "summary": "cart is slow"},),
        cluster={
            "state": {"kubectl get pods -n shop": "cart-1 Running"},
            "manifests": {"ad-service": "name: ad-service"},
        },
        error_patterns={"cart": "cart-db is gone"},
    )
    told = repr(hidden(inputs, NAMES))
    assert not any(name in told for name in ("cart", "cart-db", "ad-service", "shop"))
    assert candidates(inputs) == {"cart", "cart-db", "ad-service", "shop"}
