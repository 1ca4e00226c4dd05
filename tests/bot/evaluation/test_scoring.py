"""Tests the scorer: what counts as a hit, what equals are worth, and what no score may depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.scoring import accuracy, calibration, hits

RANKINGS = st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 3).map(float), min_size=1, max_size=8)


def ordered(scores: dict[str, float]) -> list[tuple[str, float]]:
    return sorted(scores.items(), key=lambda pair: -pair[1])


def test_first_third_and_absent() -> None:
    ranking = [("a", 3.0), ("b", 2.0), ("c", 1.0)]
    assert hits(ranking, "a").tolist() == [1, 1, 1, 1, 1]
    assert hits(ranking, "c").tolist() == [0, 0, 1, 1, 1]
    assert hits(ranking, "nobody").tolist() == [0, 0, 0, 0, 0]


def test_equals_share_their_places() -> None:
    assert hits([("a", 1.0), ("b", 1.0)], "b").tolist() == [0.5, 1, 1, 1, 1]
    assert hits([("x", 2.0), ("a", 1.0), ("b", 1.0), ("c", 1.0), ("d", 1.0)], "d") == pytest.approx(
        [0, 0.25, 0.5, 0.75, 1]
    )


@given(RANKINGS, st.randoms())
def test_order_of_equals_and_names_do_not_matter(scores: dict[str, float], shuffle) -> None:
    truth = min(scores)
    pairs = list(scores.items())
    shuffle.shuffle(pairs)
    renamed = {name: f"{place}-other" for place, name in enumerate(sorted(scores, reverse=True))}
    expected = hits(ordered(scores), truth)
    assert np.allclose(hits(sorted(pairs, key=lambda pair: -pair[1]), truth), expected)
    assert np.allclose(hits([(renamed[name], score) for name, score in pairs], renamed[truth]), expected)


@given(RANKINGS)
def test_hits_grow_with_k_and_with_the_score_of_the_truth(scores: dict[str, float]) -> None:
    truth = min(scores)
    found = hits(ordered(scores), truth)
    assert (np.diff(found) >= 0).all()
    assert (hits(ordered({**scores, truth: scores[truth] + 1}), truth) >= found - 1e-12).all()


def test_accuracy_has_its_interval_around_it() -> None:
    found = accuracy([([("a", 1.0), ("b", 0.0)], "a")] * 6 + [([("a", 1.0), ("b", 0.0)], "b")] * 4)
    assert (found.cases, found.ac1, found.ac3) == (10, 0.6, 1.0)
    low, high = found.ac1_interval
    assert low < 0.6 < high


def test_calibration_is_the_gap_between_said_and_seen() -> None:
    assert calibration([(0.9, 1.0)] * 9 + [(0.9, 0.0)]) == pytest.approx(0.0)
    assert calibration([(0.9, 0.0)] * 10) == pytest.approx(0.9)
    assert calibration([]) == 0.0
