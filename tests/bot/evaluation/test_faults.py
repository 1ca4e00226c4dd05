"""Proves that a fault counts where object and kind are right, and that the engine never sees the labels."""

import gzip
import json
from pathlib import Path

from bot.evaluation.case import read
from bot.evaluation.examine import examine
from bot.evaluation.faults import FAULTS, is_right, share_right
from cards.words import table
from engine.diagnosis.patterns import PATTERNS
from tests.bot.evaluation.printed import recorded

ROOT = Path(__file__).parents[3]
SPOKEN = {key.removeprefix("evidence.cluster.") for key in table("en") if key.startswith("evidence.cluster.")}


def case(folder: Path, service: str, fault: str) -> Path:
    """A snapshot of the made-up shop, whose liveness probe asks a port nobody listens on."""
    folder.mkdir()
    about = {
        "id": folder.name,
        "system": "shop",
        "root_cause_service": service,
        "fault_type": fault,
        "namespace": "shop",
    }
    (folder / "case.json").write_text(json.dumps(about))
    cluster = recorded()
    cluster["probes"] = {}
    del cluster["state"]["kubectl describe nodes node-1 -n shop -o wide"]
    with gzip.open(folder / "k8s.json.gz", "wt") as file:
        json.dump(cluster, file)
    (folder / "topology.json").write_text(json.dumps({"edges": [["door", "till"]]}))
    return folder


def test_object_and_fault_must_both_be_right(tmp_path: Path) -> None:
    right = examine(read(case(tmp_path / "a", "till", "liveness_probe_incorrect_port")))
    assert right.ranking[0][0] == "till"
    assert is_right(right)
    assert not is_right(examine(read(case(tmp_path / "b", "till", "oom_killed"))))
    assert not is_right(examine(read(case(tmp_path / "c", "door", "liveness_probe_incorrect_port"))))
    assert not is_right(examine(read(case(tmp_path / "d", "till", "never_heard_of"))))


def test_nothing_is_said_of_labels_nobody_knows(tmp_path: Path) -> None:
    known = examine(read(case(tmp_path / "a", "till", "liveness_probe_incorrect_port")))
    unknown = examine(read(case(tmp_path / "b", "till", "network_delay")))
    assert share_right([unknown]) is None
    assert share_right([known, unknown]) == 0.5


def test_only_words_of_ours_are_mapped() -> None:
    ours = SPOKEN | {pattern.category for pattern in PATTERNS}
    assert not {word for words in FAULTS.values() for word in words} - ours


def test_no_label_that_is_not_ours_is_known_to_the_engine() -> None:
    foreign = [label for label in FAULTS if label not in SPOKEN]
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "engine").rglob("*.py"))
    assert [label for label in foreign if label in sources] == []
