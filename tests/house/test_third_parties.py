"""Checks that each third-party package is imported only where the house allows it."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.source import ROOMS, ROOT, imports, module_name, modules, name

NETWORK = ("bot", "engine.sources", "engine.executors", "engine.reasoners")
HTML = ("cards.render.html", "bot.pages", "bot.platforms.console")
EVERYWHERE = ROOMS

PLACES: dict[str, tuple[str, ...]] = {
    "pydantic": EVERYWHERE,
    "pydantic_settings": ("bot",),
    "numpy": ("engine.diagnosis", "bot.demo", "bot.evaluation"),
    "aiohttp": NETWORK,
    "multidict": NETWORK,
    "yarl": NETWORK,
    "aiosqlite": ("store",),
    "uvloop": ("bot.cli",),
    "asyncpg": ("store",),
    "sqlite3": ("store",),  # not third-party, but a database all the same
    "filelock": ("store", "bot"),
    "htpy": HTML,
    "markupsafe": HTML,
    "PIL": ("cards.render.png",),
    "yaml": ("bot",),
    "promql_parser": ("bot.demo",),
    "slack_bolt": ("bot.platforms.slack",),
    "slack_sdk": ("bot.platforms.slack",),
    "lark_oapi": ("bot.platforms.feishu",),
    "cryptography": ("bot.platforms.feishu", "bot.platforms.wecom"),
    "openai": ("engine.reasoners.model",),
}
"""Package → the modules that may import it, each with everything below it."""


def is_in(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


@pytest.mark.parametrize("path", modules(*ROOMS), ids=name)
def test_imports_only_what_belongs_here(path: Path) -> None:
    module = module_name(path)
    for line, imported in imports(path):
        package = imported.partition(".")[0]
        if package in ROOMS or (package in sys.stdlib_module_names and package not in PLACES):
            continue
        assert package in PLACES, f"{name(path)}, line {line}: {package} has no place yet; give it one in PLACES."
        assert is_in(module, PLACES[package]), (
            f"{name(path)}, line {line}: {package} belongs in {', '.join(PLACES[package])} alone."
        )


def test_the_engine_speaks_to_no_network_by_the_standard_library_either() -> None:
    borders = ("engine.sources", "engine.executors", "engine.reasoners")
    network = ("socket", "http.client", "urllib.request", "ssl", "smtplib")
    found = [
        f"{name(path)}, line {line}: {imported}"
        for path in modules("engine", "cards", "handlers")
        if not is_in(module_name(path), borders)
        for line, imported in imports(path)
        if imported in network
    ]
    assert not found, found


def test_nothing_that_ships_imports_the_tests() -> None:
    found = [
        f"{name(path)}, line {line}"
        for path in modules(*ROOMS)
        for line, imported in imports(path)
        if imported.partition(".")[0] in ("tests", "bench")
    ]
    assert not found, found


def test_every_declared_dependency_is_imported() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    distributions = {"pyyaml": "yaml"}
    wanted = {distributions.get(key, key) for key in (distribution(line) for line in declared)}
    imported = {found.partition(".")[0] for path in modules(*ROOMS) for _, found in imports(path)}
    assert wanted <= imported, f"Declared in pyproject.toml and imported nowhere: {sorted(wanted - imported)}"


def distribution(requirement: str) -> str:
    """`PyYAML>=6.0` → `pyyaml`; with underscores, as a package is imported."""
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("-", "_")
