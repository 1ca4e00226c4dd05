"""Plays incidents without a fault in the demo world, and others with one, and counts the causes that were none."""

import secrets
import sys

import pytest

from bot.evaluation.drilling import Played, play_all, play_several
from bot.evaluation.drills import draw
from bot.evaluation.verdicts import line, lines, sort
from cards.words import Words

QUIET, FAULTS = 52, 12
MOST_FALSE = 0.05
MOST_MISSED = 0.25


async def test_drills_are_played_to_a_verdict() -> None:
    drills = draw("4714", 1, 1)
    for played in await play_several(drills, lambda played: None, at_once=2):
        assert played.judged
        assert all(each.incident.startswith("inc_") and each.diagnoses for each in played.judged)
        assert 0 <= played.stood_still < 1


@pytest.mark.prove
async def test_causes_are_not_named_where_nothing_is_wrong() -> None:
    seed = secrets.token_hex(4)
    told(f"\nseed {seed}")

    def played(one: Played) -> None:
        told(line(one))

    found = sort(await play_all(seed, QUIET, FAULTS, played))
    for figure in lines(found, Words("en")):
        told(figure)
    assert len(found.quiet) == QUIET, "the machine was too busy for the rest"
    assert len(found.false) <= MOST_FALSE * QUIET
    assert len(found.right) >= (1 - MOST_MISSED) * len(found.faulty)


def told(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
