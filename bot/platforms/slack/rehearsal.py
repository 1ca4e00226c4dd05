"""Makes the deliveries Slack would send for what a tester does."""

from bot.platforms.contract import Deed
from bot.platforms.seal import Seal
from bot.platforms.slack.payload import Json
from cards.render import slack


def delivery(deed: Deed, seal: Seal, bot: str, workspace: str) -> Json:
    """The payload of a press of a button, or of a mention of the bot."""
    person = {"id": deed.person, "team_id": workspace}
    if deed.action:
        return {
            "type": "block_actions",
            "team": {"id": workspace},
            "user": person,
            "trigger_id": deed.id,
            "channel": {"id": deed.room},
            "container": {"type": "message", "channel_id": deed.room},
            "actions": [
                {
                    "type": "button",
                    "action_id": f"{slack.PRESS}.{deed.action}",
                    "value": seal.close(deed.action, deed.value),
                }
            ],
        }
    said = {
        "type": "app_mention",
        "user": deed.person,
        "channel": deed.room,
        "ts": deed.id,
        "text": f"<@{bot}> {deed.text}",
    }
    return {"type": "event_callback", "team_id": workspace, "event_id": deed.id, "event": said}
