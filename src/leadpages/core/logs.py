"""The log of the running side, in which nobody is named."""

from __future__ import annotations

import logging
import re
import traceback
from typing import Final

#: An address, and what a link in a mail carries (see `signing`): who has the log can do nothing with it.
_NAMES: Final = re.compile(r"[^\s@<>\"(]+(?:@|\uff20|%40)[^\s@<>\"',;)&]+", re.IGNORECASE)
_TOKENS: Final = re.compile(r"[\w-]{4,}(?:\.|%2E)[\w-]{43,}", re.IGNORECASE)


class _Redaction(logging.Filter):
    """Takes addresses and tokens out of messages, and out of what is said of an exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = redacted("".join(traceback.format_exception(*record.exc_info)).rstrip("\n"))
        return True


def redacted(text: str) -> str:
    """`text` without addresses and tokens."""
    return _TOKENS.sub("[token]", _NAMES.sub("[address]", text))


log = logging.getLogger("leadpages")
log.addFilter(_Redaction())
