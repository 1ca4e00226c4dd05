"""Checks that only what this house sealed opens again, and that its key stays with its owner."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.seal import Seal, seal_of

SEAL = Seal(b"k" * 32)
VALUES = st.dictionaries(st.text(max_size=20), st.text(max_size=60), max_size=4)


@given(st.text(max_size=20), VALUES)
def test_what_was_sealed_opens(action: str, value: dict[str, str]) -> None:
    sealed = SEAL.close(action, value)
    assert sealed.isascii()
    assert SEAL.open(sealed) == (action, value)


@given(st.text(max_size=200))
def test_what_nobody_sealed_stays_shut(text: str) -> None:
    assert SEAL.open(text) is None


@given(VALUES, st.integers(min_value=0))
def test_no_letter_can_be_changed(value: dict[str, str], place: int) -> None:
    sealed = SEAL.close("approve", value)
    at = place % (len(sealed) - 1)  # the last letter may carry bits nobody reads
    other = "A" if sealed[at] != "A" else "B"
    assert SEAL.open(sealed[:at] + other + sealed[at + 1 :]) is None


def test_another_house_has_another_seal() -> None:
    assert Seal(b"x" * 32).open(SEAL.close("approve", {"incident": "inc_00000001"})) is None


def test_the_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    sealed = seal_of(tmp_path).close("ack", {})
    assert seal_of(tmp_path).open(sealed) == ("ack", {})
    assert (tmp_path / "seal.key").stat().st_mode & 0o077 == 0
