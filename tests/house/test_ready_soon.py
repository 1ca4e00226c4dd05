"""Checks that a process is ready without what it needs only once there is an incident, or only where it is set up."""

import subprocess
import sys

LATER = (
    "numpy",
    "slack_bolt",
    "lark_oapi",
    "cryptography",
    "PIL",
    "openai",
    "bot.evaluation",
    "bot.checkup",
    "engine.diagnosis.ranking",
    "engine.diagnosis.patterns",
    "engine.sources.prometheus",
    "engine.sources.kubernetes",
)
ASK = "import sys, bot.cli, bot.run; print(*sys.modules)"


def test_what_runs_loads_nothing_that_can_wait() -> None:
    loaded = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout.split()
    assert {"bot.wiring", "aiohttp"} <= set(loaded)
    assert not [name for name in LATER if name in loaded]
