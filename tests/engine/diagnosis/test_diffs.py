"""Checks that of a change only what alters behaviour counts, and that it is held against what is really seen."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.diagnosis.blame import Seen, blame, symptoms
from engine.diagnosis.diffs import content, frequent, same_file, words
from engine.model import Change
from tests.engine.diagnosis.scenes import Scene

AT = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def change(diff: str = "", *files: str, **more: Any) -> Change:
    return Change(**{"id": "c1", "service": "till", "kind": "deploy", "at": AT, "diff": diff, "files": files, **more})


@pytest.mark.parametrize(
    "diff, files",
    [
        ("", ("docs/retry.md",)),
        ("", ("pkg/retry/backoff_test.go", "CODEOWNERS")),
        ("", (".github/workflows/build.yml",)),
        ("-.btn { color: red }\n+.btn { color: blue }", ("web/pay.css",)),
        ("@@ a.go @@\n-\t// retries three times\n+\t// retries thrice", ("a.go",)),
        ('-\tlog.Debug("retry")\n+\tlog.Info("retry")', ("a.go",)),
        ('-    LOG_DEBUG(log, "leader")\n+    LOG_INFO(log, "leader elected")', ("a.cpp",)),
        ("+\tcacheMisses.Inc()\n+var m = prometheus.NewCounter(opts)", ("cache.go",)),
        ("-\treturn retry(3)\n+\treturn retry(3)", ("a.go",)),
        ("-  a()\n+    a()", ("a.py",)),
    ],
)
def test_what_alters_no_behaviour_is_idle(diff: str, files: tuple[str, ...]) -> None:
    assert content(change(diff, *files)).idle


@pytest.mark.parametrize(
    "diff, files, subject",
    [
        ("-  default_ttl: 15m\n+  default_ttl: 15s", ("redis.yaml",), "cache"),
        ('+\trow := db.QueryRow("SELECT * FROM items WHERE sku = $1")', ("orders.go",), "query"),
        ("-MaxOpenConns: 40\n+MaxOpenConns: 4", ("db.go",), "pool"),
        ("-  deadline: 5s\n+  deadline: 50ms", ("rpc.yaml",), "timeout"),
        ("-\tfor i := 0; i < maxAttempts; i++ {", ("client.go",), "retry"),
        ("-\tgoogle.golang.org/protobuf v1.31.0\n+\tgoogle.golang.org/protobuf v1.34.2", ("go.mod",), "linkage"),
        ("+ALTER TABLE orders DROP COLUMN total;", ("db/migrations/7.sql",), "schema"),
        ("-  audience: shop\n+  audience: shop-v2", ("auth.yaml",), "auth"),
        ("-\tif resp.Body == nil { return }", ("charge.go",), "code"),
        ("+  egress: []", ("networkpolicy.yaml",), "network"),
    ],
)
def test_what_a_change_is_about(diff: str, files: tuple[str, ...], subject: str) -> None:
    found = content(change(diff, *files))
    assert subject in found.subjects
    assert not found.idle


def test_a_title_is_read_only_where_nothing_else_is_known() -> None:
    assert content(change("+\tretry(3)", "a.go", note="tidy the cache")).subjects == {"retry"}
    assert content(change(note="lower the cache ttl")).subjects == {"cache"}
    assert not content(change(note="lower the cache ttl")).known


@pytest.mark.parametrize(
    "diff, leaps",
    [
        ("-  cache_ttl: 15m\n+  cache_ttl: 15s", True),
        ("-\tcacheTTL = 15 * time.Minute\n+\tcacheTTL = 15 * time.Second", True),
        ("-  cache_size: 100\n+  cache_size: 1000", True),
        ("-  cache_ttl: 30s\n+  cache_ttl: 40s", False),
        ("-  cache_ttl: 60s\n+  cache_ttl: 1m", False),
    ],
)
def test_a_setting_that_became_a_multiple_stands_out(diff: str, leaps: bool) -> None:
    assert ("cache" in content(change(diff, "a.yaml")).leaps) == leaps


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("services/pay/charge.go", "services/pay/charge.go", True),
        ("com/acme/shop/Order.java", "src/main/java/com/acme/shop/Order.java", True),
        ("/src/services/pay/charge.go", "services/pay/charge.go", True),
        ("charge.go", "services/pay/charge.go", True),
        ("services/pay/charge.go", "services/cart/charge.go", False),
        ("surcharge.go", "charge.go", False),
        ("", "charge.go", False),
    ],
)
def test_paths_from_different_roots_may_be_one_file(one: str, other: str, same: bool) -> None:
    assert same_file(one, other) == same


def test_words_are_split_as_people_write_them() -> None:
    assert words("CASRetryPolicy{MaxAttempts: 2} catalog_items") == {
        "cas",
        "retry",
        "policy",
        "max",
        "attempts",
        "catalog",
    }


def test_words_that_many_changes_share_tell_nothing() -> None:
    many = [change(f"+\tcheckout({n}, rounding)", "a.go", id=f"c{n}") for n in range(3)]
    assert "rounding" in frequent(many)


def test_the_file_of_the_stack_weighs_most() -> None:
    seen = {"till": Seen(files={"/src/services/pay/charge.go"})}
    found = blame(change("-\tif x == nil {\n-\t\treturn\n-\t}", "services/pay/charge.go"), seen, ())
    assert found.implicated
    assert found.touched[0] == "charge.go"


def test_what_only_its_moment_points_to_is_not_implicated() -> None:
    seen = {"till": Seen(subjects={"pool"}, words={"connection", "exhausted"})}
    assert not blame(change("-\treturn round(net)\n+\treturn round(net, 2)", "tax.go"), seen, ()).implicated
    assert not blame(change(), seen, ()).implicated
    assert not blame(change("", "README.md"), seen, ()).implicated


def test_another_service_counts_for_half() -> None:
    telling = change("-  cache_ttl: 15m\n+  cache_ttl: 15s", "a.yaml")
    here, there = Seen(subjects={"cache"}), Seen(subjects={"cache"})
    assert blame(telling, {"till": here}, ()).score == 2 * blame(telling, {"shop": there}, ()).score


def test_what_is_seen_is_taken_from_unusual_evidence_without_names() -> None:
    scene = Scene().series("cache_hit_ratio", 0.97, 0.3).series("pool_use", 0.1).says("till lost the basket {n}", 20)
    found = symptoms(scene.evidence(), {"till", "basket"})
    assert found["till"].subjects == {"cache"}
    assert found["till"].words == {"lost"}


def test_the_evidence_says_what_a_change_touches() -> None:
    scene = Scene().healthy(but=("latency_p95",)).series("latency_p95", 0.04, 2.0)
    scene.series("cache_hit_ratio", 0.97, 0.3).says("cache miss for {n}", 20)
    guilty = scene.released(-20).model_copy(
        update={"id": "a", "version": "v2", "diff": "-  ttl: 15m\n+  ttl: 15s", "files": ("cache.yaml",)}
    )
    later = scene.released(-4).model_copy(update={"id": "b", "version": "v3", "diff": "+x=1", "files": ("tax.go",)})
    evidence = [each for each in scene.changes(guilty, later).evidence() if each.change]
    assert [(each.change and each.change.id, each.details["implicated"]) for each in evidence] == [
        ("a", True),
        ("b", False),
    ]
    assert evidence[0].summary.word == "evidence.change.touching"
    assert "cache" in str(evidence[0].summary.values["touched"])
