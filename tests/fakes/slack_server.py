"""Plays Slack for the adapter: a workspace, the wire to it, and people who type, press, submit, react and look."""

from typing import Any

from tests.cards.slack_rules import pressable
from tests.fakes.slack_wire import Failed, Json, Wire
from tests.fakes.slack_workspace import APP, BOT, TEAM, Human, Message


class SlackServer(Wire):
    """The wire, and the people at its other end."""

    # --- what people do ---

    async def types(self, who: Human, channel: str, text: str, thread: str = "", **more: Any) -> Message:
        """Write a message; a mention of the bot comes as a second event."""
        message = self.workspace.said(channel, who.id, text, thread_ts=thread)
        event = {"type": "message", "channel": channel, "channel_type": _kind(channel), "team": TEAM}
        event |= {"user": who.id, "text": text, "ts": message.ts, "event_ts": message.ts, **more}
        event |= {"thread_ts": thread} if thread else {}
        await self.event(event)
        if f"<@{BOT}" in text:
            await self.event({**event, "type": "app_mention"})
        return message

    async def rewrites(self, who: Human, message: Message, text: str) -> None:
        """Edit a message."""
        before = {**message.wire(), "user": who.id}
        message.text = text
        now = {**message.wire(), "user": who.id, "edited": {"user": who.id, "ts": self.workspace.ts()}}
        event = {"type": "message", "subtype": "message_changed", "hidden": True, "channel": message.channel}
        await self.event({**event, "ts": self.workspace.ts(), "message": now, "previous_message": before})

    async def presses(self, who: Human, message: Message, label: str) -> Json:
        """Press the button, or choose the line of a menu, that says this. The delivery, which may be brought again."""
        action = self.button(message.payload, label)
        body = self._interaction("block_actions", who, message.channel, message.thread_ts or message.ts)
        held: Json = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
        held |= {"thread_ts": message.thread_ts} if message.thread_ts else {}
        held["is_ephemeral"] = bool(message.alone)
        body |= {"container": held, "actions": [action]} | ({} if message.alone else {"message": message.wire()})
        if await self.deliver("interactive", body) is None:
            raise Failed(f"pressing {label} failed")
        return body

    def button(self, payload: Json, label: str) -> Json:
        """The press of this button as it is delivered."""
        for item in pressable(payload):
            if item["text"]["text"] == label:
                if item.get("type") == "button":
                    return {**item, "action_ts": self.workspace.ts()}
                return {"type": "overflow", "action_id": "more.0", "selected_option": item}
        raise AssertionError(f"no button {label} among {[item['text']['text'] for item in pressable(payload)]}")

    async def presses_at_home(self, who: Human, label: str) -> Json:
        """Press a button of the home tab."""
        assert who.home is not None, f"{who.name} has no home tab"
        body = self._interaction("block_actions", who, "", "")
        body |= {"container": {"type": "view", "view_id": who.home["id"]}, "view": who.home}
        body["actions"] = [self.button(who.home, label)]
        if await self.deliver("interactive", body) is None:
            raise Failed(f"pressing {label} failed")
        return body

    async def submits(self, who: Human, **fields: str) -> dict[str, str]:
        """Fill in the open form and send it. What is shown below its inputs; nothing where it was taken and closed."""
        assert who.view is not None, f"no form is open before {who.name}"
        view = who.view
        inputs = {b["element"]["action_id"].partition(".")[2]: b for b in view["blocks"] if b["type"] == "input"}
        values: Json = {}
        for name, block in inputs.items():
            typed = {"type": "plain_text_input", "value": fields.get(name) or None}
            values[block["block_id"]] = {block["element"]["action_id"]: typed}
        assert fields.keys() <= inputs.keys(), f"the form has {sorted(inputs)}"
        body = self._interaction("view_submission", who, "", "")
        body |= {"view": {**view, "state": {"values": values}}, "response_urls": []}
        told = await self.deliver("interactive", body)
        if told is None:
            raise Failed("sending the form failed")
        return self._after(who, view, told)

    def _after(self, who: Human, view: Json, told: Json) -> dict[str, str]:
        match told.get("response_action"):
            case None | "clear":
                who.view = None
                return {}
            case "errors":
                inputs = {b["block_id"]: b["element"]["action_id"] for b in view["blocks"] if b["type"] == "input"}
                assert told["errors"].keys() <= inputs.keys(), f"errors below {told['errors']}, inputs are {inputs}"
                return {inputs[block].partition(".")[2]: words for block, words in told["errors"].items()}
            case "update":
                who.view = self.workspace.view(told["view"], "modal")
                return {}
            case other:
                raise AssertionError(f"unknown response_action {other}")

    async def commands(self, who: Human, channel: str, text: str) -> Json:
        """Type `/incident …`."""
        body = {"command": "/incident", "text": text, "team_id": TEAM, "api_app_id": APP, "user_id": who.id}
        body |= {"user_name": who.name, "channel_id": channel, "trigger_id": self.workspace.trigger(who.id)}
        body |= {"response_url": self.workspace.responder(who.id, channel, "")}
        told = await self.deliver("slash_commands", body)
        if told is None:
            raise Failed("the command failed")
        if told:
            self._show_alone(who.id, channel, "", told)
        return body

    async def chooses(self, who: Human, message: Message, callback_id: str) -> Json:
        """Choose a shortcut from the menu of a message."""
        body = self._interaction("message_action", who, message.channel, message.thread_ts)
        body |= {"callback_id": callback_id, "message": message.wire(), "message_ts": message.ts}
        if await self.deliver("interactive", body) is None:
            raise Failed("the shortcut failed")
        return body

    async def reacts(self, who: Human, message: Message, name: str, *, taken_back: bool = False) -> None:
        """Put an emoji under a message, or take it away again."""
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        about = {"user": who.id, "reaction": name, "item": item, "item_user": BOT, "event_ts": self.workspace.ts()}
        await self.event({"type": "reaction_removed" if taken_back else "reaction_added", **about})

    async def regroups(self, group: str, *people: str) -> None:
        """Put these people into a user group, and nobody else."""
        before = self.workspace.groups.get(group, set())
        self.workspace.groups[group] = set(people)
        about = {"subteam_id": group, "team_id": TEAM, "date_update": 1, "date_previous_update": 0}
        about |= {"added_users": sorted({*people} - before), "removed_users": sorted(before - {*people})}
        await self.event({"type": "subteam_members_changed", **about})

    async def opens_home(self, who: Human) -> None:
        """Look at the app's home tab."""
        await self.event({"type": "app_home_opened", "user": who.id, "channel": f"D{who.id}", "tab": "home"})

    async def drops_image(self, who: Human, channel: str, thread: str, content: bytes, text: str = "") -> Message:
        """Share a picture in a thread."""
        id = f"F{self.workspace.number()}"
        self.workspace.files[id] = content
        url = f"{self.workspace.base}/files/{id}"
        file = {"id": id, "name": "graph.png", "mimetype": "image/png", "url_private": url, "size": len(content)}
        return await self.types(who, channel, text, thread, subtype="file_share", files=[file])

    def _interaction(self, kind: str, who: Human, channel: str, thread: str) -> Json:
        user = {"id": who.id, "username": who.name, "name": who.name, "team_id": TEAM}
        body = {"type": kind, "user": user, "team": {"id": TEAM, "domain": "house"}, "api_app_id": APP}
        body |= {"trigger_id": self.workspace.trigger(who.id), "token": "old-verification-token"}
        if channel:
            url = self.workspace.responder(who.id, channel, thread)
            body |= {"channel": {"id": channel, "name": channel.lower()}, "response_url": url}
        return body

    # --- what people see ---

    def shown(self, channel: str, thread: str = "") -> list[Message]:
        """The messages everybody in a channel sees, in order; where a thread is named, those of it alone."""
        found = [m for m in self.workspace.messages if m.channel == channel and not m.alone and not m.deleted]
        return [m for m in found if not thread or thread in (m.ts, m.thread_ts)]

    def told(self, who: Human) -> list[Message]:
        """What this person alone got to read."""
        return [m for m in self.workspace.messages if m.alone == who.id or m.channel == f"D{who.id}"]


def _kind(channel: str) -> str:
    return "im" if channel.startswith("D") else "channel"
