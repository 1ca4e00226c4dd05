"""Tests the evaluation on four real recordings: who is named first, that verdicts hold, that names say nothing."""

from pathlib import Path

import pytest

from bot.evaluation.case import folders, read
from bot.evaluation.examine import examine, without_proof

RECORDINGS = folders(Path(__file__).parent / "recordings")


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_the_one_to_blame_comes_first_and_is_what_the_verdict_blames(folder: Path) -> None:
    found = examine(read(folder))
    assert found.ranking[0][0] == found.case.truth.service
    assert found.is_right or not found.verdict.conclusive
    assert found.sweep.suspects[0].reasons


@pytest.mark.parametrize("folder", RECORDINGS, ids=lambda folder: folder.name)
def test_other_names_and_the_truth_told_otherwise_change_nothing(folder: Path) -> None:
    found, other = examine(read(folder)), examine(read(folder), salt="other")
    assert dict(found.ranking) == pytest.approx(dict(other.ranking))
    assert found.verdict == other.verdict


def test_without_what_it_cites_a_verdict_is_none() -> None:
    proven = [each for each in map(examine, map(read, RECORDINGS)) if each.verdict.conclusive]
    assert proven
    for found in proven:
        bare = without_proof(found)
        assert not bare.verdict.conclusive
        assert bare.verdict.confidence < found.verdict.confidence
