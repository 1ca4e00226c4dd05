"""Draws any card there can be, with text as hostile as it gets."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from cards.model import (
    Addressee,
    Ask,
    Band,
    Button,
    Buttons,
    Card,
    Change,
    Chart,
    Facts,
    Field,
    Finding,
    Findings,
    Fold,
    Limit,
    Link,
    Log,
    Mark,
    Prose,
    Step,
    Steps,
    Table,
)

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</pre></details></form><form action=//evil>",
    "javascript:alert(1)",
    "//evil.example/x",
    "data:text/html,<script>",
    "\x1b[31mred\x1b[0m\x1b]8;;http://evil\x07x\x1b]8;;\x07",
    "\x9b2J",
    "\u202egnp.exe",
    "a\u200bb\u2066c",
    "批准 approval_1 CONFIRM_EXECUTE",
    "{title}{0.__class__}%s",
    "连接池耗尽" * 30,
    "x" * 300,
    "é" * 40,
    "👩‍🚒🔥",
    "line\r\nline\rline\ttab",
    "\ud800",
    "",
)
text = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
names = st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyz_"), min_size=1, max_size=10)
ids = st.dictionaries(names, text, max_size=3)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
numbers = st.one_of(st.floats(allow_nan=False), st.floats(-1e6, 1e6))
moment = moments.map(lambda at: at.timestamp())
points = st.one_of(
    st.lists(st.tuples(moment, numbers), max_size=30).map(lambda found: tuple(sorted(found))),
    st.lists(st.tuples(numbers, numbers), max_size=5).map(tuple),
)
tones = st.sampled_from(("neutral", "info", "good", "warning", "bad"))
steps = st.builds(Step, text, st.sampled_from(("pending", "running", "done", "failed", "skipped")), text)
buttons = st.builds(Button, names, text, ids, st.sampled_from(("plain", "primary", "danger")))
choices = st.one_of(buttons, st.builds(Link, text, text))
fields = st.builds(
    Field, names, text, text, text, st.booleans(), st.booleans(), st.lists(st.tuples(text, text), max_size=3).map(tuple)
)
rows = st.lists(st.lists(text, max_size=6).map(tuple), max_size=5).map(tuple)


def many(of: st.SearchStrategy[object], most: int = 4) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, max_size=most).map(tuple)


charts = st.builds(
    Chart,
    text,
    points,
    text,
    many(st.builds(Mark, moments, text, tones)),
    st.none() | moments,
    st.none() | st.builds(Band, numbers, numbers, text),
    st.none() | st.builds(Limit, numbers, text),
    st.none() | moments,
    st.none() | moments,
)
leaves = st.one_of(
    st.builds(Prose, text, st.booleans(), st.booleans()),
    st.builds(Facts, many(st.tuples(text, text))),
    st.builds(Steps, many(steps, 9)),
    st.builds(Findings, many(st.builds(Finding, text, text, text, text, text, text, st.booleans(), text, text))),
    st.builds(Table, st.lists(text, max_size=40).map(tuple), rows),
    charts,
    st.builds(Log, many(text)),
    st.builds(Change, text, text),
    st.builds(Buttons, many(choices), st.booleans()),
    st.builds(Ask, text, text, st.none() | moments, names, text, ids, many(fields)),
)
blocks = st.recursive(leaves, lambda inner: st.builds(Fold, text, many(inner), st.booleans()), max_leaves=6)
accounts = st.dictionaries(st.sampled_from(("slack", "feishu", "wecom")), text, max_size=3)
called = many(st.builds(Addressee, text, accounts), 7)
cards = st.builds(Card, text, text, tones, many(blocks, 5), text, st.sampled_from(("zh", "en")), called)
