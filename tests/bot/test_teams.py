"""Checks team files: what they mean, what is wrong with them in one sentence, and that an error changes nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.expressions import check_pattern
from bot.teams import TeamFiles, fits, read_team
from cards.words import Words
from engine.errors import SettingsError, UnknownName
from engine.team import Account, Connection

TEAM = """
name: Trade
language: zh
order: 10
match: {team: trade, service: ~payment-.*|order}
rooms: ["console:trade"]
intake_token: TRADE_INTAKE_TOKEN
people:
  alice:
    name: Alice
    roles: [responder, approver]
    accounts: {console: alice, slack: U1}
  bob: {roles: [viewer], accounts: {console: bob}}
"""
SERVICES = """
payment-api:
  owner: trade
  dependencies: [mysql]
  objective: {error_ratio: 0.01, latency_p95: 1}
  remedies:
    - operation: rollback_canary
      operation_class: rollback
      executor: releases
      against: [deploy_db_regression]
      arguments: {version: "{previous_version}"}
"""
FULL = """
payment-api:
  owner: trade
  environment: prod
  region: eu-1
  dependencies: [ledger, payment-api, ledger]
  objective: {availability: 0.999}
  labels: {app: pay}
  signals: [{name: queue_depth, expression: "sum(jobs_waiting)", unit: count, worse: rises}]
  runbooks: ["https://wiki.example.com/payment?a=1#b"]
  rollback: {executor: argocd, workload: deployment/payment, argocd_app: shop-payment, safe_revision: "1.4"}
  repository: shop/backend/payment
  repo_path: backend/payment.git
  language: java
  health_url: http://payment:8080/healthz
  log_paths: [/var/log/payment/app.log]
  hosts: [web-1]
  units: [payment@1.service]
  namespace: shop
  workload: payment
