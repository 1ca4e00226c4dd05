"""Checks that the code an error comes from is shown with its line, commits and link, plain on every platform."""

from datetime import UTC, datetime, timedelta

import pytest

from cards.model import Card, Findings, Fold, Log
from cards.render import feishu, html, slack, text, wecom
from cards.views import draw
from cards.views.report import report
from cards.views.scene import Scene
from cards.words import Words
from engine.advice.advise import advise
from engine.code import Mention, Missing, Passage, Reading, Touch
from engine.diagnosis.innermost import words
from engine.incident import Incident
from engine.model import Phrase
from tests.cards import feishu_rules, slack_rules, wecom_rules
from tests.cards.draw_golden import plain_value
from tests.cards.factory import TEAM, worked_example
from tests.engine.advice.errors import KNOWN

AT = datetime(2026, 3, 4, 7, 50, tzinfo=UTC)
PASSAGE = Passage(
    evidence="ev_log_1",
    source="github",
    service="payment-service",
    repository="shop/payment",
    path="src/pay/pool.py",
    line=9,
    commit="c3d4e5f60718" + "0" * 28,
    version="v2.3.1",
    function="acquire",
    first=8,
    lines=("if not self.free:", "    raise Exhausted(self.size)", "return self.free.pop()"),
    touches=(
        Touch(sha="b2" * 20, at=AT, by="bob", title="Take the oldest first", link="http://code.example/commit/b2"),
        Touch(sha="a1" * 20, at=AT, by="alice", title="Say how long", link="http://code.example/commit/a1", here=True),
    ),
    looked_into=2,
    mentions=(Mention(path="src/pay/charge.py", line=4, text="pool.acquire()"),),
    link="http://code.example/shop/payment/blob/c3/src/pay/pool.py#L9",
)
SILENT = Phrase(word="evidence.silent.code_no_file", values={"repository": "shop/payment"})


def incident(language: str = "en", *, passage: Passage = PASSAGE, missing: bool = False) -> Incident:
    gone = (Missing(evidence="ev_log_2", place="gone.py:3", reason=SILENT),) if missing else ()
    reading = Reading(passages=(passage,), missing=gone)
    return worked_example(language).fold().model_copy(update={"code": reading})


def drawn(state: Incident, language: str = "en") -> Card:
    card = draw(state, "evidence", Words(language), TEAM)
    assert card is not None
    return card


@pytest.mark.parametrize(
    "language, said",
    [
        (
            "en",
            (
                "src/pay/pool.py:9 in acquire.",
                "Line written by alice in a1a1a1a1a1",
                "Code around src/pay/pool.py:9 (ev_log_1)",
                "As of v2.3.1, commit c3d4e5f607.",
                "Where else acquire is named",
            ),
        ),
        (
            "zh",
            (
                "src/pay/pool.py:9，在 acquire 中。",
                "该行由 alice 在 a1a1a1a1a1",
                "src/pay/pool.py:9 附近的代码（ev_log_1）",
                "版本 v2.3.1，提交 c3d4e5f607。",
                "其他提到 acquire 的地方",
            ),
        ),
    ],
)
def test_the_code_stands_on_the_evidence_card_with_its_place_and_who_wrote_it(
    language: str, said: tuple[str, ...]
) -> None:
    card = drawn(incident(language), language)
    body = " ".join(text.render(card).body.split())
    for each in (*said, "▶ 9      raise Exhausted(self.size)".replace("      ", " "), "src/pay/charge.py:4"):
        assert each in body, each
    found = [item for block in card.blocks if isinstance(block, Findings) for item in block.findings]
    assert [item.id for item in found if item.link == PASSAGE.link] == ["ev_log_1"]
    (fold,) = [each for each in card.blocks if isinstance(each, Fold) and "pool.py" in each.title]
    (lines,) = [each for each in fold.blocks if isinstance(each, Log)][:1]
    assert lines.lines == (
        "   8  if not self.free:",
        "▶  9      raise Exhausted(self.size)",
        "  10  return self.free.pop()",
    )
    (commits,) = [each for each in fold.blocks if isinstance(each, Findings)]
    assert [(item.id, item.abnormal, item.link) for item in commits.findings] == [
        ("b2b2b2b2b2", False, "http://code.example/commit/b2"),
        ("a1a1a1a1a1", True, "http://code.example/commit/a1"),
    ]


