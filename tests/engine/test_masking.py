"""Checks that secrets do not reach a card, and that plain words do."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.masking import MASK, RULES, bounded, folded, is_plain, mask, masked


@pytest.mark.parametrize(
    "text, secret",
    [
        ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
        ("key AKIA" + "IOSFODNN7EXAMPLE here", "IOSFODNN7EXAMPLE"),
        ("mysql://pay:hunter2@db:3306/pay", "hunter2"),
        ("password=hunter2 next", "hunter2"),
        ('{"db_password": "hunter 2"}', "hunter 2"),
        ("密码：hunter2", "hunter2"),
        ('{"line": "{\\"password\\":\\"hunter2\\"}"}', "hunter2"),
        ("Set-Cookie: sid=s%3Ahunter2; Path=/", "hunter2"),
        ("mysqldump --password hunter2 pay", "hunter2"),
        ("secret_key_base=hunter2", "hunter2"),
        ("a_name_longer_than_any_that_a_person_would_type_token=hunter2", "hunter2"),
        ("AccountKey=hunter2==;Suffix=x", "hunter2"),
        ("AIza" + "SyA1234567890123456789012345678901", "SyA12345"),
        ("-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN " + "PRIVATE KEY-----\nMIIEcut", "MIIEcut"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJzdWIiOiIxIn0"),
        ("session-eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "eyJzdWIiOiIxIn0"),
        ("sk-proj-abcdefghijklmnop1234", "abcdefghijklmnop1234"),
        ("ghp_abcdefghijklmnopqrstuvwxyz012345", "abcdefghijkl"),
        ("xoxb-1234567890-abcdef", "1234567890"),
        ("call 13812345678 now", "13812345678"),
        ("身份证 11010519491231002X", "19491231002X"),
    ],
)
def test_secrets_are_masked(text: str, secret: str) -> None:
    assert secret not in mask(text)
    assert MASK in mask(text)


@pytest.mark.parametrize(
    "text",
    [
        "pool exhausted after 3000 ms",
        "批准 approval_1a2b3c4d CONFIRM_EXECUTE",
        "argocd app rollback payment-service-prod v2.3.0",
        'rate(http_requests_total{service="payment",code=~"5.."}[2m])',
        "2026-11-20 08:00:00 UTC 1763625600",
        "the basic idea, the bearer of bad news",
        "token bucket is empty",
        "http://prometheus.example:9090/graph?g0.expr=up",
        "trace 13812345678901234567890123456789",
    ],
)
def test_plain_words_stay(text: str) -> None:
    assert mask(text) == text


def test_masking_twice_is_masking_once() -> None:
    once = mask("password=hunter2 Bearer abcdefgh12 mysql://a:b@c")
    assert mask(once) == once


@pytest.mark.parametrize("piece", ["eyJ-", "eyJaaaaaaaa.", "a.token.", "-----BEGIN A", "basic basic ", "x://y:z"])
def test_no_text_takes_long(piece: str) -> None:
    """Where the time grows with the square of the length, this takes a minute: text comes from anybody."""
    began = time.process_time()
    mask((piece * 64_000)[:256_000])
    assert time.process_time() - began < 3


def test_what_is_cut_off_was_masked_before() -> None:
    text = f"{'word ' * 15}https://ci:{'hunter2' * 9}@git.example/shop and more"
    assert "hunter2" not in masked(text, 100)
    assert len(masked("y" * 9_000, 100)) == 100


def test_what_is_cut_says_so() -> None:
    assert bounded("x" * 50, 10) == "x" * 9 + "…"


PIECES = (
    "Bearer", "BASİC", "basıc ", "paſſword", "api_\u212aey", "Cookıe: ", "set-cookie=", "://", "user:pw@", " --TOKEN ",
    "AKIA", "IOSFODNN7EXAMPLE", "eyJhbGciOiJIUzI1NiJ9", ".", "sk-", "ghp_", "x" * 24, "glpat-", "xapp-", "xoxb-",
    "github_pat_", "AIza", "-----BEGIN " + "PRIVATE KEY-----", "密码：", "=", ": ", '"', " ", "\n",
    "hunter2", "0123456789",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_clues_pass_over_no_secret(text: str) -> None:
    for rule in RULES:
        if rule.pattern.search(text):
            assert rule.may_find(folded(text)), rule.pattern.pattern


@given(st.lists(st.sampled_from((*PIECES, "13812345678", "20000101123", "1")), max_size=8).map("".join), st.data())
def test_no_part_of_what_is_plain_is_masked(text: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(text)))
    part = text[begin : data.draw(st.integers(begin, len(text)))]
    assert not is_plain(text) or mask(part) == part
