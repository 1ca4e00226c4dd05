"""Checks the fold that shows how evidence hangs together: every neighbour once, what shows there, and what for."""

import pytest

from cards.model import Card, Fold, Table
from cards.views import draw
from cards.words import Words
from engine.incident import Incident
from engine.team import Service, Team
from tests.cards.factory import TEAM, unclear_example, worked_example

SERVICES = {
    "payment-service": Service(name="payment-service", dependencies=("coupon", "mysql")),
    "shop": Service(name="shop", dependencies=("payment-service",)),
}
KNOWN = TEAM.model_copy(update={"services": SERVICES})
BOTH = pytest.mark.parametrize("language", ["zh", "en"])


def folded(incident: Incident, team: Team, language: str = "en") -> Fold | None:
    card = draw(incident, "diagnosis", Words(language), team)
    assert isinstance(card, Card)
    start = Words(language).text("around.title", n=9).partition("9")[0]
    return next((block for block in card.blocks if isinstance(block, Fold) and block.title.startswith(start)), None)


def rows(fold: Fold | None) -> dict[str, tuple[str, str]]:
    assert fold is not None
    table = fold.blocks[0]
    assert isinstance(table, Table)
    return {name: (relation, shows) for name, relation, shows in table.rows}


@BOTH
def test_every_neighbour_stands_once_with_what_shows_there(language: str) -> None:
    words = Words(language)
    found = rows(folded(worked_example(language).fold("hypothesis.generated"), KNOWN, language))
    assert list(found) == ["payment-service", "coupon", "mysql", "shop"]
    assert [relation for relation, _ in found.values()] == [
        words.text(f"around.{each}") for each in ("alerted", "called", "called", "caller")
    ]
    shows = found["payment-service"][1]
    assert shows.startswith("✓ ")
    assert "[ev_metric_1]" in shows
    assert found["mysql"][1] == words.text("around.unseen")


def test_what_is_as_usual_is_counted_and_marks_nothing() -> None:
    words, story = Words("en"), worked_example("en").fold("hypothesis.generated")
    assert story.sweep is not None
    calm = next(each for each in story.sweep.evidence if not each.abnormal)
    for count, said in ((3, words.text("around.normal", n=1)), (0, words.text("around.empty"))):
        of_coupon = calm.model_copy(update={"id": "ev_x", "service": "coupon", "count": count})
        sweep = story.sweep.model_copy(update={"evidence": (*story.sweep.evidence, of_coupon)})
        assert rows(folded(story.model_copy(update={"sweep": sweep}), KNOWN))["coupon"][1] == said
    unclear = rows(folded(unclear_example("en").fold(), KNOWN))
    assert not any("✓" in shows for _, shows in unclear.values())


def test_of_a_service_alone_there_is_nothing_to_hang_together() -> None:
    story = worked_example("en").fold("hypothesis.generated")
    assert story.sweep is not None
    own = tuple(each for each in story.sweep.evidence if each.service == "payment-service" and not each.peer)
    alone = story.model_copy(update={"sweep": story.sweep.model_copy(update={"evidence": own})})
    assert folded(alone, TEAM) is None
