"""Checks that the evidence card offers people to add calls that traces show and the catalogue does not name."""

import pytest

from cards.model import Buttons, Prose
from cards.views.catalogue import missing
from cards.views.scene import Scene
from cards.words import Words
from engine.incident import Incident
from engine.model import Evidence, Phrase, Sweep
from engine.team import Service, Team
from tests.cards.factory import WINDOW


def scene(peer: str, *, status: str = "investigating", kind: str = "trace", language: str = "en") -> Scene:
    fields = {"id": f"ev_{kind}_1", "kind": kind, "source": "jaeger", "service": "pay", "signal": "error_span"}
    seen = Evidence.model_validate(
        {**fields, "peer": peer, "query": "q", "window": WINDOW, "summary": Phrase(word="x"), "abnormal": True}
    )
    incident = Incident.model_validate(
        {"id": "inc_1", "team": "t", "status": status, "sweep": Sweep(window=WINDOW, evidence=(seen,))}
    )
    team = Team(id="t", name="T", services={"pay": Service(name="pay", dependencies=("coupon",))})
    return Scene(incident, Words(language), team)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_call_nobody_wrote_down_is_said_and_offered(language: str) -> None:
    said, row = missing(scene("ledger", language=language))
    assert isinstance(said, Prose)
    assert "pay → ledger" in said.text
    assert isinstance(row, Buttons)
    (button,) = row.buttons
    assert (button.label, getattr(button, "value", {})) != ("", {})
    assert getattr(button, "value", {}) == {"incident": "inc_1", "caller": "pay", "callee": "ledger"}


@pytest.mark.parametrize("peer", ["coupon", "10.0.0.1:3306", "", "pay"])
def test_what_is_known_or_no_name_is_not_offered(peer: str) -> None:
    assert missing(scene(peer)) == ()


def test_only_traces_show_who_calls_whom() -> None:
    assert missing(scene("ledger", kind="log")) == ()


def test_nothing_is_offered_once_it_is_over() -> None:
    assert [type(block) for block in missing(scene("ledger", status="closed"))] == [Prose]
