"""Checks that `tocsin check` asks the chat platforms that are set up, about the rooms the teams name."""

from pathlib import Path

import pytest

from bot import checkup
from bot.platforms.slack.examination import SCOPES
from bot.settings import load
from cards.words import Words
from tests.bot.platforms.feishu.stand import standing
from tests.engine.sources.backends import FakePrometheus, serve
from tests.engine.sources.test_alertmanager import FakeAlertmanager
from tests.fakes.feishu_server import FeishuServer
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import APP_TOKEN, BOT_TOKEN


def rooms(folder: Path, *names: str) -> None:
    team = folder / "teams" / "trade"
    team.mkdir(parents=True)
    (team / "team.yaml").write_text(f"name: Trade\nmatch: {{team: trade}}\nrooms: {list(names)}\n", encoding="utf-8")


def said(findings: list[checkup.Finding], *, ok: bool) -> list[str]:
    return [Words("en").say(finding.phrase) for finding in findings if finding.ok is ok]


@pytest.mark.parametrize("missing", ["", "chat:write"])
async def test_slack_is_asked_about_its_scopes_and_channels(tmp_path: Path, missing: str) -> None:
    slack = SlackServer()
    slack.workspace.channel("C0TRADE")
    slack.workspace.scopes |= set(SCOPES)
    slack.workspace.scopes.discard(missing)
    rooms(tmp_path, "slack:C0TRADE", "console:trade")
    async with slack.serving():
        tokens = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": slack.api_url}
        findings = await checkup.examine(load(None, data_dir=tmp_path, slack=tokens))
    wrong = said(findings, ok=False)
    assert [missing in sentence for sentence in wrong] == ([True] if missing else [])
    assert any(sentence.startswith("slack:") for sentence in said(findings, ok=True)) is not bool(missing)
    assert BOT_TOKEN not in str(findings)


async def test_feishu_is_asked_about_its_chats(tmp_path: Path) -> None:
    server = FeishuServer()
    server.chat("oc_trade")
    server.tenant.chats["oc_alone"] = set()
    rooms(tmp_path, "feishu:oc_trade", "feishu:oc_alone")
    async with server.serving(), standing(server) as stand:
        settings = load(None, data_dir=tmp_path).model_copy(update={"feishu": stand.settings})
        (wrong,) = said(await checkup.examine(settings), ok=False)
    assert "oc_alone" in wrong


async def test_what_is_not_set_up_is_not_asked(tmp_path: Path) -> None:
    rooms(tmp_path, "console:trade")
    findings = await checkup.examine(load(None, data_dir=tmp_path))
    assert said(findings, ok=False) == []
    assert not any(sentence.startswith("slack:") for sentence in said(findings, ok=True))


async def test_a_room_nobody_can_read_in_is_named(tmp_path: Path) -> None:
    rooms(tmp_path, "console:trade", "slack:C0TRADE", "irc:ops")
    wrong = said(await checkup.examine(load(None, data_dir=tmp_path)), ok=False)
    assert [room in sentence for room, sentence in zip(("slack:C0TRADE", "irc:ops"), wrong, strict=True)] == [True] * 2


async def test_half_a_wecom_is_named(tmp_path: Path) -> None:
    rooms(tmp_path, "wecom:wr1")
    settings = load(None, data_dir=tmp_path, wecom={"bot_id": "aib1"})
    (wrong,) = said(await checkup.examine(settings), ok=False)
    assert "TOCSIN_WECOM__BOT_SECRET" in wrong


async def test_a_pager_nobody_set_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rooms(tmp_path, "console:trade")
    with (tmp_path / "teams" / "trade" / "team.yaml").open("a", encoding="utf-8") as file:
        file.write("escalation: {pager: TRADE_PAGER_URL, pager_key: TRADE_PAGER_KEY}\n")
    monkeypatch.setenv("TRADE_PAGER_URL", "https://pager.example")
    (wrong,) = said(await checkup.examine(load(None, data_dir=tmp_path)), ok=False)
    assert "TRADE_PAGER_KEY" in wrong


