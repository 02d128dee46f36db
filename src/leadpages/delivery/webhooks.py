"""Web hooks: what they are told, and in which shape (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from leadpages import __version__
from leadpages.core.bidi import isolated
from leadpages.core.bundle import Bundle
from leadpages.core.forms import Form, Happening, Webhook
from leadpages.core.times import to_text
from leadpages.delivery.outcomes import Rejected, TryLater
from leadpages.delivery.safe_http import Reply
from leadpages.leads.risks import score
from leadpages.stores.protocol import OutboxItem, Recipient

#: Address, headers and body to an answer. Raises Unreachable.
Post = Callable[[str, Mapping[str, str], bytes], Reply]

_SECRET_PREFIX: Final = "whsec_"  # noqa: S105
_SHORTEST_KEY_BYTES: Final = 24
#: What a message for Slack begins with, in English.
HEADLINES: Final[Mapping[Happening, str]] = {
    "submitted": "Form sent: {form}",
    "accepted": "New lead: {form}",
    "unsubscribed": "Unsubscribed: {form}",
}


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Calls the web hooks of one site. `env` has their secrets."""

    bundle: Bundle
    env: Mapping[str, str]
    post: Post

    def call(self, item: OutboxItem, recipient: Recipient, now: datetime) -> None:
        """Return when the other side has taken what `item` is about.

        Raises TryLater or Rejected; KeyError when the bundle no longer has the form or the hook.
        """
        form = self.bundle.forms[item.form]
        hook = {hook.name: hook for hook in form.webhooks}[item.name]
        body = self._body(hook, item, recipient, form)
        headers = {"Content-Type": "application/json", "User-Agent": f"leadpages/{__version__}"}
        reply = self.post(hook.url, headers | self._signed(hook, item.id, body, now), body)
        if 200 <= reply.status < 300:
            return
        said = f"{reply.status} {_one_line(reply.text)}".strip()
        if reply.status == 410:  # "the receiver is no longer interested"
            raise Rejected(said)
        raise TryLater(said, _wait(reply.retry_after, now))

    def _body(self, hook: Webhook, item: OutboxItem, recipient: Recipient, form: Form) -> bytes:
        if hook.shape == "slack":
            edition = self.bundle.edition("")
            headline = edition.say(HEADLINES[item.happening], form=form.title)
            data: Mapping[str, Any] = {"text": slack_text(headline, form, recipient)}
        elif hook.shape == "flat":
            data = _flat(item, recipient, form)
        else:
            moment = to_text(item.created_at)
            data = {"type": _type(item), "timestamp": moment, "data": _lead(item, recipient, form)}
        return json.dumps(data, ensure_ascii=False).encode()

    def _signed(self, hook: Webhook, id_: str, body: bytes, now: datetime) -> dict[str, str]:
        timestamp = str(int(now.timestamp()))
        headers = {"webhook-id": id_, "webhook-timestamp": timestamp}
        if hook.secret:
            keys = _keys(hook.secret, self.env.get(hook.secret, ""))
            headers["webhook-signature"] = " ".join(sign(key, id_, timestamp, body) for key in keys)
        return headers


def sign(key: bytes, id_: str, timestamp: str, body: bytes) -> str:
    """One signature: `v1,` and HMAC-SHA256 in base64."""
    digest = hmac.new(key, f"{id_}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def slack_text(headline: str, form: Form, recipient: Recipient) -> str:
    """A message for Slack and what speaks like it, in which nothing that a visitor typed is a link or a mention."""
    lines = [headline]
    for field in form.fields:
        if answer := recipient.submission.values.get(field.name):
            text = isolated(answer) if isinstance(answer, str) else ", ".join(answer)
            lines.append(f"{field.label or field.name}: " + text.replace("\n", "\n    "))
    text = "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # https://api.slack.com/reference/surfaces/formatting#escaping; Mattermost also takes a bare @name for a mention.
    return re.sub(r"(?<!\w)@(?=\w)", "@\u200b", text)


def _keys(name: str, secrets: str) -> list[bytes]:
    """The keys in an environment variable, one or while they are exchanged several."""
    keys = []
    for secret in secrets.split():
        try:
            key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not secret.startswith(_SECRET_PREFIX) or len(key) < _SHORTEST_KEY_BYTES:
            raise TryLater(f"{name} is no secret: expected whsec_ and {_SHORTEST_KEY_BYTES} or more bytes in base64")
        keys.append(key)
    if not keys:
        raise TryLater(f"{name} is not set")
    return keys


def _type(item: OutboxItem) -> str:
    return f"lead.{item.happening}"


def _answers(recipient: Recipient, form: Form) -> dict[str, str | list[str]]:
    """Of what was sent, what the form still asks for."""
    values = recipient.submission.values
    return {field.name: values[field.name] for field in form.fields if field.name in values}


def _lead(item: OutboxItem, recipient: Recipient, form: Form) -> dict[str, Any]:
    submission = recipient.submission
    return {
        "id": submission.id,
        "form": item.form,
        "email": recipient.email,
        "status": recipient.status,
        "risk": score(recipient.risks),
        "risks": list(recipient.risks),
        "page": submission.page,
        "language": submission.language,
        "received_at": to_text(submission.received_at),
        "answers": _answers(recipient, form),
        "consents": [{"field": consent.field, "wording": consent.wording} for consent in submission.consents],
    }


def _flat(item: OutboxItem, recipient: Recipient, form: Form) -> dict[str, str]:
    """Answers by their names; what is ours begins with `_`, as the name of no field does."""
    lead = _lead(item, recipient, form)
    ours = ("id", "form", "email", "status", "page", "language", "received_at")
    answers = {
        name: answer if isinstance(answer, str) else ", ".join(answer) for name, answer in lead["answers"].items()
    }
    return {"_type": _type(item)} | {f"_{key}": lead[key] for key in ours} | answers


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


def _wait(retry_after: str, now: datetime) -> timedelta:
    """What `Retry-After` asks for (RFC 9110, section 10.2.3); nothing where it is unclear."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return timedelta()
    return max(timedelta(), (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now)
