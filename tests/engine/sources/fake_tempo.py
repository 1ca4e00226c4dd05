"""Serves traces as a real Tempo does, held to captures of one: ids in hex here, base64 there, errors in plain text."""

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aiohttp import web

from tests.engine.sources.backends import CAPTURES, replay

_TERM = re.compile(r'([\w.]+) (=~|=|>) ("(?:\\.|[^"\\])*"|\w+)')
_UNITS = {"ms": 1_000_000, "s": 1_000_000_000}
Span = dict[str, Any]
Test = Callable[[str, Span], bool]


def recorded(later: int = 0) -> list[dict[str, Any]]:
    """What the real Tempo of the captures was sent, with every time moved by so many seconds."""
    text = (CAPTURES / "tempo" / "otlp_input.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)["resourceSpans"]
    for _, span in spans(rows):
        for name in ("startTimeUnixNano", "endTimeUnixNano"):
            span[name] = str(int(span[name]) + later * 1_000_000_000)
    return rows


def spans(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, Span]]:
    """Each span with the service it belongs to."""
    for row in rows:
        about = {each["key"]: each["value"] for each in row["resource"]["attributes"]}
        for scope in row["scopeSpans"]:
            for span in scope["spans"]:
                yield about["service.name"]["stringValue"], span


class FakeTempo:
    """A Tempo that holds these spans; `searchable` False has stored them without searching finding them yet, `version`
    1 has no second version of its API. `queries` keeps what was searched for."""

    def __init__(
        self, rows: Sequence[dict[str, Any]] = (), *, searchable: bool = True, version: int = 2, tenant: str = ""
    ) -> None:
        self.rows, self.searchable, self.version, self.tenant = rows, searchable, version, tenant
        self.queries: list[str] = []
        self.fetched: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if self.tenant and request.headers.get("X-Scope-OrgID") != self.tenant:
            return web.Response(status=401, text="no org id\n")
        path = request.path if self.version > 1 else request.path.replace("/api/v2/", "/nowhere/")
        if path == "/api/search":
            return self._search(request)
        if path == "/api/search/tag/service.name/values":
            return web.json_response({"tagValues": sorted({service for service, _ in spans(self.rows)}), "metrics": {}})
        if path == "/api/v2/search/tag/resource.service.name/values":
            names = dict.fromkeys(service for service, _ in spans(self.rows))
            return web.json_response(
                {"tagValues": [{"type": "string", "value": name} for name in names], "metrics": {}}
            )
        if fetched := re.fullmatch(r"/api/(v2/)?traces/(\w+)", path):
            return self._trace(fetched[2], bool(fetched[1]))
        return replay("tempo/err_unknown_path")

    def _trace(self, id: str, second: bool) -> web.StreamResponse:
        if re.search("[^0-9a-fA-F]", id):
            return replay("tempo/err_trace_bad_id")
        self.fetched.append(id)
        rows = [row for row in (_only(each, id.zfill(32)) for each in self.rows) if row]
        if not rows:
            return replay("tempo/trace_v2_unknown" if second else "tempo/err_trace_404")
        return web.json_response({"trace": {"resourceSpans": rows}} if second else {"batches": rows})

    def _search(self, request: web.Request) -> web.StreamResponse:
        given = request.query
        query, start, end = given["q"], int(given["start"]), int(given["end"])
        self.queries.append(query)
        if start >= end:
            return replay("tempo/err_end_before_start")
        tests = _parsed(query)
        if tests is None:
            return replay("tempo/err_bad_traceql")
        found: dict[str, list[Span]] = {}
        for service, span in spans(self.rows if self.searchable else ()):
            inside = start * 10**9 <= int(span["startTimeUnixNano"]) < end * 10**9
            if inside and all(test(service, span) for test in tests):
                found.setdefault(span["traceId"], []).append(span)
        newest = sorted(found, key=self._began, reverse=True)[: int(given["limit"])]
        return web.json_response({"traces": [self._hit(id, found[id]) for id in newest], "metrics": {}})

    def _began(self, id: str) -> int:
        return min(int(span["startTimeUnixNano"]) for _, span in spans(self.rows) if span["traceId"] == id)

    def _hit(self, id: str, matched: Sequence[Span]) -> dict[str, Any]:
        """A trace as a search gives it: its id has lost its leading zeros."""
        service, root = next(
            (service, span)
            for service, span in spans(self.rows)
            if span["traceId"] == id and not span.get("parentSpanId")
        )
        took = int(root["endTimeUnixNano"]) - int(root["startTimeUnixNano"])
        picked = [
            {
                "spanID": span["spanId"],
                "startTimeUnixNano": span["startTimeUnixNano"],
                "durationNanos": str(int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])),
            }
            for span in matched[:3]
        ]
        return {
            "traceID": id.lstrip("0"),
            "rootServiceName": service,
            "rootTraceName": root["name"],
            "startTimeUnixNano": root["startTimeUnixNano"],
            "durationMs": took // 1_000_000,
            "spanSet": {"spans": picked, "matched": len(matched)},
        }


def _parsed(query: str) -> list[Test] | None:
    """The tests a span must pass; None for what this fake cannot read."""
    text = re.sub(r"^\{\s*|\s*\}$", "", query)
    if "||" in text:
        head, _, rest = text.partition(" && (")
        either = [_test(*term) for term in _TERM.findall(rest)]
        first = _parsed(head)
        return None if first is None else [*first, lambda service, span: any(test(service, span) for test in either)]
    terms = [_TERM.fullmatch(part.strip().strip("()")) for part in text.split("&&")] if text else []
    return None if None in terms else [_test(*term.groups()) for term in terms if term]


def _test(name: str, sign: str, value: str) -> Test:
    wanted = re.sub(r"\\(.)", r"\1", value.strip('"'))

    def test(service: str, span: Span) -> bool:
        match name:
            case "resource.service.name":
                found = service
            case "name":
                found = str(span["name"])
            case "statusMessage":
                found = str(span.get("status", {}).get("message", ""))
            case "status":
                return wanted == "error" and span.get("status", {}).get("code") == 2
            case "duration":
                number, unit = re.fullmatch(r"(\d+)(ms|s)", wanted).groups()  # type: ignore[union-attr]
                took = int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])
                return took > int(number) * _UNITS[unit]
            case _:
                return False
        return re.fullmatch(wanted, found) is not None if sign == "=~" else found == wanted

    return test


def _only(row: dict[str, Any], id: str) -> dict[str, Any] | None:
    """The part of a row that belongs to one trace, with its ids in base64 and its enumerations as words."""
    kept = [_stored(span) for scope in row["scopeSpans"] for span in scope["spans"] if span["traceId"] == id]
    return {"resource": row["resource"], "scopeSpans": [{"scope": {"name": "demo"}, "spans": kept}]} if kept else None


def _stored(span: Span) -> Span:
    kinds = {1: "SPAN_KIND_INTERNAL", 2: "SPAN_KIND_SERVER", 3: "SPAN_KIND_CLIENT"}
    ids = {
        name: base64.b64encode(bytes.fromhex(span[name])).decode()
        for name in ("traceId", "spanId", "parentSpanId")
        if span.get(name)
    }
    status = (
        {"status": {**span["status"], "code": "STATUS_CODE_ERROR"}} if span.get("status", {}).get("code") == 2 else {}
    )
    return {**span, **ids, "kind": kinds[span["kind"]], **status}
