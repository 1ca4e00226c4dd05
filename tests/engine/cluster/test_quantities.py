"""Proves that quantities are read and written as Kubernetes and people do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cluster.quantities import quantity, written


@pytest.mark.parametrize(
    "said, meant",
    [
        ("100m", 0.1),
        ("2", 2.0),
        (3, 3.0),
        ("64Mi", 64 * 2.0**20),
        ("1.5Gi", 1.5 * 2.0**30),
        ("1e3", 1000.0),
        ("5k", 5000.0),
        ("15671348Ki", 15671348 * 1024.0),
        ("129M", 129e6),
    ],
)
def test_a_quantity_is_read(said: object, meant: float) -> None:
    assert quantity(said) == pytest.approx(meant)


@pytest.mark.parametrize("said", ["", "lots", "12 apples", None, True, [], "1Zi", "--1", "1e9999999"])
def test_what_is_none_is_none(said: object) -> None:
    read = quantity(said)
    assert read is None or read == float("inf")


@given(st.text(max_size=60))
def test_no_text_makes_it_stumble(said: str) -> None:
    quantity(said)


def test_numbers_are_written_as_people_do() -> None:
    assert written(0.25, "cpu") == "250m"
    assert written(12.0, "requests.cpu") == "12"
    assert written(22 * 2.0**30, "memory") == "22Gi"
    assert written(1.5 * 2.0**20, "requests.storage") == "1.5Mi"
    assert written(11.0, "services") == "11"
