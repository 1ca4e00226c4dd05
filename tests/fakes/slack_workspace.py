"""Plays a Slack workspace: channels, people, messages, views, and the Web API over them, as strict as Slack or more."""

import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.cards.slack_rules import faults, mentioned, seen, view_faults

BOT_TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-house-of-tests", "xapp-house-of-tests", "signing-secret-of-tests"
TEAM, APP, BOT, BOT_ID = "T0HOUSE", "A0TOCSIN", "U0TOCSIN", "B0TOCSIN"
TRIGGER_LIFE, RESPOND_LIFE, RESPOND_USES = 3.0, 1800.0, 5
BURST = 10
"""Messages into one channel at once before Slack asks to slow down; then one per second."""
TIERS = {"chat.update": 50, "conversations.history": 50, "conversations.replies": 50, "users.info": 100}
MESSAGE = {"channel", "text", "blocks", "attachments", "thread_ts", "metadata", "unfurl_links", "unfurl_media"}

Arguments = Mapping[str, Any]


class No(Exception):
    """A refusal by its code, with whatever else the answer holds."""

    def __init__(self, code: str, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any) -> None:
        super().__init__(code)
        self.body = {"ok": False, "error": code, **more}
        self.status = status
        self.headers = dict(headers or {})


@dataclass
class Message:
    """One message as it is shown now. `alone` names the only person who sees it, `told` whom it mentioned when it was
    posted: an edit tells nobody."""

    channel: str
    ts: str
    user: str
    text: str
    thread_ts: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    alone: str = ""
    edits: int = 0
    deleted: bool = False
    told: set[str] = field(default_factory=set)

    @property
    def words(self) -> str:
        """What a person reads."""
        return seen(self.payload) if self.payload.get("blocks") else self.text

    @property
    def title(self) -> str:
        heads = [block for block in self.payload.get("blocks", ()) if block["type"] == "header"]
        return str(heads[0]["text"]["text"]) if heads else self.text

    def wire(self, *, metadata: bool = False) -> dict[str, Any]:
        """The message as the API tells it."""
        told = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text, **self.payload}
        told |= {"bot_id": BOT_ID, "app_id": APP} if self.user == BOT else {}
        told |= {"thread_ts": self.thread_ts} if self.thread_ts else {}
        return told | ({"metadata": self.metadata} if metadata and self.metadata else {})


@dataclass
class Human:
    """Somebody in the workspace; `view` is the form open before them, `home` their home tab."""

    id: str
    name: str
    locale: str = "en-US"
    tz: str = "Europe/Berlin"
    bot: bool = False
    view: dict[str, Any] | None = None
    home: dict[str, Any] | None = None


