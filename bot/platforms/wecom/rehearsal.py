"""Makes the deliveries WeCom would send for what a tester does."""

from bot.platforms.contract import Deed
from bot.platforms.seal import Seal
from bot.platforms.wecom.carrier import Body


def delivery(deed: Deed, seal: Seal) -> Body:
    """The body of an AI bot's callback: a press of a button of a card, or a message that mentions the bot."""
    body: Body = {
        "msgid": deed.id,
        "chatid": deed.room,
        "chattype": "group",
        "from": {"userid": deed.person},
    }
    if deed.action:
        pressed = {"event_key": seal.close(deed.action, deed.value), "task_id": deed.id}
        return body | {"msgtype": "event", "event": {"eventtype": "template_card_event", **pressed}}
    return body | {"msgtype": "text", "text": {"content": f"@Tocsin {deed.text}"}}
