"""Keeps tokens, tickets and the addresses that carry them out of what Slack's own client writes to the log."""

import logging
import re

from engine.masking import mask

SECRETS = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=\?)\S+|(?<=/services/)\S+|(?<=/commands/)\S+|(?<=/actions/)\S+")
"""Tokens, everything behind the question mark of an address, and the paths of addresses that answers go to."""


class Quiet(logging.Filter):
    """Writes out the message without its secrets, and of an exception its kind alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            said = f"{said} ({record.exc_info[0].__name__})"
        record.msg, record.args = mask(SECRETS.sub("…", said)), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def sdk_logger() -> logging.Logger:
    """The logger lent to Slack's client. Below INFO it would write out whole messages, so it never goes there."""
    return _quiet("sdk", logging.INFO)


def bolt_logger() -> logging.Logger:
    """The logger lent to bolt, whose warnings are about ways of using it that are not ours."""
    return _quiet("bolt", logging.ERROR)


def _quiet(name: str, level: int) -> logging.Logger:
    logger = logging.getLogger(f"tocsin.slack.{name}")
    if not any(isinstance(each, Quiet) for each in logger.filters):
        logger.addFilter(Quiet())
    logger.setLevel(level)
    return logger