class Workspace:
    """The state behind the API. `now` may be replaced to let time pass; what people wait for in front of their screens
    (triggers, addresses of answers) counts in `tick`. `scopes` may lose some. A message that holds a text of `refuses`
    is refused with its code."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = lambda: 1_760_000_000.0 + time.monotonic()
        self.tick: Callable[[], float] = time.monotonic
        self.scopes = set(SCOPES.values())
        self.channels: dict[str, set[str]] = {}
        self.people: dict[str, Human] = {}
        self.groups: dict[str, set[str]] = {}
        self.messages: list[Message] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.files: dict[str, bytes | None] = {}
        self.ready: set[str] = set()
        self.unready = False
        self.limited = 0
        self.refuses: dict[str, str] = {}
        self.triggers: dict[str, tuple[float, bool, str]] = {}
        self.responders: dict[str, tuple[float, int, str, str, str]] = {}
        self.token = BOT_TOKEN
        self.base = ""
        self._numbers = count(1)
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)

    # --- the place and its people ---

    def channel(self, id: str, *people: str) -> str:
        """A channel with the bot in it."""
        self.channels[id] = {BOT, *people}
        return id

    def human(self, id: str, name: str = "", **about: Any) -> Human:
        """Somebody who is in every channel."""
        self.people[id] = Human(id, name or id, **about)
        for members in self.channels.values():
            members.add(id)
        return self.people[id]

    def number(self) -> int:
        return next(self._numbers)

    def ts(self) -> str:
        return f"{int(self.now())}.{self.number():06d}"

    def trigger(self, person: str) -> str:
        """A fresh trigger of one form, good for three seconds and once."""
        id = f"{self.number()}.{TEAM}.{person}"
        self.triggers[id] = (self.tick() + TRIGGER_LIFE, False, person)
        return id

    def responder(self, person: str, channel: str, thread: str) -> str:
        """A fresh response_url."""
        id = f"r{self.number()}"
        self.responders[id] = (self.tick() + RESPOND_LIFE, RESPOND_USES, person, channel, thread)
        return f"{self.base}/respond/{id}"

    def find(self, channel: str, ts: str) -> Message:
        found = [m for m in self.messages if (m.channel, m.ts) == (channel, ts) and not m.deleted]
        if not found:
            raise No("message_not_found")
        return found[0]

    def said(self, channel: str, user: str, text: str, **more: Any) -> Message:
        """Put a message there."""
        message = Message(channel, self.ts(), user, text, **more)
        self.messages.append(message)
        return message

    # --- the Web API ---

    def answer(self, method: str, token: str, arguments: Arguments) -> dict[str, Any]:
        """What Slack answers to a call; No for a refusal."""
        self.calls.append((method, dict(arguments)))
        if token != self.token:
            raise No("invalid_auth" if token else "not_authed")
        if method not in METHODS:
            raise No("unknown_method")
        needed = SCOPES.get(method)
        if needed and needed not in self.scopes:
            raise No("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))
        known, do = METHODS[method]
        if unknown := arguments.keys() - known - {"token"}:
            raise No("invalid_arguments", response_metadata={"messages": [f"unknown argument {sorted(unknown)}"]})
        if method in TIERS:
            self._pace(method, TIERS[method], 60.0)
        return {"ok": True, **do(self, arguments)}

    def _pace(self, name: str, most: int, seconds: float) -> None:
        recent = self._recent[name]
        while recent and recent[0] <= self.now() - seconds:
            recent.popleft()
        if len(recent) >= most:
            wait = max(1, int(recent[0] + seconds - self.now() + 0.999))
            self.limited += 1
            raise No("ratelimited", 429, {"Retry-After": str(wait)})
        recent.append(self.now())

    def _auth(self, arguments: Arguments) -> dict[str, Any]:
        return {"team_id": TEAM, "team": "House", "user_id": BOT, "user": "tocsin", "bot_id": BOT_ID, "url": self.base}

    def _judged(self, arguments: Arguments) -> dict[str, Any]:
        """The parts of a message, as Slack would take them."""
        payload = {name: arguments[name] for name in ("text", "blocks", "attachments") if name in arguments}
        if "text" not in payload and not payload.get("blocks"):
            raise No("no_text")
        for text, code in self.refuses.items():
            if text in json.dumps(payload, ensure_ascii=False):
                raise No(code, 429 if code == "ratelimited" else 200)
        if wrong := faults(payload):
            raise No("invalid_blocks", response_metadata={"messages": wrong[:5]})
        for id in _slack_files(payload):
            if id not in self.ready:
                raise No("invalid_blocks", response_metadata={"messages": [f"slack_file {id} is not there"]})
        return payload

    def _room(self, arguments: Arguments, *, public: bool = False) -> str:
        channel = str(arguments.get("channel", ""))
        if channel in self.people:
            return f"D{channel}"
        if channel not in self.channels and not channel.startswith("D"):
            raise No("channel_not_found")
        if BOT not in self.channels.get(channel, {BOT}) and not public:
            raise No("not_in_channel")
        return channel

    def _root(self, channel: str, arguments: Arguments) -> str:
        thread = str(arguments.get("thread_ts", ""))
        if thread and self.find(channel, thread).thread_ts not in ("", thread):
            raise No("cannot_reply_to_message")
        return thread

    def _post(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._room(arguments, public="chat:write.public" in self.scopes)
        self._pace(f"post {channel}", BURST, BURST * 1.0)
        payload, thread = self._judged(arguments), self._root(channel, arguments)
        metadata = arguments.get("metadata") or {}
        if metadata and set(metadata) != {"event_type", "event_payload"}:
            raise No("invalid_metadata_format")
        more = {"thread_ts": thread, "payload": payload, "metadata": metadata, "told": mentioned(payload)}
        message = self.said(channel, BOT, payload.get("text", ""), **more)
        return {"channel": channel, "ts": message.ts, "message": message.wire()}

    def _ephemeral(self, arguments: Arguments) -> dict[str, Any]:
        channel, person = self._room(arguments), str(arguments.get("user", ""))
        if person not in self.channels.get(channel, set()):
            raise No("user_not_in_channel")
        payload, thread = self._judged(arguments), self._root(channel, arguments)
        message = self.said(channel, BOT, payload.get("text", ""), thread_ts=thread, payload=payload, alone=person)
        return {"message_ts": message.ts}

    def _update(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._room(arguments)
        message = self.find(channel, str(arguments.get("ts", "")))
        if message.user != BOT or message.alone:
            raise No("cant_update_message")
        message.payload = self._judged(arguments)
        message.text = message.payload.get("text", "")
        message.edits += 1
        return {"channel": channel, "ts": message.ts, "text": message.text}

    def _history(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._room(arguments)
        found = [m for m in self._told(channel) if not m.thread_ts]
        return self._page(list(reversed(found)), arguments)

    def _replies(self, arguments: Arguments) -> dict[str, Any]:
        channel, ts = self._room(arguments), str(arguments.get("ts", ""))
        asked = [m for m in self._told(channel) if m.ts == ts]
        if not asked:
            raise No("thread_not_found")
        if asked[0].thread_ts:
            return self._page(asked, arguments)
        return self._page(asked + [m for m in self._told(channel) if m.thread_ts == ts], arguments)

    def _told(self, channel: str) -> list[Message]:
        return [m for m in self.messages if m.channel == channel and not m.alone and not m.deleted]

    def _page(self, found: list[Message], arguments: Arguments) -> dict[str, Any]:
        start, most = int(arguments.get("cursor") or 0), int(arguments.get("limit") or 100)
        metadata = str(arguments.get("include_all_metadata", "0")) in ("1", "true", "True")
        page = [message.wire(metadata=metadata) for message in found[start : start + most]]
        more = str(start + most) if start + most < len(found) else ""
        return {"messages": page, "has_more": bool(more), "response_metadata": {"next_cursor": more}}

    def _info(self, arguments: Arguments) -> dict[str, Any]:
        channel = str(arguments.get("channel", ""))
        if channel not in self.channels:
            raise No("channel_not_found")
        return {"channel": {"id": channel, "is_member": BOT in self.channels[channel], "is_archived": False}}

    def _open(self, arguments: Arguments) -> dict[str, Any]:
        expires, used, person = self.triggers.get(str(arguments.get("trigger_id")), (0.0, False, ""))
        if not person:
            raise No("invalid_trigger_id")
        if used:
            raise No("exchanged_trigger_id")
        if self.tick() > expires:
            raise No("expired_trigger_id")
        view = self.view(arguments.get("view"), "modal")
        self.triggers[str(arguments["trigger_id"])] = (expires, True, person)
        self.people[person].view = view
        return {"view": view}

    def view(self, given: Any, kind: str) -> dict[str, Any]:
        """A view as it stands before a person. No for one Slack would refuse."""
        if not isinstance(given, Mapping) or given.get("type") != kind:
            raise No("invalid_arguments")
        if wrong := view_faults(given):
            raise No("invalid_arguments", response_metadata={"messages": wrong[:5]})
        return {**given, "id": f"V{self.number()}", "hash": f"{self.number()}.hash", "state": {"values": {}}}

    def _publish(self, arguments: Arguments) -> dict[str, Any]:
        person = self.people.get(str(arguments.get("user_id")))
        if person is None:
            raise No("user_not_found")
        person.home = self.view(arguments.get("view"), "home")
        return {"view": person.home}

    def _who(self, arguments: Arguments) -> dict[str, Any]:
        person = self.people.get(str(arguments.get("user")))
        if person is None:
            raise No("user_not_found")
        profile = {"display_name": person.name}
        told = {"id": person.id, "name": person.name, "profile": profile, "tz": person.tz, "is_bot": person.bot}
        asked = str(arguments.get("include_locale", "0")) in ("1", "true", "True")
        return {"user": told | ({"locale": person.locale} if asked else {})}

    def _upload_url(self, arguments: Arguments) -> dict[str, Any]:
        id = f"F{self.number()}"
        if not arguments.get("filename") or int(arguments.get("length") or 0) <= 0:
            raise No("invalid_arguments")
        self.files[id] = None
        return {"file_id": id, "upload_url": f"{self.base}/upload/{id}"}

    def _complete(self, arguments: Arguments) -> dict[str, Any]:
        given = arguments.get("files", ())
        files = json.loads(given) if isinstance(given, str) else given
        for file in files:
            if self.files.get(file["id"]) is None:
                raise No("file_not_found")
            if not self.unready:
                self.ready.add(file["id"])
        return {"files": [{"id": file["id"]} for file in files]}

    def _members(self, arguments: Arguments) -> dict[str, Any]:
        group = str(arguments.get("usergroup", ""))
        if group not in self.groups:
            raise No("no_such_subteam")
        return {"users": sorted(self.groups[group])}


Do = Callable[[Workspace, Arguments], dict[str, Any]]
METHODS: dict[str, tuple[set[str], Do]] = {
    "auth.test": (set(), Workspace._auth),
    "chat.postMessage": (MESSAGE, Workspace._post),
    "chat.update": ({"channel", "ts", "text", "blocks", "attachments"}, Workspace._update),
    "chat.postEphemeral": ({"channel", "user", "text", "blocks", "attachments", "thread_ts"}, Workspace._ephemeral),
    "conversations.history": ({"channel", "limit", "cursor", "include_all_metadata"}, Workspace._history),
    "conversations.replies": ({"channel", "ts", "limit", "cursor", "include_all_metadata"}, Workspace._replies),
    "conversations.info": ({"channel"}, Workspace._info),
    "views.open": ({"trigger_id", "view"}, Workspace._open),
    "views.publish": ({"user_id", "view"}, Workspace._publish),
    "users.info": ({"user", "include_locale"}, Workspace._who),
    "files.getUploadURLExternal": ({"filename", "length", "alt_txt", "snippet_type"}, Workspace._upload_url),
    "files.completeUploadExternal": (
        {"files", "channel_id", "thread_ts", "initial_comment", "channels"},
        Workspace._complete,
    ),
    "usergroups.users.list": ({"usergroup"}, Workspace._members),
}
SCOPES = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.postEphemeral": "chat:write",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
    "conversations.info": "channels:read",
    "users.info": "users:read",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "usergroups.users.list": "usergroups:read",
}


def _slack_files(payload: Mapping[str, Any]) -> list[str]:
    found: list[str] = []

    def keep(item: dict[str, Any]) -> dict[str, Any]:
        if "slack_file" in item:
            found.append(str(item["slack_file"].get("id")))
        return item

    json.loads(json.dumps(payload), object_hook=keep)
    return found
