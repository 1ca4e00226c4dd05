"""Checks that docs/configuration.md says every setting with its default, and no document one that is none."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from bot.settings import PREFIX, Settings
from tests.house.source import ROOT, name, tracked

PAGE = ROOT / "docs" / "configuration.md"
ROW = re.compile(r"^\| `(TOCSIN_[A-Z_]+)` \| (.+?) \| (.+) \|$", re.MULTILINE)
VARIABLE = re.compile(r"\bTOCSIN_[A-Z]+(?:_[A-Z]+)*(?:__[A-Z]+(?:_[A-Z]+)*)?\b")
OF_THE_TESTS = {"TOCSIN_REQUIRE_REAL"}


def fields(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, Any]]:
    """(variable, default) of every setting, sections opened."""
    for key, field in model.model_fields.items():
        variable = prefix + key.upper()
        if isinstance(field.default, BaseModel):
            yield from fields(type(field.default), f"{variable}__")
        else:
            yield variable, field.default


def shown(default: Any) -> str:
    """How the page writes a default."""
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, int | float):
        return f"`{default:.15g}`"
    return f"`{default}`" if default else "empty"


SETTINGS = dict(fields(Settings, PREFIX))


def documents() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".md"]


def test_there_is_something_to_document() -> None:
    assert {"TOCSIN_DATA_DIR", "TOCSIN_HTTP__PORT", "TOCSIN_PACE__WATCH"} <= SETTINGS.keys()


@pytest.mark.parametrize("variable", SETTINGS)
def test_every_setting_is_documented_with_its_default(variable: str) -> None:
    rows = {row[1]: row[2] for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    assert variable in rows, f"docs/configuration.md has no row for {variable}"
    assert rows[variable] == shown(SETTINGS[variable]), (
        f"{variable} has another default than docs/configuration.md says"
    )


@pytest.mark.parametrize("path", documents(), ids=name)
def test_no_document_names_a_setting_that_is_none(path: Path) -> None:
    named = set(VARIABLE.findall(path.read_text(encoding="utf-8")))
    wrong = {
        variable
        for variable in named - SETTINGS.keys() - OF_THE_TESTS
        if not any(known.startswith(f"{variable}__") for known in SETTINGS)
    } - {"TOCSIN_SECTION__KEY"}
    assert not wrong, f"{name(path)} names {sorted(wrong)}; bot/settings.py has no such setting."


PROMISED = (
    *("HTTP__HOST", "HTTP__PORT", "HTTP__PUBLIC_URL", "INTAKE__TOKEN", "API__TOKEN", "API__READ_TOKEN", "DATA_DIR"),
    *("STORE__URL", "EXECUTION__ENABLED", "EXECUTION__ALLOWED_OPERATIONS"),
    *("SLACK__API_URL", "SLACK__BOT_TOKEN", "SLACK__APP_TOKEN", "SLACK__SIGNING_SECRET"),
    *("FEISHU__DOMAIN", "FEISHU__APP_ID", "FEISHU__APP_SECRET", "FEISHU__VERIFICATION_TOKEN", "FEISHU__ENCRYPT_KEY"),
    *("WECOM__API_URL", "WECOM__WS_URL", "WECOM__BOT_ID", "WECOM__BOT_SECRET", "WECOM__CORP_ID", "WECOM__AGENT_ID"),
    *("WECOM__SECRET", "WECOM__TOKEN", "WECOM__ENCODING_AES_KEY"),
    *("PROMETHEUS__URL", "ALERTMANAGER__URL", "LOKI__URL", "JAEGER__URL", "TEMPO__URL"),
)
"""Names people have written into their deployments: they stay."""


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_name_stays(name: str) -> None:
    assert f"{PREFIX}{name}" in SETTINGS
