"""Holds Slack's published limits; sources: the Block Kit reference, slack_sdk's models and @slack/types.

Lengths are counted in UTF-16 units, as a JavaScript client counts them.
"""

MESSAGE_BLOCKS = 50
"""Blocks of one message; the reference says nothing of attachments, so both are counted together."""
ATTACHMENT_BLOCKS = 20
"""Blocks of one attachment: more were refused with invalid_attachments (bolt-python issue 914)."""
VIEW_BLOCKS = 100
"""Blocks of a modal or a home tab."""
MESSAGE_WEIGHT = 10_000
"""Characters of all text of one message, containers included. Slack refuses somewhere between 11 300 and 13 300 with
msg_blocks_too_long and publishes neither number nor way of counting (bolt-js issues 2509 and 2867)."""
VIEW_WEIGHT = 50_000
"""The same for a view; Slack's bound there is one of bytes (250 kB)."""
CONTAINER = 16
"""What one object of a payload is taken to weigh besides its text."""

TEXT = 4_000
"""The fallback text of a message; longer is allowed but advised against."""
HEADER = 150
FIELDS = 10
FIELD = 2_000
CONTEXT = 10
CONTEXT_TEXT = 2_000
ELEMENTS = 25
"""Elements of one row of actions."""
OVERFLOW = 5
OPTIONS = 100
OPTION_VALUE = 150
LABEL = 75
"""Text of a button, and of an option."""
VALUE = 2_000
URL = 3_000
ALT = 2_000
PICTURE_TITLE = 2_000
ID = 255
"""block_id, action_id and callback_id."""
TABLE_ROWS = 100
TABLE_CELLS = 20
TABLE_TEXT = 10_000
"""Characters of all cells of a table together."""

MODAL_TITLE = 24
"""Title, submit and close of a modal."""
METADATA = 3_000
INPUT_LABEL = 2_000
INPUT = 3_000
"""What can be typed into one input, and what may stand in it at first."""
HINT = 2_000
