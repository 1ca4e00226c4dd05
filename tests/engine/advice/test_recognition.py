"""Checks that real errors of every language are told apart, and that nothing a stranger writes enters a sentence."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.advice.advise import advise
from engine.advice.recognition import recognised
from engine.code import Passage
from engine.diagnosis.innermost import LONGEST, words
from engine.model import Phrase
from tests.engine.advice.errors import KNOWN, UNKNOWN

PASSAGE = Passage(evidence="e", source="s", service="till", repository="r", path="a.py", line=7, commit="c" * 40)
PIECES = st.sampled_from(
    [*(text for text, _, _ in KNOWN), *UNKNOWN, "'", '"', ": ", "\n", "<!channel>", "\u202e", "支付"]
)
HOSTILE = st.lists(st.one_of(PIECES, st.text(max_size=40)), max_size=6).map("".join)


@pytest.mark.parametrize("text, family, names", KNOWN)
def test_an_error_is_known_by_its_own_words(text: str, family: str, names: dict[str, str]) -> None:
    found = recognised(words(text))
    assert found is not None
    assert found[1].model_dump(exclude_defaults=True) == {"family": family, **names}


@pytest.mark.parametrize("text", UNKNOWN)
def test_no_family_is_invented(text: str) -> None:
    assert recognised(words(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'currency <@U1>'",
        "KeyError: '<script>'",
        "KeyError: '...'",
        "KeyError: '" + "k" * 61 + "'",
        'java.lang.NullPointerException: because "<local4>" is null',
        "AttributeError: 'NoneType' object has no attribute 'am\u202eount'",
    ],
)
def test_what_is_no_identifier_is_left_out(text: str) -> None:
    found = recognised(words(text))
    assert found is not None
    assert found[1].model_dump(exclude={"family"}, exclude_defaults=True) == {}


def gaps(phrase: Phrase) -> list[str]:
    found: list[str] = []
    for name, value in phrase.values.items():
        found += gaps(value) if isinstance(value, Phrase) else [str(value)] * (name in NAMES)
    return found


NAMES = ("name", "member", "got", "wanted", "length")


@given(HOSTILE)
def test_whatever_is_written_only_identifiers_get_into_a_sentence(text: str) -> None:
    said = words(text)
    assert len(said) <= LONGEST
    assert "\n" not in said
    for error in (said, text):
        advice = advise(PASSAGE, error, None, None)
        for phrase in (advice.fix, *advice.alternatives, *advice.next, advice.complexity, advice.depth):
            if phrase is not None:
                assert all(re.fullmatch(r"[A-Za-z0-9_.\[\]-]{0,60}", each) for each in gaps(phrase))


def test_a_secret_in_an_error_is_gone() -> None:
    assert "hunter22" not in words("KeyError: 'x' with password=hunter22hunter22")