@pytest.mark.parametrize("language, told", [("en", "named (1 of 48 lines"), ("zh", "整个仓库 48 行中的 1 行")])
def test_how_often_the_function_is_named_in_all_is_said_where_somebody_counted(language: str, told: str) -> None:
    counted = PASSAGE.model_copy(update={"mentioned": 48})
    assert told in " ".join(text.render(drawn(incident(language, passage=counted), language)).body.split())


def test_what_is_not_known_is_said() -> None:
    bare = PASSAGE.model_copy(update={"version": "", "touches": PASSAGE.touches[:1], "looked_into": 1})
    body = " ".join(text.render(drawn(incident(passage=bare, missing=True))).body.split())
    assert "As of the default branch, commit c3d4e5f607" in body
    assert "older than the last commit of the file" in body
    assert "Code of gone.py:3 (ev_log_2) was not read: shop/payment has no such file" in body


def told(state: Incident, language: str = "en") -> str:
    return " ".join(text.render(drawn(state, language)).body.split())


@pytest.mark.parametrize("days, advised", [(1, True), (13, True), (400, False), (-1, False)])
def test_a_line_written_lately_says_what_to_do_next(days: float, advised: bool) -> None:
    state = incident()
    assert state.began_at is not None
    touch = PASSAGE.touches[1].model_copy(update={"at": state.began_at - timedelta(days=days)})
    body = told(incident(passage=PASSAGE.model_copy(update={"touches": (touch,)})))
    assert ("git revert a1a1a1a1a1" in body) == advised


def failing(error: str, *, blamed: str = "payment-service") -> Incident:
    """An incident whose code was written long ago, with what its error says and whom the diagnosis blames."""
    state = incident(passage=PASSAGE.model_copy(update={"touches": ()}))
    assert state.sweep is not None
    assert state.diagnosis is not None
    log = next(each for each in state.sweep.evidence if each.id == PASSAGE.evidence)
    details = {"origin": {"file": "pool.py", "line": PASSAGE.line, "function": "acquire", "error": error}}
    evidence = tuple(
        each.model_copy(update={"details": details}) if each is log else each for each in state.sweep.evidence
    )
    cause = state.diagnosis.hypotheses[0].model_copy(update={"service": blamed})
    return state.model_copy(
        update={
            "sweep": state.sweep.model_copy(update={"evidence": evidence}),
            "diagnosis": state.diagnosis.model_copy(update={"hypotheses": (cause,)}),
        }
    )


@pytest.mark.parametrize(
    "language, said",
    [
        (
            "en",
            (
                "What would mend it: A key is not there at src/pay/pool.py:9: currency.",
                "To be sure: Compare data that failed",
                "if what the function takes or returns changes; at least 1 other names it.",
                "Looked at: version v2.3.1 (2 searched for the line), 1 mention of the function; nothing was run.",
            ),
        ),
        (
            "zh",
            (
                "可以这样修：src/pay/pool.py:9 处缺少键：currency。",
                "确认方法：把出错的数据与正常的数据对照：是谁没有给 currency。",
                "另有至少 1 处（1 个文件）提到它。",
            ),
        ),
    ],
)
def test_an_old_line_is_mended_by_what_its_error_says(language: str, said: tuple[str, ...]) -> None:
    body = told(failing("KeyError: 'currency'"), language)
    for each in said:
        assert each in body, each
    assert "git revert" not in body


def test_an_error_from_outside_is_said_to_surface_here() -> None:
    body = told(failing("Error: connect ECONNREFUSED 10.0.0.9:6379"))
    assert "This surfaces at src/pay/pool.py:9; the cause by the diagnosis:" in body
    assert "In the code: Bound retries" in body


def test_who_else_is_to_blame_by_the_diagnosis_is_named_first() -> None:
    body = told(failing("Error: connect ECONNREFUSED 10.0.0.9:6379", blamed="bank"))
    assert "What would mend it: The diagnosis names bank as the cause" in body
    assert "Or: Bound retries" in body


