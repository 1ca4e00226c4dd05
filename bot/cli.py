"""Understands the command line: `tocsin run`, `demo`, `check`, `chat`, `incidents`, `timeline`, and the rest."""

import argparse
import asyncio
import json
import logging
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from bot import inspection, showcase
from bot.platforms.terminal import TerminalPlatform, chat
from bot.run import run
from bot.settings import Settings, load, preferred_language
from bot.wiring import real_parts
from cards.words import Words
from engine.errors import TocsinError
from engine.model import Phrase

Command = Callable[[argparse.Namespace], int]

OK, FAILED, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 for success, 1 when it failed (with one clear sentence on stderr), 2 for wrong usage."""
    options = make_parser().parse_args(arguments)
    log_to_stderr(options.verbose)
    try:
        status: int = options.command(options)
    except TocsinError as error:
        say_to_stderr(Words(options.lang).say(error.phrase))
        return FAILED
    except KeyboardInterrupt:
        return FAILED
    return status


def make_parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    parser = argparse.ArgumentParser(prog="tocsin", description="An on-call teammate that lives in chat.")
    parser.add_argument("--verbose", action="store_true", help="log more")
    commands = parser.add_subparsers(required=True)
    _add(commands, "run", serve, "run the bot until it is told to stop")
    demo = _add(commands, "demo", play_demo, "break a small payment system and watch the incident")
    demo.add_argument("--headless", action="store_true", help="play it in this terminal with a scripted operator")
    demo.add_argument("--scenario", default=showcase.SCENARIOS[0], choices=showcase.SCENARIOS)
    demo.add_argument("--prometheus", action="store_true", help="use the real servers")
    demo.add_argument("--json", action="store_true", help="with --headless: one JSON object on stdout")
    demo.add_argument(
        "--room", action="append", default=[], metavar="PLATFORM:ROOM", help="play it in a chat room of yours as well"
    )
    demo.add_argument("--host", default="127.0.0.1")
    demo.add_argument("--port", type=int, default=8321)
    demo.add_argument("--team-files", type=Path, default=showcase.TEAM_FILES, help=argparse.SUPPRESS)
    _add(commands, "check", check, "check settings, team files, store and backends, and say what is wrong")
    talk = _add(commands, "chat", talk_to_bot, "a terminal room on a running bot")
    talk.add_argument("--url", default="", help="address of the bot (default: from the settings)")
    talk.add_argument("--sign-in", default="", metavar="LINK", help="the link that `tocsin sign-in PERSON` printed")
    _json(_add(commands, "incidents", list_incidents, "list incidents, newest first"))
    _json(_incident(_add(commands, "timeline", show_timeline, "print the timeline of an incident")))
    _incident(_add(commands, "replay", replay, "tell an incident again, card by card"))
    policy = _add(commands, "policy", explain_policy, "explain what policy says of an operation")
    policy.add_argument("what", choices=("explain",))
    policy.add_argument("operation")
    policy.add_argument("target")
    audit = _add(commands, "audit", verify_audit, "verify the chain of every timeline")
    audit.add_argument("what", choices=("verify",))
    audit.add_argument("incident", nargs="?", default="")
    _add(commands, "migrate", migrate, "bring the store to this version's schema")
    backup = _add(commands, "backup", back_up, "copy the store while the bot runs")
    backup.add_argument("file", type=Path)
    sign_in = _add(commands, "sign-in", sign_in_person, "print a one-time link that signs a person in")
    sign_in.add_argument("person")
    _evaluating(commands)
    return parser


def _evaluating(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    evaluate = _json(_add(commands, "evaluate", evaluate_diagnosis, "measure the diagnosis on recorded incidents"))
    evaluate.add_argument("what", choices=("rca", "situations", "drills"))
    evaluate.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=Path(),
        metavar="DIR",
        help="searched at any depth for case.json, or alert.json (default: here)",
    )
    evaluate.add_argument(
        "--cross-validate", action="store_true", help="judge each application with weights fitted on the others as well"
    )
    evaluate.add_argument(
        "--fit", type=Path, metavar="FILE", help="write the weights fitted to all cases that are not set aside"
    )
    evaluate.add_argument("--quiet", type=int, default=52, metavar="N", help="drills: so many without a fault")
    evaluate.add_argument("--faults", type=int, default=12, metavar="N", help="drills: so many with a real fault")
    evaluate.add_argument("--seed", default="", help="drills: draw the same again (default: new ones)")


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--config", type=Path, default=None, help="settings file (TOML)")
    parser.add_argument("--lang", choices=("zh", "en"), default=preferred_language(), help="language (default: yours)")
    parser.set_defaults(command=command)
    return parser


def _json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _incident(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("incident", help="incident id, like inc_1a2b3c4d")
    return parser


def say(text: str) -> None:
    """Print to stdout."""
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def say_to_stderr(text: str) -> None:
    """Print to stderr."""
    sys.stderr.write(text.rstrip("\n") + "\n")


def log_to_stderr(verbose: bool) -> None:
    """Structured enough for a person and a collector: time, level, logger, message."""
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def serve(options: argparse.Namespace) -> int:
    """`tocsin run`."""
    logging.getLogger("tocsin").setLevel(logging.INFO)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(load(options.config), real_parts()))
    return OK


def play_demo(options: argparse.Namespace) -> int:
    """`tocsin demo`, in the browser or headless."""
    if options.headless:
        return _play_headless(options)
    words = Words(options.lang)

    def told(word: str, address: str) -> None:
        say(words.text(word, address=address, scenario=options.scenario))

    where = (options.host, options.port)
    rooms = tuple(options.room)
    stage = showcase.Stage(options.team_files, options.lang, options.prometheus, rooms, options.config)
    asyncio.run(showcase.play_in_browser(options.scenario, where, stage, told))
    return OK


def _play_headless(options: argparse.Namespace) -> int:
    out = sys.stderr if options.json else sys.stdout
    platform = TerminalPlatform(out)
    stage = showcase.Stage(options.team_files, options.lang, options.prometheus)
    state, timeline = asyncio.run(showcase.play_headless(options.scenario, stage, platform))
    if options.json:
        say(json.dumps({"incident": state.id, "outcome": state.outcome, "timeline": timeline}, ensure_ascii=False))
    expected = showcase.EXPECTED[options.scenario]
    word = "cli.demo_ended" if state.outcome == expected else "cli.demo_ended_wrong"
    values = {"incident": state.id, "outcome": str(state.outcome), "expected": expected}
    out.write(Words(options.lang).text(word, **values) + "\n")
    return OK if state.outcome == expected else FAILED


def check(options: argparse.Namespace) -> int:
    """`tocsin check`: every finding on a line; fails when one is wrong."""
    from bot import checkup

    findings = asyncio.run(checkup.check(options.config))
    words = Words(options.lang)
    for finding in findings:
        say(("ok    " if finding.ok else "wrong ") + words.say(finding.phrase))
    return OK if all(finding.ok for finding in findings) else FAILED


def talk_to_bot(options: argparse.Namespace) -> int:
    """`tocsin chat`."""
    settings = load(options.config)
    return asyncio.run(chat(options.url or settings.public_url, options.sign_in, options.lang))


def list_incidents(options: argparse.Namespace) -> int:
    """`tocsin incidents`."""
    states = asyncio.run(inspection.incidents(_settings(options)))
    if options.json:
        return _print_json({"incidents": states})
    for state in states:
        say(f"{state['id']}  {state['severity']}  {state['status']:<18} {state['service']:<24} {state['title']}")
    return OK


def show_timeline(options: argparse.Namespace) -> int:
    """`tocsin timeline INCIDENT`."""
    timeline = asyncio.run(inspection.timeline(_settings(options), options.incident))
    if options.json:
        return _print_json({"incident": options.incident, "timeline": timeline})
    for entry in timeline:
        say(f"{entry['seq']:>4}  {entry['at']}  {entry['kind']:<22} {entry['actor']:<14} {entry['key']}")
    return OK


def replay(options: argparse.Namespace) -> int:
    """`tocsin replay INCIDENT`."""
    for text in asyncio.run(inspection.replay(_settings(options), options.incident, options.lang)):
        say(text)
    return OK


def explain_policy(options: argparse.Namespace) -> int:
    """`tocsin policy explain OPERATION TARGET`."""
    words = Words(options.lang)
    for phrase in inspection.explain(_settings(options), options.operation, options.target):
        say(words.say(phrase))
    return OK


def verify_audit(options: argparse.Namespace) -> int:
    """`tocsin audit verify [INCIDENT]`; fails when a chain is broken."""
    broken, count = asyncio.run(inspection.verify(_settings(options), options.incident))
    words = Words(options.lang)
    for phrase in broken:
        say_to_stderr(words.say(phrase))
    say(words.text("cli.audit_verified", count=count, broken=len(broken)))
    return FAILED if broken else OK


def evaluate_diagnosis(options: argparse.Namespace) -> int:
    """`tocsin evaluate rca DIR`, `tocsin evaluate situations DIR`, `tocsin evaluate drills`."""
    from bot.evaluation import rca, situations, table

    if options.what == "drills":
        return _drill(options)
    words = Words(options.lang)
    if options.what == "situations":
        looked = situations.evaluate(options.folder)
        if options.json:
            return _print_json({"situations": situations.tree(looked)})
        for line in situations.lines(looked, words):
            say(line)
        return OK
    told = logging.getLogger("tocsin").info
    report = rca.evaluate(options.folder, cross_validate=options.cross_validate, told=told)
    if options.fit is not None:
        options.fit.write_text(json.dumps(rca.fitted(report.groups)._asdict(), indent=1) + "\n", encoding="utf-8")
    if options.json:
        return _print_json(table.tree(report, words))
    for line in table.lines(report, words):
        say(line)
    return OK


def _drill(options: argparse.Namespace) -> int:
    from bot.evaluation import drilling, verdicts

    seed = options.seed or secrets.token_hex(4)
    say_to_stderr(f"--seed {seed}")
    played = asyncio.run(
        drilling.play_all(seed, options.quiet, options.faults, lambda one: say_to_stderr(verdicts.line(one)))
    )
    found = verdicts.sort(played)
    if options.json:
        return _print_json(verdicts.tree(seed, found))
    for line in verdicts.lines(found, Words(options.lang)):
        say(line)
    return OK


def migrate(options: argparse.Namespace) -> int:
    """`tocsin migrate`."""
    return _say_result(options, asyncio.run(inspection.migrate_store(_settings(options))))


def back_up(options: argparse.Namespace) -> int:
    """`tocsin backup FILE`."""
    return _say_result(options, asyncio.run(inspection.back_up(_settings(options), options.file)))


def sign_in_person(options: argparse.Namespace) -> int:
    """`tocsin sign-in PERSON`."""
    return _say_result(options, asyncio.run(inspection.sign_in(_settings(options), options.person)))


def _settings(options: argparse.Namespace) -> Settings:
    return load(options.config)


def _say_result(options: argparse.Namespace, phrase: Phrase) -> int:
    say(Words(options.lang).say(phrase))
    return OK


def _print_json(value: Any) -> int:
    say(json.dumps(value, ensure_ascii=False))
    return OK