"""
POLICY = """
approval_minutes: 10
forbidden: [restart_deployment]
tiers: {adjust_rate_limit: destructive}
"""


def write(root: Path, folder_name: str, /, **files: str) -> Path:
    folder = root / "teams" / folder_name
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return root / "teams"


def test_without_any_file_there_is_a_default_team(tmp_path: Path) -> None:
    teams = TeamFiles(tmp_path / "teams")
    assert teams.reload() == ()
    assert [team.id for team in teams.all()] == ["default"]
    assert teams.route({"anything": "x"}).id == "default"
    with pytest.raises(UnknownName):
        teams.team("trade")


def test_a_team_as_its_files_describe_it(tmp_path: Path) -> None:
    teams = TeamFiles(write(tmp_path, "trade", team=TEAM, services=SERVICES, policy=POLICY))
    assert teams.reload() == ()
    team = teams.team("trade")
    assert (team.name, team.language, team.rooms, team.watchdog_minutes) == ("Trade", "zh", ("console:trade",), 15.0)
    alice = team.person(Account(platform="slack", id="U1"))
    assert alice is not None
    assert (alice.id, alice.roles) == ("alice", frozenset({"responder", "approver"}))
    service = team.services["payment-api"]
    assert (service.name, service.objective.latency_p95, service.remedies[0].tier) == (
        "payment-api",
        1.0,
        "destructive",
    )
    assert (team.policy.approval_minutes, team.policy.forbidden) == (10.0, ("restart_deployment",))
    assert teams.intake_tokens() == {"trade": "TRADE_INTAKE_TOKEN"}


def test_a_service_with_everything_the_catalogue_may_say_and_what_is_changed_in_it_is_taken_up(tmp_path: Path) -> None:
    teams = TeamFiles(write(tmp_path, "trade", team=TEAM, services=FULL))
    assert teams.reload() == ()
    service = teams.team("trade").services["payment-api"]
    assert (service.dependencies, service.objective.availability) == (("ledger",), 0.999)
    (signal,) = service.signals
    assert (signal.name, signal.expression, signal.unit, signal.worse) == (
        "queue_depth",
        "sum(jobs_waiting)",
        "count",
        "rises",
    )
    assert service.rollback.model_dump() == {
        "executor": "argocd",
        "workload": "deployment/payment",
        "argocd_app": "shop-payment",
        "safe_revision": "1.4",
    }
    said = (service.repository, service.language, service.health_url, service.namespace, service.workload)
    assert said == ("shop/backend/payment", "java", "http://payment:8080/healthz", "shop", "payment")
    seen_at = (service.log_paths, service.hosts, service.units, service.runbooks)
    wiki = "https://wiki.example.com/payment?a=1#b"
    assert seen_at == (("/var/log/payment/app.log",), ("web-1",), ("payment@1.service",), (wiki,))
    write(tmp_path, "trade", services=FULL.replace("region: eu-1", "region: eu-2"))
    assert teams.reload() == ()
    assert teams.team("trade").services["payment-api"].region == "eu-2"


def test_routing_asks_teams_in_their_order_and_default_last(tmp_path: Path) -> None:
    write(tmp_path, "default", team="name: Everybody\nmatch: {team: trade}")
    write(tmp_path, "late", team="name: Late\norder: 20\nmatch: {team: trade}")
    write(tmp_path, "silent", team="name: Silent\norder: 1")
    teams = TeamFiles(write(tmp_path, "trade", team=TEAM))
    teams.reload()
    assert [team.id for team in teams.all()] == ["silent", "trade", "late", "default"]
    assert teams.route({"team": "trade", "service": "payment-api"}).id == "trade"
    assert teams.route({"team": "trade", "service": "order"}).id == "trade"
    assert teams.route({"team": "trade", "service": "order-x"}).id == "late"
    assert teams.route({"service": "payment-api"}).id == "default"
    assert teams.team("default").name == "Everybody"


@pytest.mark.parametrize(
    "file, text, key, says",
    [
        ("team", "language: en", "name", "missing"),
        ("team", "name: T\nlangage: en", "langage", "spelling"),
        ("team", "name: T\nlanguage: fr", "language", "'zh' or 'en'"),
        ("team", "name: 3", "name", "quotation marks"),
        ("team", "name: T\npeople: {a: {roles: [boss]}}", "people.a.roles.0", "'viewer', 'responder' or 'approver'"),
        ("team", "name: T\nwatchdog_minutes: -1", "watchdog_minutes", "greater than or equal to 0"),
        ("team", "name: T\nwatchdog_minutes: soon", "watchdog_minutes", "not a number"),
        ("team", "name: T\norder: 1.5", "order", "whole number"),
        ("team", "name: T\nrooms: main", "rooms", "list"),
        ("team", "name: T\nrooms: [main]", "rooms", "platform:room"),
        ("team", "name: T\nmatch: [team]", "match", "mapping"),
        ("team", "name: T\nmatch: {a: '~('}", "match", "no regular expression"),
        ("team", "name: T\nmatch: {a: '~(a+)+$'}", "match", "repeated"),
        ("team", "name: T\nintake_token: my secret", "intake_token", "match pattern"),
        ("team", "- a\n- b", "(the whole file)", "mapping"),
        ("services", "pay: {owners: x}", "pay.owners", "spelling"),
        ("services", "pay: {objective: {error_ratio: 2}}", "pay.objective.error_ratio", "less than or equal to 1"),
        ("services", "pay: {remedies: [{operation: x}]}", "pay.remedies.0.operation_class", "missing"),
        ("services", "pay: {health_url: 'ftp://pay/healthz'}", "pay.health_url", "no web address"),
        ("services", "pay: {health_url: 'http://a:b@pay'}", "pay.health_url", "leave the password out"),
        ("services", "pay: {runbooks: [see wiki]}", "pay.runbooks.0", "no web address"),
        ("services", "pay: {log_paths: ['/var/log/../../etc/shadow']}", "pay.log_paths.0", "no absolute path"),
        ("services", "pay: {hosts: ['-oProxyCommand=x']}", "pay.hosts.0", "no name of a host"),
        ("services", "pay: {units: ['a b']}", "pay.units.0", "no unit of systemd"),
        ("services", "pay: {repository: pay}", "pay.repository", "owner/name"),
        ("services", "pay: {repository: shop/../..}", "pay.repository", "owner/name"),
        ("services", "pay: {repo_path: ../x}", "pay.repo_path", "no path of a clone"),
        ("services", 'pay: {repo_path: "a\\nb"}', "pay.repo_path", "no path of a clone"),
        ("services", "pay: {namespace: Shop}", "pay.namespace", "Kubernetes"),
        ("services", "pay: {workload: pods/pay}", "pay.workload", "deployment/payment"),
        ("services", "pay: {objective: {availability: 99.9}}", "pay.objective.availability", "less than or equal to 1"),
        ("services", "pay: {rollback: {safe_revision: 1.4}}", "pay.rollback.safe_revision", "quotation marks"),
        ("services", "pay: {signals: [{name: Queue, expression: x}]}", "pay.signals.0.name", "queue_depth"),
        (
            "services",
            "pay: {signals: [{name: a, expression: x, worse: up}]}",
            "pay.signals.0.worse",
            "'rises' or 'falls'",
        ),
        ("services", 'pay: {owner: "a\\nb"}', "pay.owner", "one line"),
        ("policy", "break_glass: maybe", "break_glass", "true nor false"),
        ("policy", "tiers: {x: harmless}", "tiers.x", "'observe'"),
        ("policy", "approval_minutes: 0", "approval_minutes", "greater than 0"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_error_names_file_key_what_is_wrong_and_what_would_be_right(
    tmp_path: Path, file: str, text: str, key: str, says: str, language: str
) -> None:
    folder = write(tmp_path, "pay", **({"team": "name: T"} | {file: text})) / "pay"
    with pytest.raises(SettingsError) as error:
        read_team(folder)
    sentence = Words(language).say(error.value.phrase)
    assert f"pay/{file}.yaml" in sentence
    assert key in sentence
    assert "\n" not in sentence
    assert "my secret" not in sentence
    if language == "en":
        assert says in sentence, sentence


@pytest.mark.parametrize("text", ["a: [1", "a: b: c", "\x00", "a: !!python/object:os.system {}", "&a [*a]"])
def test_what_is_no_yaml_is_one_sentence_without_a_machine_path(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path, "pay", team=text) / "pay"
    with pytest.raises(SettingsError) as error:
        read_team(folder)
    sentence = Words("en").say(error.value.phrase)
    assert "pay/team.yaml" in sentence
    assert str(tmp_path) not in sentence
    assert "\n" not in sentence


def test_a_folder_without_team_yaml_and_one_with_a_wrong_name_are_named(tmp_path: Path) -> None:
    write(tmp_path, "Pay Team", team="name: T")
    teams = TeamFiles(write(tmp_path, "empty", policy=POLICY))
    said = [Words("en").say(problem.error.phrase) for problem in teams.reload()]
    assert any("Pay Team" in sentence for sentence in said)
    assert any("empty/team.yaml is missing" in sentence for sentence in said)
    assert [team.id for team in teams.all()] == ["default"]


def test_one_account_is_one_person(tmp_path: Path) -> None:
    text = "name: T\npeople: {a: {accounts: {slack: U1}}, b: {accounts: {slack: U1}}}"
    with pytest.raises(SettingsError) as error:
        read_team(write(tmp_path, "pay", team=text) / "pay")
    assert "slack:U1" in Words("en").say(error.value.phrase)


def test_an_error_keeps_the_old_version_and_a_correction_takes(tmp_path: Path) -> None:
    teams = TeamFiles(write(tmp_path, "trade", team=TEAM, policy=POLICY))
    teams.reload()
    write(tmp_path, "trade", team=TEAM.replace("Trade", "Renamed"), policy="approval_minutes: never")
    (problem,) = teams.reload()
    assert (problem.team, problem.known) == ("trade", False)
    assert [each.known for each in teams.reload()] == [True], "what is known need not be logged every two seconds"
    assert (teams.team("trade").name, teams.team("trade").policy.approval_minutes) == ("Trade", 10.0)
    write(tmp_path, "trade", policy="approval_minutes: 5")
    assert teams.reload() == ()
    assert (teams.team("trade").name, teams.team("trade").policy.approval_minutes) == ("Renamed", 5.0)
    (tmp_path / "teams" / "trade" / "team.yaml").unlink()
    assert len(teams.reload()) == 1
    assert teams.team("trade").name == "Renamed"


def test_a_team_whose_folder_is_gone_is_gone(tmp_path: Path) -> None:
    directory = write(tmp_path, "trade", team=TEAM)
    teams = TeamFiles(directory)
    teams.reload()
    (directory / "trade" / "team.yaml").unlink()
    (directory / "trade").rmdir()
    assert teams.reload() == ()
    assert [team.id for team in teams.all()] == ["default"]


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=400), max_size=4))
def test_hostile_labels_route_somewhere_at_once(labels: dict[str, str]) -> None:
    assert fits({"a": "~(x|y)[a-z]*"}, labels) in (True, False)
    assert not fits({}, labels)


@pytest.mark.parametrize("pattern", ["(a*)*", "(a|a){5,}", r"(a)\1", "a" * 201, "["])
def test_dangerous_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        check_pattern(pattern)


def test_who_is_called_and_when(tmp_path: Path) -> None:
    more = """
