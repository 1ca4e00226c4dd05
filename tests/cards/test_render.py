"""Checks both renderers on any card: they never fail, nothing hostile gets through, nothing that decides is lost."""

from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cards.model import Ask, Block, Button, Buttons, Card, Field, Fold, Link, Prose
from cards.render import html, text
from cards.render.columns import columns, fitted, wrapped
from cards.render.drawing import visible
from tests.cards import strategies

ANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
VOID = {"input", "br"}
OURS = {
    *("article", "header", "h2", "div", "p", "br", "dl", "dt", "dd", "ol", "ul", "li", "span", "code", "pre", "figure"),
    *("figcaption", "svg", "line", "text", "polyline", "rect", "circle"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("form", "input", "button", "a", "details", "summary", "label", "select", "option", "textarea", "time"),
}


class Reader(HTMLParser):
    """Reads HTML as a browser would, and remembers what matters."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(body: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = Reader()
    reader.feed(body)
    reader.close()
    assert not reader.open
    return reader.tags


def pressable(blocks: tuple[Block, ...]) -> list[Button]:
    found: list[Button] = []
    for block in blocks:
        match block:
            case Buttons():
                found += [button for button in block.buttons if isinstance(button, Button)]
            case Fold():
                found += pressable(block.blocks)
            case _:
                pass
    return found


@ANY
@given(strategies.cards)
def test_html_holds_nothing_but_ours(card: Card) -> None:
    drawing = html.render(card, csrf="c")
    assert drawing.shed == ()
    for tag, attributes in read(drawing.body):
        assert tag in OURS
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcdoc", "formaction")]
        href = attributes.get("href")
        if href:
            assert href.lower().startswith(("http://", "https://")) or (href[0] == "/" and href[1:2] not in ("/", "\\"))
        assert tag != "form" or attributes.get("action") == "/act"


@ANY
@given(strategies.cards)
def test_html_keeps_every_button(card: Card) -> None:
    tags = read(html.render(card, csrf="c").body)
    shown = sum(1 for tag, attributes in tags if tag == "form" and attributes.get("class") == "button-form")
    assert shown == len(pressable(card.blocks))


@ANY
@given(strategies.cards, st.integers(40, 140))
def test_text_fits_its_columns(card: Card, width: int) -> None:
    drawing = text.render(card, width)
    for line in drawing.body.split("\n"):
        assert columns(line) <= width
        assert not [c for c in line if c != "\t" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0)]
        assert not set(line) & set("\u202e\u2066\u200b")


@given(strategies.cards)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_text_keeps_every_button(card: Card) -> None:
    body = text.render(card).body
    for button in pressable(card.blocks):
        assert button.action in body


@given(st.text(), st.integers(2, 60))
def test_wrapping_loses_no_word(said: str, width: int) -> None:
    shown = visible(said)
    lines = wrapped(shown, width)
    assert all(columns(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(shown.split())


@given(st.text(st.characters(exclude_characters="\n\t\r")), st.integers(2, 60))
def test_fitting_is_exact(said: str, width: int) -> None:
    assert columns(fitted(visible(said), width)) == width


def test_chinese_is_broken_between_characters() -> None:
    assert wrapped("连接池耗尽", 4) == ["连接", "池耗", "尽"]
    assert wrapped("pool 连接池 is empty", 10) == ["pool 连接", "池 is", "empty"]


def test_an_approval_is_a_command_in_text() -> None:
    button = Button("approve", "Approve", {"incident": "inc_1", "approval": "approval_1a2b3c4d"}, "danger")
    body = text.render(Card("t", "s", blocks=(Buttons((button,), approval=True),))).body
    assert "[Approve]  approve approval_1a2b3c4d CONFIRM_EXECUTE" in body


def test_a_form_posts_what_the_handlers_read() -> None:
    button = Button("ack", "Acknowledge", {"incident": "inc_1"})
    tags = read(html.render(Card("t", "s", blocks=(Buttons((button,)),)), csrf="secret", hidden={"room": "r"}).body)
    hidden = {a["name"]: a["value"] for tag, a in tags if tag == "input"}
    assert hidden == {"csrf": "secret", "room": "r", "event": "button", "action": "ack", "value.incident": "inc_1"}


def test_who_may_not_act_cannot_press() -> None:
    card = Card("t", "s", blocks=(Buttons((Button("ack", "Ack", {}), Link("Look", "/incidents/i"))),))
    tags = read(html.render(card, can_act=False).body)
    assert [attributes for tag, attributes in tags if tag == "button" and "disabled" in attributes]
    assert [attributes for tag, attributes in tags if tag == "a"]


def test_the_word_is_not_corrected_by_the_browser() -> None:
    ask = Ask("Sure?", "approvers", None, "approve", "Send", {"approval": "a"}, (Field("word", "Word"),))
    tags = dict(read(html.form(ask, csrf="c").body)[::-1])
    typed = next(a for tag, a in read(html.form(ask, csrf="c").body) if a.get("name") == "field.word")
    assert (typed["autocomplete"], typed["autocapitalize"], typed["spellcheck"]) == ("off", "off", "false")
    assert tags["form"]["method"] == "post"


@pytest.mark.parametrize(
    "hostile, shown",
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;http://evil\x07click\x1b]8;;\x07", "click"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("CONFIRM\u200b_EXECUTE", "CONFIRM⟨U+200B⟩_EXECUTE"),
        ("bell\x07\x00", "bell"),
        ("a\r\nb", "a\nb"),
    ],
)
def test_tricks_are_seen(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


def test_color_is_asked_for() -> None:
    card = Card("t", "s", tone="bad", blocks=(Prose("x"),))
    assert "\x1b" not in text.render(card).body
    assert text.render(card, color=True).body.startswith("\x1b[31;1m")
