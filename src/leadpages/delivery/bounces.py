"""What comes back: delivery status notifications (RFC 3464) and complaints (ARF, RFC 5965)."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import Final, Literal

from leadpages.leads.model import SuppressionReason

#: Of our own Message-ID, the part that is the outbox row's id.
_OURS: Final = re.compile(r"<([0-9a-f]{32})@[^>\s]+>")
#: A line that begins a mail in an mbox file (RFC 4155).
_MBOX_FROM: Final = re.compile(rb"(?:\A|\r?\n\r?\n)From [^\n]*\n")
#: Of these permanent faults, security and policy, the address has no part.
_POLICY: Final = "5.7."

Kind = Literal["bounced", "complained", "transient"]


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of one mail: the outbox row that it was, or else the address that it went to, where they are known.

    `transient` is one that may arrive yet, or that was turned away for what it is and not for whom.
    """

    kind: Kind
    item_id: str
    recipient: str

    @property
    def reason(self) -> SuppressionReason | None:
        """Why nothing more is to be sent there."""
        return None if self.kind == "transient" else self.kind


def split_mailbox(data: bytes) -> list[bytes]:
    """The mails of an mbox file, or the one mail that `data` is."""
    starts = list(_MBOX_FROM.finditer(data))
    if not starts or starts[0].start() != 0:
        return [data] if data.strip() else []
    ends = [found.start() for found in starts[1:]] + [len(data)]
    mails = [data[found.end() : end] for found, end in zip(starts, ends, strict=True)]
    return [re.sub(rb"(?m)^>(>*From )", rb"\1", mail) for mail in mails]


def read_return(data: bytes) -> list[Returned]:
    """What a mail says came of others; nothing when it is no report. Never raises, whatever `data` is."""
    # The old policy: the new one raises on some broken headers, and bounces are full of those.
    message = message_from_bytes(data, policy=email.policy.compat32)
    parts = list(message.walk())
    item_id = next((found[1] for part in parts if (found := _OURS.search(_original_id(part)))), "")
    for part in parts:
        if part.get_content_type() == "message/feedback-report":
            return _complaint(part, parts, item_id)
        if part.get_content_type() == "message/delivery-status":
            return [Returned(kind, item_id, recipient) for kind, recipient in _statuses(part)]
    return []


def _original_id(part: Message) -> str:
    """The Message-ID of what was returned, whole or its headers alone."""
    if part.get_content_type() == "message/rfc822":
        return next((str(inner.get("Message-ID", "")) for inner in _inner(part)), "")
    if part.get_content_type() in ("text/rfc822-headers", "message/rfc822-headers"):
        found = re.search(r"(?im)^message-id:\s*(\S+)", _text(part))
        return found[1] if found else ""
    return ""


def _statuses(part: Message) -> Iterator[tuple[Kind, str]]:
    """Of each recipient that a notification is about, what became of the mail."""
    for group in _inner(part):
        action = str(group.get("Action", "")).strip().lower()
        if action not in ("failed", "delayed"):
            continue
        status = str(group.get("Status", "")).strip()
        lasting = action == "failed" and status.startswith("5.") and not status.startswith(_POLICY)
        recipient = _address(group.get("Original-Recipient")) or _address(group.get("Final-Recipient"))
        yield "bounced" if lasting else "transient", recipient


def _complaint(report: Message, parts: list[Message], item_id: str) -> list[Returned]:
    fields = next(iter(_inner(report)), None) or message_from_bytes(_text(report).encode())
    if str(fields.get("Feedback-Type", "")).strip().lower() == "not-spam":
        return []
    originals = [inner for part in parts if part.get_content_type() == "message/rfc822" for inner in _inner(part)]
    to = next((str(original.get("To", "")) for original in originals), "")
    return [Returned("complained", item_id, _address(fields.get("Original-Rcpt-To")) or parseaddr(to)[1])]


def _inner(part: Message) -> list[Message]:
    payload = part.get_payload()
    return [inner for inner in payload if isinstance(inner, Message)] if isinstance(payload, list) else []


def _address(field: object) -> str:
    """`rfc822; ann@example.com`, or the address alone."""
    return str(field or "").rpartition(";")[2].strip().strip("<>")


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else str(part.get_payload())
