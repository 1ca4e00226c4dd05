"""Tests `tocsin evaluate rca` on folders that the tests write."""

import json
from pathlib import Path

import pytest

from bot.cli import main
from bot.evaluation.case import read
from bot.evaluation.examine import examine
from tests.bot.evaluation.staging import stage


def test_finds_the_slow_service_under_any_name(tmp_path: Path) -> None:
    case = read(stage(tmp_path / "one"))
    first, second = examine(case), examine(case, salt="other")
    assert first.ranking[0][0] == "vault"
    assert dict(first.ranking) == pytest.approx(dict(second.ranking))
    assert sum(share for _, share in first.ranking) == pytest.approx(1.0)


def test_the_engine_sees_nothing_of_the_truth(tmp_path: Path) -> None:
    honest = examine(read(stage(tmp_path / "same" / "one")))
    lying = examine(read(stage(tmp_path / "other" / "one", root_cause_service="door", inject_time=1, fault_type="lie")))
    assert honest.sweep == lying.sweep
    assert honest.diagnosis == lying.diagnosis


def test_prints_one_object_and_goes_on_after_a_broken_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage(tmp_path / "a" / "deep" / "one", truth="vault", seed=1)
    stage(tmp_path / "a" / "two", truth="till", seed=2)
    (stage(tmp_path / "b" / "three") / "metrics.csv.gz").write_bytes(b"no gzip")
    stage(tmp_path / "b" / "four", system="other")
    assert main(["evaluate", "rca", str(tmp_path), "--json", "--lang", "en"]) == 0
    told = json.loads(capsys.readouterr().out)
    figures = [(each["system"], each["cases"], each["ac1"]) for each in told["systems"]]
    assert figures == [("other", 1, 1.0), ("shop", 2, 1.0)]
    assert told["broken"] == ["Left out three: metrics.csv.gz cannot be read: BadGzipFile."]
    assert {each["method"] for each in told["systems"][0]["methods"]} == {
        "robust scorer",
        "n-sigma",
        "largest change",
        "random",
    }


def test_draws_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stage(tmp_path / "one")
    assert main(["evaluate", "rca", str(tmp_path), "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert "shop (1 cases)" in told
    assert "Avg@5" in told


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_no_case_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["evaluate", "rca", str(tmp_path / name), "--lang", "en"]) == 1
    assert str(tmp_path / name) in capsys.readouterr().err


def test_writes_fitted_weights_and_judges_each_application_by_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(tmp_path / "a" / "one")
    stage(tmp_path / "a" / "two", truth="till", seed=2)
    other = {"door": "gate", "till": "desk", "vault": "safe"}
    stage(tmp_path / "b" / "three", truth="safe", names=other, system="bank")
    file = tmp_path / "weights.json"
    assert (
        main(["evaluate", "rca", str(tmp_path), "--json", "--cross-validate", "--fit", str(file), "--lang", "en"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert [each["nested"]["ac1"] for each in told["systems"]] == [1.0, 1.0]
    fitted = json.loads(file.read_text())
    assert fitted["weights"]["cpu"] > fitted["prior"]["cpu"]
