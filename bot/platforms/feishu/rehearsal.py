"""Makes the deliveries Feishu would send for what a tester does."""

import json

from bot.platforms.contract import Deed
from bot.platforms.feishu.envelope import Envelope, envelope
from bot.platforms.feishu.inbound import CLICK
from bot.platforms.seal import Seal


def delivery(deed: Deed, seal: Seal, bot: str, app: str) -> Envelope:
    """The event of a click, or of a mention of the bot."""
    header = {"event_id": deed.id, "app_id": app}
    if deed.action:
        return envelope(
            {**header, "event_type": CLICK},
            {
                "operator": {"open_id": deed.person},
                "action": {"tag": "button", "value": {"t": seal.close(deed.action, deed.value)}},
                "context": {"open_chat_id": deed.room, "open_message_id": f"om_{deed.id}"},
            },
        )
    said = {
        "message_id": f"om_{deed.id}",
        "chat_id": deed.room,
        "chat_type": "group",
        "message_type": "text",
        "content": json.dumps({"text": f"@_user_1 {deed.text}"}),
        "mentions": [{"key": "@_user_1", "id": {"open_id": bot}, "name": "Tocsin"}],
    }
    sender = {"sender_type": "user", "sender_id": {"open_id": deed.person}}
    return envelope({**header, "event_type": "im.message.receive_v1"}, {"message": said, "sender": sender})
