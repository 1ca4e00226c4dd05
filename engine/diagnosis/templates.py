"""Groups log lines by what they say, and names the subjects a text is about."""

import json
import re
from collections.abc import Collection

LONGEST = 400

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r'"[^"]*"|(?<!\w)\'[^\']*\'(?!\w)|“[^”]*”|「[^」]*」|《[^》]*》'), "<…>"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b"), "<id>"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "<#>"),
    (re.compile(r"\s+"), " "),
)

TOPICS: dict[str, re.Pattern[str]] = {
    topic: re.compile(pattern, re.IGNORECASE)
    for topic, pattern in {
        "pool": r"pool\b.{0,60}(exhaust|timed? ?out|full|no (free|idle|available)|drained|empty|limit)"
        r"|(exhaust|timed? ?out|no (free|idle|available)).{0,60}\bpool|too many (open )?connections"
        r"|remaining connection slots|connection is not available|(unable|failed) to acquire.{0,30}connection"
        r"|连接池.{0,30}(耗尽|已满|超时|不足|无可用)|(获取|等待).{0,10}(数据库)?连接.{0,10}超时",
        "timeout": r"timed? ?out|deadline exceeded|did not (answer|respond)|no response within"
        r"|超时|未在.{0,20}(响应|应答)",
        "unreachable": r"connection refused|unreachable|no route to host|no such host|cannot be reached|host not found"
        r"|name or service not known|no (healthy|live|ready|available) (upstream|replica|endpoint|instance)s?"
        r"|no replica|连接被拒绝|无法连接|不可达",
        "limited": r"rate.?limit|too many requests|throttl|quota exceeded|over (the )?limit|限流|请求过多",
        "memory": r"out of memory|oom.?kill|cannot allocate memory|内存不足|内存溢出",
    }.items()
}


def plain(message: str) -> str:
    """The sentence of a line: of JSON its message field, of a stack trace its first line; at most 400 characters."""
    text = message.strip()
    if text.startswith("{"):
        try:
            fields = json.loads(text)
        except ValueError:
            fields = {}
        for name in ("message", "msg", "error", "log"):
            said = fields.get(name) if isinstance(fields, dict) else None
            if isinstance(said, str) and said.strip():
                text = said.strip()
                break
    return text.partition("\n")[0][:LONGEST]


def template(message: str) -> str:
    """A line with everything masked that differs from case to case: numbers, ids, quoted text."""
    text = plain(message)
    for pattern, mask in _MASKS:
        text = pattern.sub(mask, text)
    return text.strip()


def mentions(text: str, names: Collection[str]) -> tuple[str, ...]:
    """Which of the names stand in the text as whole words, sorted."""
    lowered = text.lower()
    return tuple(sorted(name for name in names if name and name.lower() in lowered and _word(name).search(text)))


def topics(text: str, names: Collection[str] = ()) -> tuple[str, ...]:
    """What a text is about. Names are taken out first: what something is called proves nothing."""
    for name in sorted(mentions(text, names), key=len, reverse=True):
        text = _word(name).sub(" ", text)
    return tuple(topic for topic, pattern in TOPICS.items() if pattern.search(text))


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])", re.IGNORECASE)
