"""Makes answers of GitHub's REST API out of GitHub's own examples, and holds them to its schemas."""

import copy
import json
from importlib import import_module
from typing import Any

from aiohttp import web

from tests.engine.sources.backends import CAPTURES

KEPT: dict[str, Any] = json.loads((CAPTURES / "github" / "rest.json").read_text(encoding="utf-8"))
JSON = dict[str, Any]


def example(kind: str, **changes: Any) -> JSON:
    """GitHub's own example of this kind, with some fields changed."""
    return {**copy.deepcopy(KEPT["examples"][kind]), **changes}


def fits(kind: str, answer: Any) -> None:
    """Complain where an answer is not what GitHub's schema says."""
    schema = {"$ref": f"#/definitions/{kind}", "definitions": KEPT["definitions"]}
    for each in answer if isinstance(answer, list) else [answer]:
        import_module("jsonschema").Draft7Validator(schema).validate(each)


def user(login: str) -> JSON:
    """An account."""
    return {**copy.deepcopy(KEPT["examples"]["deployment"]["creator"]), "login": login}


def missing() -> web.Response:
    """What GitHub says of anything it does not have, or does not show to this token."""
    page = "https://docs.github.com/rest"
    return web.json_response({"message": "Not Found", "documentation_url": page, "status": "404"}, status=404)


def answered(kind: str, body: Any) -> web.Response:
    """This body, which fits GitHub's schema."""
    fits(kind, body)
    return web.json_response(body)
