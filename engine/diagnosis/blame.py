"""Holds what a change alters against what is seen: more than its moment may point to it, or nothing at all."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.diagnosis.diffs import SUBJECTS, content, same_file, words
from engine.model import Change, Evidence

IMPLICATED = 1.5
"""From here more than its moment points to a change."""
OF_A_FILE, OF_A_SUBJECT, OF_A_VAGUE_SUBJECT, OF_A_LEAP = 3.0, 1.0, 0.5, 0.5
OF_WORDS = (0.5, 0.25, 0.25)
"""The first word in common counts most."""
MOST_SUBJECTS = 2
"""A large change is about everything."""
ELSEWHERE = 0.5
"""What is seen at another service counts for half: code is shared, and effects travel."""
VAGUE = frozenset({"timeout", "code"})
"""Much is about these, and much that fails says so."""
MOST_TOUCHED = 4

BY_TOPIC: Mapping[str, str] = {
    "pool": "pool", "slow_query": "query", "many_queries": "query", "lock": "lock", "schema": "schema",
    "cache_full": "cache", "hot_key": "cache", "cache_miss": "cache", "backlog": "backlog", "memory": "memory",
    "oom_kill": "memory", "memory_growth": "memory", "gc": "memory", "cpu": "cpu", "threads": "threads",
    "descriptors": "threads", "timeout": "timeout", "unreachable": "network", "dns": "network", "denied": "network",
    "network": "network", "limited": "limited", "retry": "retry", "circuit": "retry", "auth": "auth",
    "certificate": "certificate", "config": "config", "code": "code", "linkage": "linkage",
}  # fmt: skip
BY_ROLE: Mapping[str, str] = {
    "pool_use": "pool", "pool_wait": "pool", "query_time": "query", "slow_queries": "query", "queries": "query",
    "queries_per_request": "query", "deadlocks": "lock", "lock_waits": "lock", "cache_hit_ratio": "cache",
    "evictions": "cache", "memory_use": "memory", "heap_use": "memory", "gc_time": "memory", "oom_kills": "memory",
    "cpu_use": "cpu", "thread_use": "threads", "backlog": "backlog", "timeout_ratio": "timeout",
    "limited_ratio": "limited", "retries": "retry", "auth_failed_ratio": "auth", "cert_expiry": "certificate",
    "tls_errors": "certificate", "dns_error_ratio": "network", "network_denials": "network",
}  # fmt: skip


@dataclass
class Seen:
    """What unusual evidence of one service speaks of."""

    subjects: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Blame:
    """How far a change fits what is seen; `touched` says by what, in words of the code; `idle`: it alters nothing that
    could matter."""

    score: float = 0.0
    touched: tuple[str, ...] = ()
    idle: bool = False
    known: bool = False

    @property
    def implicated(self) -> bool:
        """Whether more than its moment points to it."""
        return self.score >= IMPLICATED


def symptoms(evidence: Iterable[Evidence], names: Collection[str]) -> dict[str, Seen]:
    """What unusual evidence speaks of, by service; the names of services and versions are nothing it could speak of."""
    hidden = frozenset(word for name in names for word in words(name))
    found: dict[str, Seen] = {}
    for each in evidence:
        if each.kind == "change" or not (each.abnormal or each.signal == "log_mention"):
            continue
        seen = found.setdefault(each.service, Seen())
        seen.subjects |= {BY_TOPIC[topic] for topic in each.details.get("topics", ()) if topic in BY_TOPIC}
        seen.subjects |= {BY_ROLE[each.signal]} if each.signal in BY_ROLE else set()
        told = (*each.excerpt, str(each.details.get("operation", "")), str(each.details.get("metric", "")))
        seen.words |= words(" ".join(told)) - hidden
        origin = each.details.get("origin")
        seen.files |= {str(origin["file"])} if origin else set()
    return found


def blame(change: Change, seen: Mapping[str, Seen], frequent: Collection[str]) -> Blame:
    """How far a change fits what is seen at its service, and by half what is seen elsewhere. `frequent` words, which
    many changes have, tell nothing."""
    about = content(change)
    if about.idle:
        return Blame(idle=True, known=True)
    score, touched = 0.0, dict[str, None]()
    for service, there in seen.items():
        weight = 1.0 if service == change.service else ELSEWHERE
        fits = _fits(change, there, frequent)
        score = max(score, weight * fits[0])
        touched |= dict.fromkeys(fits[1])
    return Blame(round(score, 2), tuple(touched)[:MOST_TOUCHED], False, about.known)


def _fits(change: Change, seen: Seen, frequent: Collection[str]) -> tuple[float, Sequence[str]]:
    about = content(change)
    files = [path for path in about.files if any(same_file(path, each) for each in seen.files)]
    subjects = sorted(about.subjects & seen.subjects)
    common = (about.words & seen.words) - frozenset(frequent)
    shared = sorted((word for word in common if not _is_of(word, subjects)), key=lambda word: (-len(word), word))
    score = OF_A_FILE * bool(files) + sum(OF_WORDS[: len(shared)])
    weights = sorted((OF_A_VAGUE_SUBJECT if each in VAGUE else OF_A_SUBJECT for each in subjects), reverse=True)
    score += sum(weights[:MOST_SUBJECTS]) + OF_A_LEAP * bool(about.leaps & seen.subjects)
    return score, (*(path.rpartition("/")[2] for path in files), *subjects, *shared[: len(OF_WORDS)])


def _is_of(word: str, subjects: Sequence[str]) -> bool:
    """Whether a word only says again what a subject says already."""
    return any(SUBJECTS[each].search(word) for each in subjects)