on_call: [bob, alice]
escalation: {after_minutes: 5, room: slack:C9, pager: TRADE_PAGER_URL, pager_key: TRADE_PAGER_KEY}
"""
    team = read_team(write(tmp_path, "trade", team=TEAM + more) / "trade").team
    assert [person.id for person in team.on_duty] == ["bob", "alice"]
    assert (team.escalation.after_minutes, team.escalation.pager) == (5, "TRADE_PAGER_URL")
    assert team.places == ("console:trade", "slack:C9")
    plain = read_team(write(tmp_path, "plain", team=TEAM) / "plain").team
    assert [person.id for person in plain.on_duty] == ["alice"]
    assert (plain.escalation.after_minutes, plain.places) == (None, plain.rooms)


@pytest.mark.parametrize(
    "more, names",
    [
        ("on_call: [alice, zed]", "zed"),
        ("escalation: {room: C9}", "C9"),
        ("escalation: {after_minutes: -1}", "after_minutes"),
        ("escalation: {pager: 'https://events.example/v2'}", "pager"),
        ("escalation: {after: 5}", "after"),
    ],
)
def test_what_is_wrong_about_calling_is_named(tmp_path: Path, more: str, names: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_team(write(tmp_path, "trade", team=f"{TEAM}{more}\n") / "trade")
    assert names in Words("en").say(caught.value.phrase)


def test_a_team_names_its_own_sources(tmp_path: Path) -> None:
    logs = "{url: 'https://logs.trade', token: TRADE_LOGS, tenant: t, timeout: 5}"
    more = f"sources: {{loki: {logs}, github: {{token: TRADE_CODE}}}}"
    team = read_team(write(tmp_path, "trade", team=f"{TEAM}{more}\n") / "trade").team
    assert team.sources == {
        "loki": Connection(url="https://logs.trade", token="TRADE_LOGS", tenant="t", timeout=5),
        "github": Connection(token="TRADE_CODE"),
    }


@pytest.mark.parametrize(
    "own, names",
    [
        ("{grafana: {url: 'https://x'}}", "sources.grafana"),
        ("{loki: {url: 'loki:3100'}}", "sources.loki.url"),
        ("{loki: {url: 'https://me:hunter2@logs'}}", "sources.loki.url"),
        ("{loki: {}}", "sources.loki"),
        ("{github: {token: ghp_hunter2AbCdEf}}", "sources.github.token"),
        ("{loki: {password: hunter2}}", "sources.loki.password"),
        ("{loki: {timeout: -1}}", "sources.loki.timeout"),
        ("{argocd: {url: 'https://x', tenant: t}}", "sources"),
        ("{github: {timeout: 5}}", "sources"),
    ],
)
def test_what_is_wrong_about_a_source_is_named_without_its_secret(tmp_path: Path, own: str, names: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_team(write(tmp_path, "trade", team=f"{TEAM}sources: {own}\n") / "trade")
    said = Words("en").say(caught.value.phrase)
    assert names in said
    assert "hunter2" not in said


ROOMS = """
name: Trade
language: zh
rooms: [console:trade, {room: "slack:C1", language: en}, {room: "wecom:w1"}]
escalation: {room: {room: "slack:C9", language: en}}
digest: {every: daily, rooms: [{room: "slack:C8", language: en}, "slack:C7"]}
"""


def test_a_room_may_have_a_language_of_its_own(tmp_path: Path) -> None:
    teams = TeamFiles(write(tmp_path, "trade", team=ROOMS))
    assert teams.reload() == ()
    team = teams.team("trade")
    assert team.rooms == ("console:trade", "slack:C1", "wecom:w1")
    assert team.places[-1] == "slack:C9"
    assert team.by_language([*team.places, "slack:C8", "slack:C7"]) == {
        "zh": ("console:trade", "wecom:w1", "slack:C7"),
        "en": ("slack:C1", "slack:C9", "slack:C8"),
    }


@pytest.mark.parametrize(
    "entry, key",
    [("{room: C1}", "rooms.0.room"), ("{room: 'slack:C1', language: fr}", "rooms.0.language"), ("7", "rooms.0")],
)
def test_a_room_written_wrongly_is_named(tmp_path: Path, entry: str, key: str) -> None:
    teams = TeamFiles(write(tmp_path, "trade", team=f"name: T\nrooms: [{entry}]"))
    (problem,) = teams.reload()
    assert key in Words("en").say(problem.error.phrase)
