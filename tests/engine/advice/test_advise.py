"""Checks what is said of mending a passage: the commit first where it is recent, nothing against the diagnosis."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.advice.advise import LATELY, Advice, advise, error_of
from engine.code import Mention, Passage, Touch
from engine.model import Change, Evidence, Hypothesis, Phrase, Window

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
KEY = "KeyError: 'currency'"
REFUSED = "Error: connect ECONNREFUSED 10.0.0.9:6379"
STRANGE = "shop.Unpayable: EUR"
PASSAGE = Passage(
    evidence="ev_log_1",
    source="github",
    service="till",
    repository="shop/till",
    path="till/sum.py",
    line=7,
    commit="c" * 40,
    version="v2",
    function="total",
    looked_into=2,
)


def touch(days: float, here: bool = True) -> Touch:
    return Touch(sha="a1" * 20, at=NOON - timedelta(days=days), by="alice", title="x", here=here)


def cause(service: str = "till", category: str = "bad_release", peer: str = "", *, changed: bool = False) -> Hypothesis:
    change = Change(id="d1", service=service, kind="deploy", at=NOON) if changed else None
    title = Phrase(word=f"pattern.{category}.title")
    return Hypothesis(category=category, service=service, peer=peer, change=change, title=title, confidence=0.8)


def ways(advice: Advice) -> list[str]:
    said = [advice.fix, *advice.alternatives] if advice.fix else []
    return [each.word.removeprefix("code_advice.") for each in said if each]


def checks(advice: Advice) -> list[str]:
    return [each.word.removeprefix("code_advice.") for each in advice.next]


@pytest.mark.parametrize(
    "error, touches, blamed, expected",
    [
        # Who wrote the line long ago is not to blame for what its data brings.
        (KEY, (touch(400),), None, ["missing_key.fix"]),
        (KEY, (touch(3),), None, ["undo", "missing_key.fix"]),
        (KEY, (touch(-1),), None, ["missing_key.fix"]),
        (KEY, (touch(3, here=False),), None, ["missing_key.fix"]),
        # An error from outside surfaces here; where the diagnosis knows why, it has the word.
        (REFUSED, (), None, ["outside"]),
        (REFUSED, (touch(3),), None, ["undo", "outside"]),
        (REFUSED, (), cause("till", "node_failure"), ["outside_known"]),
        (REFUSED, (touch(3),), cause("till", "node_failure"), ["outside_known", "undo"]),
        (REFUSED, (touch(3),), cause("till", changed=True), ["undo", "outside_known"]),
        # Another service is to blame.
        (REFUSED, (), cause("rates"), ["elsewhere", "unreachable.fix"]),
        (REFUSED, (), cause("till", "dependency_down", "rates"), ["elsewhere", "unreachable.fix"]),
        (KEY, (touch(3),), cause("rates"), ["elsewhere", "missing_key.fix", "undo"]),
        (STRANGE, (), cause("rates"), ["elsewhere"]),
        # Of an error that is not known only its commits tell.
        (STRANGE, (), None, []),
        (STRANGE, (touch(3),), None, ["undo"]),
    ],
)
def test_the_best_way_comes_first(
    error: str, touches: tuple[Touch, ...], blamed: Hypothesis | None, expected: list[str]
) -> None:
    assert ways(advise(PASSAGE.model_copy(update={"touches": touches}), error, NOON, blamed)) == expected


def test_what_another_service_is_blamed_for_is_said_with_its_name() -> None:
    advice = advise(PASSAGE, REFUSED, NOON, cause("till", "dependency_down", "rates"))
    assert advice.fix is not None
    assert advice.fix.values["service"] == "rates"


@pytest.mark.parametrize(
    "error, update, blamed, expected",
    [
        (KEY, {}, None, ["missing_key.check"]),
        (KEY, {"touches": (touch(3),)}, None, ["check.contains", "missing_key.check"]),
        (KEY, {"touches": (touch(3),), "version": ""}, None, ["check.contains", "check.version"]),
        (KEY, {"touches": (touch(3, here=False),)}, None, ["check.changed", "missing_key.check"]),
        (STRANGE, {"touches": (touch(3, here=False),)}, None, ["check.changed"]),
        # Of a commit that was not looked into nobody knows that it left the line alone.
        (KEY, {"touches": (touch(3, here=False),), "looked_into": 0}, None, ["missing_key.check"]),
        (REFUSED, {}, cause("till", "node_failure"), []),
        (REFUSED, {}, cause("rates"), ["unreachable.check"]),
        (STRANGE, {}, None, []),
    ],
)
def test_what_to_check_follows_from_what_is_said(
    error: str, update: dict[str, object], blamed: Hypothesis | None, expected: list[str]
) -> None:
    assert checks(advise(PASSAGE.model_copy(update=update), error, NOON, blamed)) == expected


CALL = Mention(path="till/pay.py", line=3, text="sum = total(cart)")
OWN = Mention(path="till/sum.py", line=90, text="return total(rest)")
DEFINED = Mention(path="till/sum.py", line=1, text="def total(cart: Cart) -> int:")


@pytest.mark.parametrize(
    "error, mentions, size, n",
    [
        (KEY, (), "one_line", None),
        (KEY, (DEFINED, OWN), "one_line", None),
        (KEY, (DEFINED, CALL), "several_places", 1),
        (KEY, (OWN, OWN, OWN, CALL), "several_places", 4),
        (KEY, (OWN, OWN, OWN), "several_places", 3),
        ("AssertionError", (), "one_function", None),
        # Handling stays around the call, whoever names the function; a missing module takes no code at all.
        (REFUSED, (CALL, CALL), "one_function", None),
        ("ModuleNotFoundError: No module named 'yaml'", (), "", None),
        (STRANGE, (CALL, CALL), "", None),
    ],
)
def test_the_size_is_told_where_it_is_known(
    error: str, mentions: tuple[Mention, ...], size: str, n: int | None
) -> None:
    told = advise(PASSAGE.model_copy(update={"mentions": mentions}), error, NOON, None).complexity
    assert (told.word.rpartition(".")[2] if told else "") == size
    assert n is None or (told and told.values["n"] == n)


def test_a_line_is_recent_for_two_weeks_before_the_trouble() -> None:
    early, late = touch(LATELY.days + 0.1), touch(LATELY.days - 0.1)
    assert ways(advise(PASSAGE.model_copy(update={"touches": (early,)}), STRANGE, NOON, None)) == []
    assert ways(advise(PASSAGE.model_copy(update={"touches": (late,)}), STRANGE, NOON, None)) == ["undo"]


def log(**origin: object) -> Evidence:
    window = Window(start=NOON, split=NOON, end=NOON)
    details = {"origin": origin} if origin else {}
    return Evidence(
        id="ev_log_1", kind="log", source="loki", service="till", signal="new_error_log", query="q", window=window,
        summary=Phrase(word="x"), details=details,
    )  # fmt: skip


@pytest.mark.parametrize(
    "evidence, expected",
    [(log(line=7, error=KEY), KEY), (log(line=7), ""), (log(line=8, error=KEY), ""), (log(), ""), (None, "")],
)
def test_a_timeline_without_the_words_of_an_error_tells_none(evidence: Evidence | None, expected: str) -> None:
    assert error_of(PASSAGE, evidence) == expected
