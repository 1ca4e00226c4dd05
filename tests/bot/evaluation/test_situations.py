"""Tests `tocsin evaluate situations` on situations that the tests write."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.cli import main
from bot.evaluation.figures import figures
from bot.evaluation.situations import CONFIDENT, evaluate, look, read

LEAK = """2026-05-01T10:01:02.120Z INFO  [till] paid order 1
2026-05-01T10:40:02Z WARN  [till] heap usage critical: 950MB / 1000MB (95%)
2026-05-01T10:41:02Z ERROR [till] order failed
java.lang.OutOfMemoryError: Java heap space
\tat com.acme.till.Basket.keep(Basket.java:35)
2026-05-01T10:41:05Z ERROR [till] java.lang.OutOfMemoryError: Java heap space
2026-05-01T10:41:09Z ERROR [till] GC overhead limit exceeded
2026-05-01T10:41:30Z ERROR [till] java.lang.OutOfMemoryError: Java heap space
"""
LEAK_FIGURES = {
    "jvm_heap_used_percent": 99.0,
    "jvm_heap_baseline_percent": 40,
    "error_rate_percent": 70.0,
    "affected_endpoints": ["GET /"],
    "error_threshold": 5,
}
BARE = """2026-05-02T03:20:00Z INFO  [till] ready
2026-05-02T03:59:00Z | ERROR | [door] TLS handshake error: x509: certificate has expired
2026-05-02T03:59:01Z | ERROR | [door] TLS handshake error: x509: certificate has expired
2026-05-02T03:59:02Z | ERROR | [door] TLS handshake error: x509: certificate has expired
"""


def stage(folder: Path, metrics: dict[str, Any], log: str, at: str) -> Path:
    folder.mkdir(parents=True)
    alert = {"service": "till", "timestamp": at, "metrics": metrics}
    (folder / "alert.json").write_text(json.dumps(alert))
    (folder / "logs.txt").write_text(log)
    return folder


def two(root: Path) -> None:
    stage(root / "leak", LEAK_FIGURES, LEAK, "2026-05-01T10:42:00Z")
    expired = {"tls_cert_expiry_days": -1, "http_5xx_rate_per_min": 90, "http_5xx_baseline_per_min": 0.2}
    stage(root / "deep" / "expired", expired, BARE, "2026-05-02T04:00:00Z")


def test_the_cause_is_named_and_a_wrong_log_names_none(tmp_path: Path) -> None:
    two(tmp_path)
    found = {each.situation.id: each for each in evaluate(tmp_path)}
    causes = {name: each.diagnosis.cause.category for name, each in found.items() if each.diagnosis.cause}
    assert causes == {"leak": "memory_leak", "expired": "certificate_expiry"}
    assert all(max(each.foreign) == 0.0 for each in found.values())
    sure = {name: each.diagnosis.hypotheses[0].confidence for name, each in found.items()}
    assert all(max(each.planted) < sure[name] for name, each in found.items())


def test_a_moved_log_is_hardly_believed_where_figures_say_only_that_requests_fail(tmp_path: Path) -> None:
    two(tmp_path)
    lost = "".join(
        f'2026-05-03T08:00:{second:02}Z ERROR [till] ERROR: column "vat" does not exist at character {second}\n'
        for second in range(10, 40)
    )
    told = f"2026-05-03T07:00:00Z INFO  [till] ready\n{lost}"
    stage(tmp_path / "failing", {"error_rate_percent": 70.0}, told, "2026-05-03T08:01:00Z")
    found = {each.situation.id: each for each in evaluate(tmp_path)}
    failing = found["failing"]
    assert failing.diagnosis.cause is not None
    assert failing.diagnosis.cause.category == "schema_drift"
    assert 0.0 < max(failing.planted) < CONFIDENT > failing.diagnosis.cause.confidence
    assert failing.same == (False, False)
    assert all(
        each.diagnosis.hypotheses[0].confidence >= CONFIDENT for name, each in found.items() if name != "failing"
    )


HINTS: dict[str, Any] = {
    "title": "certificate expired, disk full",
    "scenario": "scenario-7-tls-cert-expiry",
    "incident_category": "certificate",
    "severity": "P4",
    "alert_source": "certificate watch",
    "labels": {"reason": "certificate expired", "blame": "tls"},
    "blame_pr_number": 48,
    "blame_pr_title": "renew no certificates any more",
    "blame_commit_sha": "0123abc",
    "blame_commit_message": "let the certificate expire",
}
"""All an alert may say besides its service, its time and its figures."""


@pytest.mark.parametrize("hint", HINTS)
def test_the_words_of_an_alert_say_nothing(tmp_path: Path, hint: str) -> None:
    plain = stage(tmp_path / "one", LEAK_FIGURES, LEAK, "2026-05-01T10:42:00Z")
    told = stage(tmp_path / "two", LEAK_FIGURES, LEAK, "2026-05-01T10:42:00Z")
    alert = json.loads((told / "alert.json").read_text())
    (told / "alert.json").write_text(json.dumps({**alert, hint: HINTS[hint]}))
    assert look(read(plain)) == look(read(told))


def test_says_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two(tmp_path)
    assert main(["evaluate", "situations", str(tmp_path), "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert "leak, cause named: memory_leak" in told
    assert "a cause was named 0 times" in told
    assert main(["evaluate", "situations", str(tmp_path), "--json"]) == 0
    (first, _) = json.loads(capsys.readouterr().out)["situations"]
    assert (first["situation"], first["verdict"]) == ("expired", "conclusive")


@pytest.mark.parametrize("text", ["[]", "{", '{"service": "till"}', '{"timestamp": "2026-05-01T10:42:00Z"}'])
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    folder = stage(tmp_path / "one", {}, LEAK, "2026-05-01T10:42:00Z")
    (folder / "alert.json").write_text(text)
    assert main(["evaluate", "situations", str(tmp_path), "--lang", "en"]) == 1
    assert "alert.json cannot be read" in capsys.readouterr().err


def test_nothing_to_look_at_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "situations", str(tmp_path), "--lang", "en"]) == 1
    assert str(tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    "metrics, read_as",
    [
        ({"p99_response_time_ms": 9000, "p99_baseline_ms": 100}, ("latency_p95", "seconds", 9.0, 0.1)),
        ({"db_pool_active_connections": 30, "db_pool_max_connections": 30}, ("pool_use", "ratio", 1.0, None)),
        ({"queries_per_request": 340, "queries_per_request_baseline": 3}, ("queries_per_request", "count", 340, 3)),
        ({"http_5xx_count_per_min": 120}, ("error_ratio", "per_second", 2.0, None)),
        ({"tls_cert_expiry_days": 2}, ("cert_expiry", "seconds", 172800.0, None)),
        ({"hpa_desired_replicas": 8, "hpa_max_replicas": 4}, ("autoscaler_use", "ratio", 2.0, None)),
        ({"odd_thing": 4}, ("odd_thing", "none", 4.0, None)),
    ],
)
def test_figures_are_read_by_their_names(metrics: dict[str, Any], read_as: tuple[Any, ...]) -> None:
    (found,) = figures(metrics)
    assert found[1:] == read_as