async def test_each_source_says_what_works_and_what_a_service_is_called_there(tmp_path: Path) -> None:
    files = tmp_path / "teams" / "trade"
    files.mkdir(parents=True)
    (files / "team.yaml").write_text("name: Trade\nsources: {tempo: {token: TRADE_TRACES}}\n", encoding="utf-8")
    (files / "services.yaml").write_text("payment-service: {}\n", encoding="utf-8")
    handler = FakePrometheus([{"__name__": "up", "app": "payment"}], lambda query: [])
    async with serve(handler) as url, serve(FakeAlertmanager()) as alerts:
        sections = {"prometheus": {"url": url}, "alertmanager": {"url": alerts}, "loki": {"url": "http://127.0.0.1:1"}}
        findings = await checkup.examine(load(None, data_dir=tmp_path, **sections))
    well, wrong = said(findings, ok=True), said(findings, ok=False)
    assert any(sentence.startswith("prometheus (") for sentence in well)
    assert any("version 0.25.0" in sentence for sentence in well)
    assert any("it knows app=payment" in sentence and "app: payment" in sentence for sentence in wrong)
    assert any(sentence.startswith("loki cannot be reached") for sentence in wrong)
    assert any(sentence.startswith("TRADE_TRACES is not set") for sentence in wrong)
    assert len(wrong) == 3


SERVICES = "pay: {health_url: 'http://127.0.0.1:1/health', log_paths: [/var/log/pay.log]}"


async def test_what_the_catalogue_names_is_looked_at_too(tmp_path: Path) -> None:
    rooms(tmp_path, "console:trade")
    (tmp_path / "teams" / "trade" / "services.yaml").write_text(SERVICES, encoding="utf-8")
    watching = load(None, data_dir=tmp_path, watcher={"enabled": True})
    findings = await checkup.examine(watching)
    unhosted, gone = sorted(said(findings, ok=False), key=lambda sentence: "does not answer" in sentence)
    assert unhosted.startswith("pay name hosts")
    assert "connection refused" in gone
    assert any("1 health addresses and 0 log files" in sentence for sentence in said(findings, ok=True))
    assert any("/changes from this machine" in sentence for sentence in said(findings, ok=True))
    (tmp_path / "teams" / "trade" / "services.yaml").write_text("pay: {}", encoding="utf-8")
    (idle,) = said(await checkup.examine(watching), ok=False)
    assert "nothing to look at" in idle


async def test_clones_that_services_name_are_looked_at(tmp_path: Path) -> None:
    rooms(tmp_path, "console:trade")
    (tmp_path / "teams" / "trade" / "services.yaml").write_text("pay: {repo_path: pay}", encoding="utf-8")
    (unset,) = said(await checkup.examine(load(None, data_dir=tmp_path)), ok=False)
    assert "TOCSIN_CLONES__ROOT" in unset
    (gone,) = said(await checkup.examine(load(None, data_dir=tmp_path, clones={"root": str(tmp_path)})), ok=False)
    assert gone.startswith(f"There is no folder pay below {tmp_path}")
    nowhere = load(None, data_dir=tmp_path, clones={"root": str(tmp_path / "none")})
    (absent,) = said(await checkup.examine(nowhere), ok=False)
    assert absent.startswith(f"There is no folder {tmp_path / 'none'}")


async def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    rooms(tmp_path, "console:trade")
    sections = {
        "releases": {"url": "http://bot:hunter2@127.0.0.1:1"},
        "loki": {"url": "http://bot:hunter2@127.0.0.1:1"},
    }
    findings = await checkup.examine(load(None, data_dir=tmp_path, **sections))
    assert len(said(findings, ok=False)) == 2
    assert "hunter2" not in str(findings)
