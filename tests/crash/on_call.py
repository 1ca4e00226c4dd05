"""Is the person on call of a bot that keeps dying: signs in once, and answers over HTTP whatever is asked."""

import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientError, ClientSession

LINK = re.compile(r"token=([A-Za-z0-9_-]+)")
TOKEN = "let-me-read"
JSON = {"Accept": "application/json"}
API = {"Authorization": f"Bearer {TOKEN}"}


class Gone(Exception):
    """The bot did not answer: it was killed, or is not up yet."""


@dataclass
class OnCall:
    """Decides for many incidents. `may_approve` and `may_close` say how far this person goes by now; what was answered
    with a yes is remembered."""

    address: str
    session: ClientSession
    approved: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    may_approve: int = 0
    may_close: bool = False
    _csrf: str = ""

    async def sign_in(self, said: str) -> None:
        """Redeem the link in what `tocsin sign-in` said."""
        found = LINK.search(said)
        assert found, said
        csrf = (await self._get("/sign-in", JSON))["csrf"]
        await self._post("/sign-in", {"csrf": csrf, "token": found[1]})
        self._csrf = (await self._get("/sign-in", JSON))["csrf"]

    async def ready(self) -> bool:
        """Whether the bot answers."""
        try:
            return bool((await self._get("/healthz", {}))["status"])
        except Gone:
            return False

    async def alert(self, body: dict[str, Any]) -> str:
        """Send an alert as a receiver does; the incident it opened. Gone where nobody took it."""
        answer = await self._send("POST", "/alerts/generic", json=body)
        return str(answer["incidents"][0])

    async def look(self) -> None:
        """Go through all incidents and do what is to be done. Gone as soon as the bot is."""
        listed = (await self._get("/api/incidents", API))["incidents"]
        self.statuses = {state["id"]: state["status"] for state in listed}
        for state in reversed(listed):
            match state["status"]:
                case "awaiting_approval" if len(self.approved) < self.may_approve:
                    await self._approve(state["id"])
                case "recovered" if self.may_close:
                    await self._press(state["id"], "keep_all")
                    await self._press(state["id"], "close", outcome="recovered")
                case "needs_human" if self.may_close:
                    await self._press(state["id"], "close", outcome="needs_human")

    async def _approve(self, incident: str) -> None:
        timeline = (await self._get(f"/api/incidents/{incident}/timeline", API))["timeline"]
        decided = {e["body"]["approval"] for e in timeline if e["kind"] == "approval.resolved"}
        for entry in timeline:
            request = entry["body"]
            if entry["kind"] == "approval.requested" and request["id"] not in decided:
                value = {"approval": request["id"], "digest": request["digest"]}
                answer = await self._press(incident, "approve", form=True, **value)
                assert answer["tone"] == "ok", answer
                self.approved[incident] = request["id"]

    async def _press(self, incident: str, action: str, *, form: bool = False, **value: str) -> dict[str, Any]:
        fields = {"csrf": self._csrf, "action": action, "value.incident": incident}
        fields |= {f"value.{name}": text for name, text in value.items()}
        if form:
            fields |= {"event": "form", "field.word": "CONFIRM_EXECUTE"}
        return await self._post("/send" if form else "/act", fields)

    async def _get(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        return await self._send("GET", path, headers=headers)

    async def _post(self, path: str, fields: dict[str, str]) -> dict[str, Any]:
        return await self._send("POST", path, data=fields, headers=JSON)

    async def _send(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        try:
            async with self.session.request(method, self.address + path, **more) as answer:
                assert answer.status < 500, await answer.text()
                said: dict[str, Any] = await answer.json()
        except (ClientError, TimeoutError) as error:
            raise Gone from error
        return said
