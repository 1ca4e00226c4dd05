"""Checks that every role has words and a floor, and that a level at its limit counts without a shift."""

import pytest

from cards.words import Words
from engine.diagnosis.floors import BY_ROLE, floor
from engine.diagnosis.roles import ROLES, used_up
from engine.model import Evidence
from tests.engine.diagnosis.scenes import Scene


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_role_has_a_name(language: str) -> None:
    words = Words(language)
    assert [role for role in ROLES if not words.has(f"evidence.signal.{role}")] == []


def test_every_floor_is_of_a_known_role() -> None:
    assert BY_ROLE.keys() <= ROLES.keys()
    assert all(floor(role, known.unit).absolute > 0 for role, known in ROLES.items())


def seen(role: str, before: float, after: float) -> Evidence:
    (found,) = Scene().series(role, before, after, unit=ROLES[role].unit).evidence()
    return found


def test_a_disk_that_fills_the_last_bit_is_trouble_and_one_that_is_half_full_is_not() -> None:
    assert seen("disk_use", 0.99, 1.0).abnormal
    assert seen("disk_use", 0.99, 1.0).details["used_up"]
    assert not seen("disk_use", 0.5, 0.51).abnormal


def test_a_cpu_that_always_works_hard_is_no_news() -> None:
    assert not seen("cpu_use", 0.97, 0.97).abnormal
    assert seen("cpu_use", 0.3, 0.97).abnormal


def test_a_certificate_is_trouble_once_no_time_is_left() -> None:
    assert used_up("cert_expiry", "seconds", -60.0)
    assert not used_up("cert_expiry", "seconds", 60.0)
    assert not used_up("cert_expiry", "ratio", -60.0)


def test_a_limit_is_of_the_role_alone() -> None:
    assert not used_up("traffic", "per_second", 1e9)
    assert not used_up("nobody", "ratio", 1.0)