def test_of_an_error_nobody_knows_nothing_is_invented() -> None:
    body = told(failing("shop.Unpayable: EUR"))
    assert "What would mend it" not in body
    assert "Size of a fix" not in body
    assert "nothing was run" in body


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("error", [error for error, _, _ in KNOWN])
def test_advice_is_six_lines_at_most_and_every_word_is_there(language: str, error: str) -> None:
    state = incident()
    began = state.began_at or AT
    recent = PASSAGE.touches[1].model_copy(update={"at": began - timedelta(days=2)})
    for blamed in (None, state.diagnosis.cause if state.diagnosis else None):
        for touches in ((), (recent,)):
            advice = advise(PASSAGE.model_copy(update={"touches": touches}), words(error), began, blamed)
            assert advice.fix
            said = [advice.fix, *advice.alternatives, *advice.next, advice.depth]
            assert len(said) <= 6
            for phrase in (*said, advice.complexity):
                sentence = Words(language).say(phrase) if phrase else ""
                assert "[" not in sentence, sentence
                assert len(sentence) < 320, sentence


def test_without_a_reading_nothing_of_code_is_shown() -> None:
    assert "code" not in text.render(drawn(worked_example("en").fold())).body.lower()


def test_the_report_names_the_code() -> None:
    body = text.render(report(Scene(incident(), Words("en"), TEAM))).body
    assert "src/pay/pool.py:9 in acquire" in " ".join(body.split())


def test_advice_is_whole_where_folds_open_and_one_link_away_elsewhere() -> None:
    """Slack shows the beginning of a closed fold, WeCom its title; both lead to the page, which has all of it."""
    state = failing("Error: connect ECONNREFUSED 10.0.0.9:6379", blamed="bank")
    assert state.code is not None
    recent = PASSAGE.touches[1].model_copy(update={"at": (state.began_at or AT) - timedelta(days=2)})
    passage = state.code.passages[0].model_copy(update={"touches": (recent,)})
    card = drawn(state.model_copy(update={"code": Reading(passages=(passage,) * 2)}))
    message = slack.message(card, slack.Stage("https://tocsin.example", plain_value, {})).payload
    both = feishu.card({"en": card}, feishu.Stage("https://tocsin.example", plain_value)).document
    said = wecom.render(card, wecom.Stage(plain_value, "https://tocsin.example", "n0nce"))
    assert slack_rules.faults(message) == []
    assert feishu_rules.refusals(both) == []
    assert list(wecom_rules.content(said.markdown)) == []
    page = str(html.render(card).body)
    for whole in (text.render(card).body, str(both), page):
        shown = " ".join(whole.split())
        for each in ("names bank as the cause", "git revert a1a1a1a1a1", "To be sure: git tag", "nothing was run"):
            assert each in shown, each
    for short in (str(message), said.markdown):
        assert "Code around src/pay/pool.py:9" in short
        assert "https://tocsin.example/incidents/" in short


def test_hostile_code_does_no_harm_on_any_platform() -> None:
    evil = "</code>``` <!channel> <@U1> **x** \u202e\u200b<script>"
    hostile = PASSAGE.model_copy(
        update={
            "path": f"a/{evil}.py",
            "lines": (evil,) * 3,
            "function": evil,
            "mentions": (Mention(path=evil, line=1, text=evil),),
            "touches": (Touch(sha="a1" * 20, by=evil, title=evil, here=True),),
        }
    )
    card = drawn(incident(passage=hostile))
    told = slack.message(card, slack.Stage("https://tocsin.example", plain_value, {})).payload
    both = feishu.card({"en": card}, feishu.Stage("https://tocsin.example", plain_value)).document
    said = wecom.render(card, wecom.Stage(plain_value, "https://tocsin.example", "n0nce"))
    assert slack_rules.faults(told) == []
    assert feishu_rules.refusals(both) == []
    assert list(wecom_rules.content(said.markdown)) == []
    assert slack_rules.mentioned(told) == feishu_rules.mentioned(both) == set()
    for shown in (text.render(card).body, str(told), str(both), said.markdown):
        assert "a/" in shown
        assert not set("\u202e\u200b") & set(shown)
