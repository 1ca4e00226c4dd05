"""Reads what a change really alters (behaviour, not comments, tests, documents and log lines), and what it is about."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from engine.model import Change

LONGEST_DIFF = 8000
MOST_WORDS = 400
FREQUENT = 3
"""Changes that have a word in common."""

IDLE_PATH = re.compile(
    r"(^|/)(docs?|documentation|testdata|tests?|__tests__|spec|examples?|\.github|\.circleci|\.gitlab|\.vscode)/"
    r"|(_test|\.test|\.spec|_spec|test_[\w]*)\.\w+$|(^|/)test_[^/]+$|\.(md|rst|txt|adoc|css|scss|less|svg|png|jpe?g|gif|ico)$"
    r"|(^|/)(CODEOWNERS|LICENSE|CHANGELOG|README|AUTHORS|\.gitignore|\.editorconfig|\.golangci\.ya?ml|\.pre-commit-config\.ya?ml)$",
    re.IGNORECASE,
)
IDLE_LINE = re.compile(
    r"^\s*$|^\s*(//|#(?!include)|/\*|\*|--\s|<!--|'''|\"\"\")|^\s*[{}()\[\];,]*\s*$"
    r"|^\s*(self\.|this\.|\w+\.)?(_?log(ger)?|LOG|console|slog|zap|klog)(_?(trace|debug|info|warn|warning|error))?\s*[.(]"
    r"|^\s*LOG_(TRACE|DEBUG|INFO|WARNING|ERROR)\b|^\s*(print|println|fmt\.Print\w*|System\.out\.print\w*)\s*\("
    r"|^\s*(import\s+\S|from\s+\S+\s+import|using\s+[\w.]+;|package\s+\w|#include\b)",
    re.IGNORECASE,
)
TELLS = re.compile(
    r"\bprometheus\b|\bmetrics?\.(new|counter|gauge|histogram|timer)|\.(inc|observe|set_?attributes?|add_?event)\("
    r"|\b(opentelemetry|otel|tracer|meter|statsd|micrometer)\b|\b(counter|histogram|gauge)opts\b",
    re.IGNORECASE,
)
"""A line that only measures or traces what the code does."""
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*\*?\s*([A-Za-z]+(?:\.[A-Za-z]+)?)?")
TIMES: Mapping[str, float] = {
    "ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "seconds": 1.0,
    "m": 60.0, "min": 60.0, "minute": 60.0, "minutes": 60.0, "h": 3600.0, "hour": 3600.0, "hours": 3600.0,
    "d": 86400.0, "days": 86400.0, "k": 1e3, "ki": 1024.0, "kb": 1e3, "mi": 2.0**20, "mb": 1e6,
    "gi": 2.0**30, "gb": 1e9,
}  # fmt: skip
A_LEAP = 2.0
"""How many times more or less a setting must become to stand out."""
PIECES = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]{2,}")

COMMON = frozenset(
    re.findall(
        r"\w+",
        "func return error errors nil null none string bool true false int float long double char byte bytes void var "
        "let const val def class struct type interface enum public private protected static final self this new set "
        "get put add make len size range for while if else elif switch case default break continue try catch except "
        "finally raise throw throws with async await yield import from package module include using namespace require "
        "export context ctx req res resp request response handler handle service server client config conf settings "
        "options option option param params args kwargs data item items list map dict key keys value values name "
        "names test tests mock log logger logging debug info warn warning main init start stop run call calls http "
        "https json xml yaml api app src lib pkg internal cmd common util utils time second seconds minute "
        "millisecond duration date now count total index object model file files path line lines user id ids org com "
        "net www version the and not was were has have had are with that this failed failure fail exceeded ready "
        "already get post delete update create read write open close begin end first last next prev ",
    )
)

SUBJECTS: dict[str, re.Pattern[str]] = {
    subject: re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for subject, pattern in {
        "cache": r"cache|\bttl\b|_ttl|ttl_|redis|memcache|evict|\blru\b|expir(e|y|ation)",
        "pool": r"pool|max_?(open|idle|conn)|hikari|connection.?(limit|max)|idle_?time",
        "query": r"(?-i:\b(SELECT|JOIN|WHERE|GROUP BY|ORDER BY|LIMIT)\b)|quer(y|ies)|find_?all|fetch_?(type|all|one)"
        r"|preload|eager|lazy|\.(limit|offset)\(|pagina|prefetch_related|create (unique )?index|drop index",
        "timeout": r"time_?out|deadline",
        "retry": r"retr(y|ies)|back_?off|attempts?\b",
        "limited": r"rate_?limit|throttl|quota|burst|max_?(rps|qps)",
        "auth": r"token|\bjwt|oauth|audience|issuer|\bscopes?\b|permission|secret|credential|password|api_?key"
        r"|\brole|xsapp",
        "certificate": r"\bcert|certificate|\btls\b|\bssl\b|x509|ca_?bundle|issuer",
        "schema": r"(alter|create|drop|rename) +(table|column|view|type)|migrat|add_?column|drop_?column|@column"
        r"|db\.column",
        "memory": r"memory|heap|xm[xs]|gogc|gc_|maxram|\bbuffer_?size|unbounded",
        "cpu": r"\bcpu|busy_?loop|sleep\(0",
        "lock": r"\block|mutex|isolation|for update|synchronized|semaphore",
        "threads": r"thread|worker|executor|concurren|goroutine|parallel",
        "backlog": r"queue|consumer|kafka|partition|prefetch|batch_?size|rabbit|sqs",
        "network": r"egress|ingress|\bdns|resolver|network_?polic|firewall|proxy|endpoint|base_?url|_host\b|hostname",
        "code": r"\bnil\b|\bnull\b|\bnone\b|undefined|optional|unwrap|!= ?nil|== ?nil|assert|\bindex\b|parse"
        r"|decode|cast",
        "linkage": r"(^|/)(go\.(mod|sum)|package(-lock)?\.json|requirements[\w.-]*\.txt|poetry\.lock"
        r"|pom\.xml|build\.gradle(\.kts)?"
        r"|cargo\.(toml|lock)|gemfile(\.lock)?|composer\.(json|lock)|pyproject\.toml|dockerfile)(\s|$)",
    }.items()
}
"""What altered lines (and paths) are about, in the words that symptoms are sorted into as well."""


class Content(NamedTuple):
    """What a change alters. `known`: something was told of it at all; `idle`: and none of it is behaviour. `leaps` are
    the subjects of settings that became a multiple of what they were, or a fraction."""

    known: bool
    idle: bool
    files: tuple[str, ...]
    words: frozenset[str]
    subjects: frozenset[str]
    leaps: frozenset[str]


@lru_cache(maxsize=512)
def content(change: Change) -> Content:
    """What a change alters. Its title is not read where its lines are: people call anything a small clean-up."""
    files = tuple(each for each in change.files if not IDLE_PATH.search(each))
    altered = _altered(change.diff[:LONGEST_DIFF])
    known = bool(change.files or change.diff)
    told = "\n".join((*altered, *files)) if known else f"{change.version} {change.note}"
    idle = known and ((bool(change.files) and not files) or (bool(change.diff) and not altered))
    named = frozenset[str]() if idle else words(told)
    about = frozenset[str]() if idle else _about(told)
    return Content(known, idle, files, named, about, frozenset(_leaps(altered)))


def _about(text: str) -> frozenset[str]:
    return frozenset(subject for subject, wording in SUBJECTS.items() if wording.search(text))


def _leaps(altered: Sequence[str]) -> Iterator[str]:
    """Subjects of lines that are the same but for numbers, of which one is at least twice what it was."""
    known: dict[str, list[float]] = {}
    for line in altered:
        numbers = [
            float(found[1]) * TIMES.get((found[2] or "").rpartition(".")[2].lower(), 1.0)
            for found in NUMBER.finditer(line)
        ]
        form = NUMBER.sub("#", line)
        for one, other in zip(known.setdefault(form, numbers), numbers, strict=False):
            if max(one, other) >= A_LEAP * min(one, other) and one != other:
                yield from _about(line)


def _altered(diff: str) -> tuple[str, ...]:
    """The lines a diff adds or takes away, but for those that do nothing and those that only moved."""
    added: list[str] = []
    removed: list[str] = []
    idle = False
    for line in diff.split("\n"):
        if line.startswith(("+++ ", "--- ", "@@")):
            path = line[4:].removeprefix("a/").removeprefix("b/") if not line.startswith("@@") else line.strip("@ ")
            if "/" in path or "." in path:
                idle = bool(IDLE_PATH.search(path.split(" ")[0].rstrip(":")))
        elif line[:1] in "+-" and line and not idle and not IDLE_LINE.match(line[1:]) and not TELLS.search(line):
            (added if line[0] == "+" else removed).append(" ".join(line[1:].split()))
    return tuple(line for line in (*added, *removed) if not (line in added and line in removed))


def words(text: str) -> frozenset[str]:
    """The words of a text as code and people write them, short and common ones left out."""
    found: set[str] = set()
    for piece in PIECES.finditer(text):
        word = piece.group().lower()
        if len(word) >= 3 and word not in COMMON:
            found.add(word)
            if len(found) >= MOST_WORDS:
                break
    return frozenset(found)


def same_file(one: str, other: str) -> bool:
    """Whether two paths, each from a root of its own, may be one file."""
    left, right = _parts(one), _parts(other)
    shared = min(len(left), len(right))
    return bool(shared) and left[-shared:] == right[-shared:]


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"[/\\]", path.strip().lower()) if part not in ("", ".")]


def frequent(changes: Iterable[Change]) -> frozenset[str]:
    """Words that several of these changes have in common: they tell none of them from the others."""
    counted: dict[str, int] = {}
    for each in {change.id: change for change in changes}.values():
        for word in content(each).words:
            counted[word] = counted.get(word, 0) + 1
    return frozenset(word for word, times in counted.items() if times >= FREQUENT)
