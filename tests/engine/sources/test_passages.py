"""Proves that a stack's place is found among a repository's files only where it is clear which is meant."""

import difflib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.sources.passages import (
    MOST_BYTES,
    MOST_MENTIONS,
    around,
    before,
    fitting,
    mentions,
    opened,
    refs,
    shown,
    sure,
    symbol,
)
from tests.engine.sources.fake_git import patch

PATHS = (
    "src/pay/pool.py",
    "src/pay/__init__.py",
    "src/web/__init__.py",
    "lib/pool.py",
    "server/src/main/java/com/acme/pay/Pool.java",
    "cmd/payment/main.go",
    "pool.py.txt",
    "old-pool.go",
)


@pytest.mark.parametrize(
    "file, path",
    [
        ("/app/src/pay/pool.py", "src/pay/pool.py"),
        ("/usr/src/app/pay/pool.py", "src/pay/pool.py"),
        ("C:\\build\\src\\pay\\pool.py", "src/pay/pool.py"),
        ("com/acme/pay/Pool.java", "server/src/main/java/com/acme/pay/Pool.java"),
        ("/go/src/github.com/shop/payment/cmd/payment/main.go", "cmd/payment/main.go"),
        ("main.go", "cmd/payment/main.go"),
        ("./lib/pool.py", "lib/pool.py"),
        ("webpack:///./lib/pool.py?a1b2", "lib/pool.py"),
        ("../lib/pool.py", "lib/pool.py"),
    ],
)
def test_the_longest_common_end_says_which_file_is_meant(file: str, path: str) -> None:
    assert fitting(file, PATHS) == [path]


@pytest.mark.parametrize(
    "file, count", [("/srv/pool.py", 2), ("__init__.py", 2), ("gone.py", 0), ("", 0), ("pool.go", 0)]
)
def test_several_files_or_none_are_no_answer(file: str, count: int) -> None:
    assert len(fitting(file, PATHS)) == count


def test_a_bare_name_alone_is_not_sure() -> None:
    assert sure("/app/pay/pool.py", "src/pay/pool.py")
    assert not sure("/app/pool.py", "lib/pool.py")
    assert not sure("main.go", "cmd/payment/main.go")


@pytest.mark.parametrize(
    "versions, asked",
    [
        (("v2.3.1",), ("v2.3.1", "2.3.1")),
        (("2.3.1",), ("2.3.1", "v2.3.1")),
        (("registry.example:5000/shop/payment:1.4@sha256:aa",), ("1.4", "v1.4")),
        (("a1b2c3d4e5",), ("a1b2c3d4e5",)),
        (("main", "latest", "prod", ""), ()),
        (("../../../etc/passwd1", "1 2", "-n1", "x" * 200 + "1"), ()),
        (("v1.0", "v1.1", "v1.2"), ("v1.0", "1.0", "v1.1", "1.1")),
    ],
)
def test_only_what_stays_the_same_is_asked_for_as_a_version(versions: tuple[str, ...], asked: tuple[str, ...]) -> None:
    assert refs(versions) == asked


@pytest.mark.parametrize(
    "function, name",
    [
        ("acquire", "acquire"),
        ("pool.(*Pool).Acquire", "Acquire"),
        ("Object.acquire", "acquire"),
        ("lambda$charge$0", "charge"),
        ("block in acquire", "acquire"),
        ("<module>", ""),
        ("<init>", ""),
        ("__init__", ""),
        ("main", ""),
        ("", ""),
    ],
)
def test_a_function_is_looked_for_by_its_own_name(function: str, name: str) -> None:
    assert symbol(function) == name


def test_a_secret_is_never_among_the_lines() -> None:
    text = "\n".join(["a = 1", 'password = "hunter2-and-more"', "b = 2"])
    cutting = around(text, 3)
    assert cutting is not None
    assert cutting[0] == 1
    assert len(cutting[1]) == 3
    assert "hunter2" not in "".join(cutting[1])
    dashes = "-" * 5
    key = "\n".join(
        [
            f"{dashes}BEGIN RSA PRIVATE KEY{dashes}",
            *["MIIEpAIBAAKCAQEA"] * 20,
            f"{dashes}END RSA PRIVATE KEY{dashes}",
            "x()",
        ]
    )
    assert around(key, 15) is None, "the middle of a key looks like any other line"


