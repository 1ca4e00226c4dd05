"""Checks that a card survives the trip through JSON."""

import json

import pytest
from hypothesis import HealthCheck, given, settings

from cards.codec import decode, encode
from cards.model import Card
from tests.cards import strategies


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(strategies.cards)
def test_round_trip(card: Card) -> None:
    assert decode(json.loads(json.dumps(encode(card)))) == card


def test_a_field_of_a_newer_version_is_ignored() -> None:
    assert decode({"title": "t", "summary": "s", "blocks": [], "sound": "loud"}) == Card("t", "s")


def test_a_block_nobody_knows_is_named() -> None:
    with pytest.raises(ValueError, match="hologram"):
        decode({"title": "t", "summary": "s", "blocks": [{"block": "hologram"}]})
