"""Checks the chain by itself: what it covers, and that an audit names what was done to it."""

import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model import Entry
from store.audit import Fault, faults
from store.chain import START, canonical, digest, link, moment, ready
from tests.store.world import START as NOON
from tests.store.world import draft


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for i in range(1, length + 1):
        previous = entries[-1].digest if entries else START
        entries.append(link("inc_1", i, ready(draft(f"k{i}", n=i)), previous))
    return entries


def found(entries: Sequence[Entry], head: tuple[int, str] | None = None) -> list[tuple[int, str]]:
    return [(fault.seq, fault.what) for fault in faults(entries, head)]


def test_a_digest_can_be_computed_by_anybody() -> None:
    first, second = chain(2)
    fields = ["inc_1", 2, "k2", "message.said", "tocsin", "2026-08-01T10:00:00.000000Z", {"n": 2}]
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    assert second.digest == hashlib.sha256((first.digest + text).encode()).hexdigest()
    assert digest(first.digest, second) == second.digest


@pytest.mark.parametrize(
    "change",
    [{"key": "x"}, {"kind": "x"}, {"actor": "x"}, {"body": {"n": 3}}, {"at": NOON.replace(hour=11)}, {"incident": "x"}],
    ids=str,
)
def test_every_field_is_covered(change: dict[str, object]) -> None:
    entries = chain(4)
    entries[1] = entries[1].model_copy(update=change)
    assert found(entries) == [(2, "altered")]


def test_a_chain_that_was_forged_from_some_entry_on_breaks_at_the_next() -> None:
    entries = chain(4)
    forged = entries[1].model_copy(update={"body": {"n": 9}})
    entries[1] = forged.model_copy(update={"digest": digest(entries[0].digest, forged)})
    assert found(entries) == [(3, "altered")]


@pytest.mark.parametrize("gone", [1, 2, 4])
def test_a_missing_entry_is_named(gone: int) -> None:
    entries = chain(5)
    del entries[gone - 1]
    assert found(entries) == [(gone, "missing")]


def test_a_cut_off_end_is_named_where_the_head_is_known() -> None:
    entries = chain(5)
    head = (5, entries[-1].digest)
    assert found(entries, head) == []
    assert found(entries[:3], head) == [(4, "missing"), (5, "missing")]
    assert found(entries[:3]) == []
    assert found(chain(5), (5, "other")) == [(5, "altered")]


def test_moved_entries_are_named_with_where_they_were() -> None:
    entries = chain(5)
    second, fourth = entries[1], entries[3]
    entries[1] = fourth.model_copy(update={"seq": 2})
    entries[3] = second.model_copy(update={"seq": 4})
    assert faults(entries) == (Fault(seq=2, what="reordered", was=4), Fault(seq=4, what="reordered", was=2))


def test_a_move_hides_no_alteration() -> None:
    entries = chain(6)
    second, fourth = entries[1], entries[3]
    entries[1] = fourth.model_copy(update={"seq": 2})
    entries[3] = second.model_copy(update={"seq": 4})
    entries[5] = entries[5].model_copy(update={"actor": "x"})
    assert found(entries) == [(2, "reordered"), (4, "reordered"), (6, "altered")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_a_body_has_one_text_that_survives_the_trip_through_json(body: dict[str, object]) -> None:
    text = canonical(body)
    assert text.isascii()
    assert canonical(json.loads(text)) == text


@given(st.datetimes(timezones=st.timezones()), st.datetimes(timezones=st.timezones()))
def test_texts_of_times_sort_as_the_times_do(one, other) -> None:
    if one.year < 2 or other.year < 2 or 9998 in (one.year, other.year) or 9999 in (one.year, other.year):
        return
    assert (moment(one) < moment(other)) == (one.timestamp() < other.timestamp())
    assert len(moment(one)) == 27
