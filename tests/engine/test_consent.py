"""Shows that nothing but the exact grammar consents, and that people's "do not" is understood but never overheard."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.consent import (
    WORD,
    Held,
    approval_in,
    doubt,
    parse_constraint,
    parse_typed,
    sounds_like_consent,
    without_mention,
    word_ok,
)

EXACT = "approve approval_0123abcd CONFIRM_EXECUTE"


@pytest.mark.parametrize(
    "text, again",
    [
        (EXACT, False),
        (f"  {EXACT}  ", False),
        (f"@Tocsin {EXACT}", False),
        (f"Tocsin {EXACT}", False),
        (f"@Tocsin\u2005{EXACT}", False),
        (f"<@U1> {EXACT}", False),
        (f"{EXACT}。", False),
        ("批准 approval_0123abcd CONFIRM_EXECUTE。先 dry-run。", True),
        (f"{EXACT} dry-run first", True),
        (f"{EXACT}, dry-run first.", True),
    ],
)
def test_the_grammar(text: str, again: bool) -> None:
    typed = parse_typed(text, ["Tocsin", "<@U1>"])
    assert typed is not None
    assert (typed.approval, typed.dry_run_first) == ("approval_0123abcd", again)


def test_a_one_time_code_stands_in() -> None:
    typed = parse_typed("批准 402913 CONFIRM_EXECUTE")
    assert typed is not None
    assert typed.approval == "402913"


@pytest.mark.parametrize(
    "text",
    [
        "confirmed",
        "not CONFIRM_EXECUTE yet",
        EXACT.lower(),
        "Approve approval_0123abcd CONFIRM_EXECUTE",
        "approve CONFIRM_EXECUTE",
        "approve approval_0123abcd",
        "approve approval_0123ABCD CONFIRM_EXECUTE",
        "approve approval_0123abcde CONFIRM_EXECUTE",
        f"> {EXACT}",
        f"“{EXACT}”",
        f"{EXACT}\n",
        f"{EXACT}\nand more",
        f"{EXACT}?",
        f"{EXACT} {EXACT}",
        f"@Somebody {EXACT}",
        f"@Tocsin @Tocsin {EXACT}",
        f"@Tocsin{EXACT}",
        f"{EXACT}dry-run first",
        f"{EXACT} dry-run first please",
        "do not approve approval_0123abcd CONFIRM_EXECUTE",
    ],
)
def test_not_the_grammar(text: str) -> None:
    assert parse_typed(text, ["Tocsin"]) is None


GRAMMAR = re.compile(
    r"(批准|approve) +(approval_[0-9a-f]{8}|[0-9]{6}) +CONFIRM_EXECUTE[。.,，;；!！]?"
    r"( *(先 dry-run| dry-run first|dry-run first))?[。.,，;；!！]?"
)
WORDS = ("approve", "批准", "approval_0123abcd", "402913", WORD, WORD.lower(), "not", "。", ".", "先 dry-run")
DISGUISES = (
    "dry-run first",
    " ",
    "  ",
    "\u3000",
    "\u200b",
    "\u00a0",
    "\n",
    "@Tocsin",
    "ＣＯＮＦＩＲＭ_ＥＸＥＣＵＴＥ",
    "yet",
    ">",
    "Ο",
)
pieces = st.sampled_from((*WORDS, *DISGUISES))


@given(st.one_of(st.lists(pieces, max_size=9).map("".join), st.lists(pieces, max_size=9).map(" ".join), st.text()))
@example(EXACT)
def test_nothing_but_the_grammar_passes(text: str) -> None:
    if parse_typed(text) is not None:
        assert GRAMMAR.fullmatch(text.strip(" "))
        assert text.count(WORD) == 1
        assert sounds_like_consent(text)


@given(st.integers(0, len(EXACT) - 1), st.characters())
def test_one_wrong_letter_is_enough(at: int, letter: str) -> None:
    for changed in (EXACT[:at] + letter + EXACT[at + 1 :], EXACT[:at] + letter + EXACT[at:]):
        typed = parse_typed(changed)
        if typed is not None and changed.strip(" ") != EXACT:
            # Another approval id, or one more space between the words: nothing else may differ.
            assert re.sub(" +", " ", changed.replace(typed.approval, "approval_0123abcd").strip(" ")) == EXACT


@given(st.text() | st.lists(pieces, max_size=4).map("".join))
@example(WORD)
@example("ＣＯＮＦＩＲＭ_ＥＸＥＣＵＴＥ")
def test_only_the_word_is_the_word(field: str) -> None:
    assert word_ok(field) == (field.strip(" ") == "CONFIRM_EXECUTE")


@given(st.integers(0, len(WORD)), st.characters(categories=("Cf", "Mn", "Zs", "Cc", "Zl", "Zp")))
def test_invisible_letters_never_pass(at: int, letter: str) -> None:
    hidden = WORD[:at] + letter + WORD[at:]
    if letter != " " or 0 < at < len(WORD):
        assert not word_ok(hidden)
        assert parse_typed(f"approve approval_0123abcd {hidden}") is None


@given(st.lists(st.booleans(), min_size=len(WORD), max_size=len(WORD)).filter(any))
def test_full_width_never_passes(wide: list[bool]) -> None:
    dressed = "".join(chr(ord(letter) + 0xFEE0) if w else letter for letter, w in zip(WORD, wide, strict=True))
    assert unicodedata.normalize("NFKC", dressed) == WORD
    assert not word_ok(dressed)
    assert parse_typed(f"approve approval_0123abcd {dressed}") is None
    assert doubt(dressed) == "lookalike"
    assert sounds_like_consent(dressed)


@pytest.mark.parametrize(
    "text", ["confirmed", "Approved!", "确认执行", "同意。", "confirm_execute", "LGTM", "批准 approval_1"]
)
def test_what_only_sounds_like_it_deserves_a_word(text: str) -> None:
    assert sounds_like_consent(text)
    assert parse_typed(text) is None


@pytest.mark.parametrize("text", ["what is the p95?", "ok", "我看一下日志", "is it confirmed that v2 is bad?", ""])
def test_ordinary_talk_does_not(text: str) -> None:
    assert not sounds_like_consent(text)


def test_an_approval_is_found_where_exactly_one_is_named() -> None:
    assert approval_in("yes, approval_0123abcd please") == "approval_0123abcd"
    assert approval_in("approval_0123abcd or approval_0123abce") == ""
    assert approval_in("yes") == ""


def test_one_leading_mention_is_taken_off() -> None:
    assert without_mention("@Tocsin Bot  hello ", ["Tocsin", "Tocsin Bot"]) == "hello"
    assert without_mention("hello @Tocsin", ["Tocsin"]) == "hello @Tocsin"
    assert without_mention("@Tocsin", ["Tocsin"]) == "@Tocsin"
    assert without_mention("hello", [""]) == "hello"


@pytest.mark.parametrize(
    "text, held",
    [
        ("先不要回滚", "rollback"),
        ("先不要回滚。请查证据,判断是不是 v2.3.1 发布导致", "rollback"),
        ("@Tocsin 先别回滚!", "rollback"),
        ("我建议先不要回滚", "rollback"),
        ("不要对 payment-service 回滚", "rollback"),
        ("先不要回滚,好吗?", "rollback"),
        ("请不要重启", "restart"),
        ("禁止扩容", "scale"),
        ("不要限流", "rate_limit"),
        ("暂不降级", "degrade"),
        ("别改配置", "configure"),
        ("不要动", "all"),
        ("不要做任何变更", "all"),
        ("不要回滚也不要重启", "all"),
        ("不要回滚和重启", "all"),
        ("do not roll back", "rollback"),
        ("Do NOT rollback v2.3.1!", "rollback"),
        ("please don't revert it yet", "rollback"),
        ("Don’t roll back", "rollback"),
        ("dont rollback", "rollback"),
        ("let's not roll back yet", "rollback"),
        ("hold off on rolling back, I am looking", "rollback"),
        ("we should not restart it", "restart"),
        ("No rollback.", "rollback"),
        ("don't scale down", "scale"),
        ("never restart payment", "restart"),
        ("do not change the config", "configure"),
        ("don't touch anything", "all"),
        ("hands off", "all"),
        ("do not restart or roll back", "all"),
    ],
)
def test_do_not_is_understood(text: str, held: Held) -> None:
    assert parse_constraint(text, ["Tocsin"]) == held


@pytest.mark.parametrize(
    "text",
    [
        "为什么不要回滚?",
        "为什么不要回滚",
        "不能回滚吗",
        "要不要回滚",
        "可以回滚了",
        "可以回滚",
        "回滚",
        "不要忘记回滚",
        "不要不回滚",
        "他说不要回滚",
        "“不要回滚”是谁说的",
        "「先不要回滚」已经解除",
        "> do not roll back\nwhy did you write that",
        "should we not roll back?",
        "why not roll back",
        "can we not roll back?",
        "do not forget to roll back",
        "don't hesitate to roll back",
        '"do not roll back" is what the runbook says',
        "I did not roll back",
        "pods do not restart",
        "there is no rollback in the history",
        "no rollback needed",
        "roll back",
        "please roll back now",
        "",
    ],
)
def test_questions_quotes_and_reports_hold_nothing(text: str) -> None:
    assert parse_constraint(text) is None


@given(st.text(max_size=400))
def test_any_text_can_be_read(text: str) -> None:
    parse_constraint(text)
    sounds_like_consent(text)
    doubt(text, text)


def test_a_very_long_message_is_read_in_no_time() -> None:
    for part in ("please " * 300, "对x" * 4_000, "不要" * 4_000, '"' * 4_000, "do not " * 2_000, "'a" * 4_000):
        parse_constraint(part)
