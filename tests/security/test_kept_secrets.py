"""Checks that secrets which come in with alerts, messages and evidence are not kept anywhere."""

import json
from datetime import UTC, datetime

import pytest

from engine.sources.lines import read_line
from handlers.alerts.alertmanager import read
from handlers.receiver import without_secrets

SECRET = "hunter2-hunter2"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TELLING = (f"login failed password={SECRET}", f"GET https://pay:{SECRET}@db/x", f"Authorization: Bearer {SECRET}")


@pytest.mark.parametrize("telling", TELLING)
def test_an_alert_is_read_and_kept_without_its_secrets(telling: str) -> None:
    alert = {"status": "firing", "labels": {"alertname": "A", "detail": telling}, "annotations": {"summary": telling}}
    body = json.dumps({"version": "4", "alerts": [alert | {"startsAt": "2026-01-01T00:00:00Z"}]}).encode()
    assert SECRET not in repr(read(body, NOW))
    assert SECRET.encode() not in without_secrets(body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
@pytest.mark.parametrize("written", ["plain", "escaped"])
def test_a_secret_is_one_in_every_encoding_and_escaped(encoding: str, written: str) -> None:
    said = f"password={SECRET}"
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in said) if written == "escaped" else said
    body = f'{{"version": "4", "alerts": [{{"labels": {{"alertname": "A", "{escaped}": "{escaped}"}}}}]}}'
    assert SECRET not in repr(read(body.encode(encoding), NOW))


def test_a_receiver_call_is_kept_as_it_came_otherwise() -> None:
    for body in (b'{"alerts": []}', b"\xff\xfe{", '{"摘要": "支付失败"}'.encode()):
        assert without_secrets(body) == body


@pytest.mark.parametrize("telling", TELLING)
def test_a_log_line_is_evidence_without_its_secrets(telling: str) -> None:
    for text in (telling, json.dumps({"level": "error", "message": telling})):
        line = read_line("1767225600000000000", text, {}, "payment")
        assert line is not None
        assert SECRET not in line.message