def test_lines_are_bounded_and_hold_nothing_that_does_not_print() -> None:
    assert shown("\tx\x1b[31m\u202e\u200bend") == "    x[31mend"
    assert len(shown("y" * 9_000)) == 160
    cutting = around("\n".join(f"line {n}" for n in range(1, 101)), 50)
    assert cutting == (42, tuple(f"line {n}" for n in range(42, 56)))


def test_what_is_no_text_or_too_much_is_not_opened() -> None:
    assert opened(b"\x7fELF\0\0") is None
    assert opened(b"x" * (MOST_BYTES + 1)) is None
    assert opened("é\r\n".encode() + b"\xff") == "é\n\ufffd"


def test_a_function_is_named_by_whole_words_and_not_where_it_is_shown_already() -> None:
    files = [("a.py", "acquire()\nreacquire()\npool.acquire(token='s3cr3t-value')"), ("b.py", "# acquire")]
    found = mentions("acquire", files, "a.py", range(1, 2))
    assert [(each.path, each.line) for each in found] == [("a.py", 3), ("b.py", 1)]
    assert "s3cr3t" not in found[0].text
    assert mentions("", files, "a.py", range(0)) == ()


@given(st.text(alphabet="@-+, 0123456789\n\\ax", max_size=200), st.integers(-3, 40))
def test_whatever_is_called_a_patch_hurts_nobody(patch: str, line: int) -> None:
    was = before(patch, line)
    assert was is None or isinstance(was, int)
    before(f"@@ -{'9' * 6_000} +1 @@\n{patch}", line)


@given(st.text(max_size=60), st.lists(st.text(max_size=40), max_size=8))
def test_whatever_is_called_a_file_fits_what_ends_so(file: str, paths: list[str]) -> None:
    assert set(fitting(file, paths)) <= set(paths)
    assert all(len(each) <= 101 for each in refs([file]))


def test_a_line_is_masked_before_it_is_cut_and_with_those_around_it() -> None:
    address = f"acquire(){' ' * 90}  # postgresql://pay:{'hunter2' * 9}@db"
    named = "password:\n  acquire-hunter2"
    (one, *others) = mentions("acquire", [("a.py", address), ("b.yaml", named)], "x.py", range(0))
    assert "hunter2" not in f"{one.text}{others}"
    dashes = "-" * 5
    key = f"{dashes}BEGIN PRIVATE KEY{dashes}\nMIIE acquire\n{dashes}END PRIVATE KEY{dashes}\nacquire()"
    assert mentions("acquire", [("c.py", key)], "x.py", range(0)) == ()


def test_no_more_is_made_of_a_file_than_is_shown() -> None:
    began = time.process_time()
    assert len(mentions("a", [("f.py", "a\n" * 120_000)], "x.py", range(0))) == MOST_MENTIONS
    assert time.process_time() - began < 0.4


def test_the_name_of_a_file_stays_on_its_line() -> None:
    (one,) = mentions("acquire", [("a\nb" + "c" * 900, "acquire()")], "x.py", range(0))
    assert "\n" not in one.path
    assert len(one.path) <= 300


edits = st.lists(st.tuples(st.sampled_from(["keep", "new", "gone"]), st.integers(1, 4)), max_size=12)


@given(edits)
def test_a_line_is_followed_through_a_patch_to_where_it_stood(kinds: list[tuple[str, int]]) -> None:
    rows = [(kind, f"{kind} {place}.{n}") for place, (kind, times) in enumerate(kinds) for n in range(times)]
    old = [text for kind, text in rows if kind != "new"]
    new = [text for kind, text in rows if kind != "gone"]
    if old == new:
        return
    whole = patch("\n".join(old), "\n".join(new))
    kept = difflib.SequenceMatcher(None, old, new).get_matching_blocks()
    stood = {block.b + n + 1: block.a + n + 1 for block in kept for n in range(block.size)}
    assert {line: before(whole, line) for line in range(1, len(new) + 1)} == {
        line: stood.get(line) for line in range(1, len(new) + 1)
    }
