"""Holds what every test shares: loopback is the only network, and a `real` test has its components or says so."""

import importlib.util
import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REQUIRE_REAL = os.environ.get("TOCSIN_REQUIRE_REAL") == "1"

if "CI" not in os.environ:
    # Where CI is set, Hypothesis does so by itself. How fast an example runs says something of the machine alone.
    settings.register_profile("without a clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("without a clock")

COMPONENTS = {
    "prometheus": ("prometheus",),
    "alertmanager": ("alertmanager", "prometheus-alertmanager"),
    "victoriametrics": ("victoria-metrics",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "tsc": ("tsc",),
    "aibot": (),
}
"""What a test may be marked `real` with, and the programs that count as it."""


class OutsideLoopback(RuntimeError):
    """A test reached for a machine that is not this one. Not an OSError, so that no code under test swallows it."""


def _is_loopback(host: object) -> bool:
    if host in (None, "", b""):
        return True
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    # Names under `.invalid` never resolve (RFC 2606): a test of an unreachable backend may use them.
    if name == "localhost" or name.endswith((".localhost", ".invalid")):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _only_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse connections and look-ups that leave this machine; an audit hook sees them whatever library asks."""
    if not event.startswith("socket."):
        return
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if not isinstance(address, tuple):
            return  # a Unix socket, or a datagram on a socket that is connected already
        host = address[0]
    else:
        return
    if not _is_loopback(host):
        raise OutsideLoopback(f"A test tried to reach {host!r} ({event}); tests speak to loopback only.")


sys.addaudithook(_only_loopback)


def _missing(component: str) -> str | None:
    if component == "aibot":
        return None if importlib.util.find_spec("aibot") else "Tencent's wecom-aibot-python-sdk is not installed"
    programs = COMPONENTS[component]
    if not any(shutil.which(program) for program in programs):
        return f"{component} is not on this machine (looked for {', '.join(programs)})"
    if component == "chromium" and importlib.util.find_spec("playwright") is None:
        return "what drives chromium is not installed (make setup-real)"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("real"):
        for component in mark.args:
            reason = _missing(component)
            if reason and REQUIRE_REAL:
                pytest.fail(f"TOCSIN_REQUIRE_REAL=1, but {reason}.", pytrace=False)
            elif reason:
                pytest.skip(f"{reason}.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where real components are required, a skip of any kind counts as a failure."""
    report: Any = yield
    if REQUIRE_REAL and report.skipped and not hasattr(report, "wasxfail") and item.get_closest_marker("real"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and TOCSIN_REQUIRE_REAL=1 allows no skip."
    return report


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).resolve().parent.parent
