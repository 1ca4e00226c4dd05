"""Writes small cases in the layout of the evaluation: a shop of three services of which one becomes slow."""

import csv
import gzip
import io
import json
import random
from pathlib import Path
from typing import Any

START = 1_700_000_000
ALERT = START + 1800
END = ALERT + 300
CALLS = [["door", "till"], ["till", "vault"]]


SERVICES = ("door", "till", "vault")


def stage(folder: Path, truth: str = "vault", seed: int = 1, names: dict[str, str] | None = None, **more: Any) -> Path:
    """One case: the latency and CPU of `truth` leave their usual level two minutes before the alert."""
    called = names or {name: name for name in SERVICES}
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "id": folder.name,
        "system": "shop",
        "alert_time": ALERT,
        "end_time": END,
        "inject_time": ALERT - 120,
        "root_cause_service": truth,
        **more,
    }
    (folder / "case.json").write_text(json.dumps(about))
    (folder / "topology.json").write_text(
        json.dumps({"edges": [[called[caller], called[callee]] for caller, callee in CALLS]})
    )
    draw = random.Random(seed)
    columns = [f"{called[service]}_{metric}" for service in SERVICES for metric in ("cpu", "latency-p95")]
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(["timestamp", *columns])
    for at in range(START, END, 30):
        table.writerow([at, *(_value(name, at, truth, draw) for name in columns)])
    with gzip.open(folder / "metrics.csv.gz", "wt") as file:
        file.write(written.getvalue())
    return folder


def _value(name: str, at: int, truth: str, draw: random.Random) -> float:
    base = 10.0 if name.endswith("cpu") else 0.1
    level = base * draw.uniform(0.95, 1.05)
    return level * (8 if name.startswith(truth) and at >= ALERT - 120 else 1)
