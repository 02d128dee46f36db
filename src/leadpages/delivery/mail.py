"""From an outbox item to a mail: the template's gaps filled, the headers that mail hosts look for."""

from __future__ import annotations

import re
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import format_datetime, parseaddr
from functools import lru_cache, partial
from html import escape
from typing import Final
from urllib.parse import urlsplit

from leadpages.core import urls
from leadpages.core.bidi import isolated
from leadpages.core.bundle import Bundle, Edition, MailTemplate
from leadpages.core.forms import has_control_characters
from leadpages.core.placeholders import fill
from leadpages.core.signing import Tokens
from leadpages.core.times import describe_duration
from leadpages.leads.risks import score
from leadpages.stores.protocol import OutboxItem, Recipient

CONFIRM_VALID_FOR: Final = timedelta(days=7)
_LONGEST_IN_CONFIRM: Final = 60
#: Stands in no text that is quoted-printable: there, a hexadecimal number comes after `=` (RFC 2045, section 6.7).
_BOUNDARY: Final = "=_next_=_part_="


@dataclass(frozen=True, slots=True)
class Composer:
    """Writes mails for one site. `site_url` and `handler_url` have no trailing slash."""

    bundle: Bundle
    tokens: Tokens
    site_url: str
    handler_url: str

    def compose(self, item: OutboxItem, recipient: Recipient, now: datetime) -> EmailMessage:
        """The mail for `item`: to the lead, or a notice about the lead to an owner of the site, in the site's language.

        Raises KeyError when the bundle no longer has the form or the mail.
        """
        is_notice = item.channel == "notice"
        edition = self.bundle.edition("" if is_notice else recipient.submission.language)
        template = edition.mails[item.form]["notice" if is_notice else item.name]
        values = self._values(item, recipient, edition, now)
        message = EmailMessage(policy=_POLICY)
        message["From"] = _sender(template.sender)
        message["To"] = Address(addr_spec=item.name if is_notice else recipient.email)
        if is_notice:
            message["Reply-To"] = Address(addr_spec=recipient.email)
        message["Subject"] = _one_line(fill(template.subject, values))
        message["Date"] = _same("Date", format_datetime(now))
        # The outbox row's id: a mail that is sent twice, in the one window where it can be, says so itself.
        message["Message-ID"] = f"<{item.id}@{urlsplit(self.site_url).hostname}>"
        message["Auto-Submitted"] = _same("Auto-Submitted", "auto-generated")  # RFC 3834
        if not is_notice and item.name != "confirm":
            message["List-Unsubscribe"] = f"<{values['unsubscribe_url']}>"
            message["List-Unsubscribe-Post"] = _same("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")  # RFC 8058
        message["MIME-Version"] = _same("MIME-Version", "1.0")
        _set_body(message, template, values)
        return message

    def _values(self, item: OutboxItem, recipient: Recipient, edition: Edition, now: datetime) -> dict[str, str]:
        answers = {
            name: ", ".join(answer) if isinstance(answer, list) else isolated(answer)
            for name, answer in recipient.submission.values.items()
        }
        if item.name == "confirm":
            answers = {name: answer for name, answer in answers.items() if not _could_advertise(answer)}
        form, token, link = edition.forms[item.form], self.tokens.make, partial(self._link, edition)
        links = {
            "email": recipient.email,
            "form.title": form.title,
            "site.title": edition.site.title,
            "site.url": self.site_url,
            "sent.page": self.site_url + recipient.submission.page,
            "sent.at": recipient.submission.received_at.strftime("%Y-%m-%d %H:%M UTC"),
            "lead.risk": str(score(recipient.risks)),
            "lead.risks": ", ".join(edition.say(risk) for risk in recipient.risks),
            "confirm_url": link(urls.CONFIRM, token("confirm", item.submission_id, now, CONFIRM_VALID_FOR)),
            "unsubscribe_url": link(urls.UNSUBSCRIBE, token("unsubscribe", item.submission_id, now)),
        }
        if form.file:
            valid_for = timedelta(seconds=form.file.valid_for_s)
            links["download_url"] = link(urls.DOWNLOAD, token("download", item.submission_id, now, valid_for))
            links["valid_for"] = describe_duration(form.file.valid_for_s, edition.catalog)
        return answers | links

    def _link(self, edition: Edition, path: str, token: str) -> str:
        url = f"{self.handler_url}{path}{token}"
        return urls.in_language(url, edition.site.language, self.bundle.site.language)


class _OneLineHeader(UnstructuredHeader, BaseHeader):
    """A header that is an address on the web: folded, it would become encoded words that no mail program reads."""

    def fold(self, *, policy: Policy) -> str:
        """The header as it is sent (RFC 5322 allows 998 characters)."""
        return f"{self.name}: {self}{policy.linesep}"


class _Registry(HeaderRegistry):
    """Makes the class of a header once, not anew for each mail."""

    @lru_cache(maxsize=64)  # noqa: B019  (there is one registry)
    def __getitem__(self, name: str) -> type[BaseHeader]:
        return super().__getitem__(name)


class _Policy(EmailPolicy):
    """Folds a header that many mails have once."""

    @lru_cache(maxsize=256)  # noqa: B019  (there is one policy)
    def fold_binary(self, name: str, value: str) -> bytes:
        return super().fold_binary(name, value)


def _policy() -> EmailPolicy:
    registry = _Registry()
    registry.map_to_type("list-unsubscribe", _OneLineHeader)
    return _Policy(linesep=SMTP.linesep, header_factory=registry)


_POLICY: Final = _policy()


@lru_cache(maxsize=256)
def _same(name: str, value: str) -> str:
    """A header that many mails have: to parse it is most of what writing a mail takes."""
    header: str = _POLICY.header_store_parse(name, value)[1]
    return header


def _could_advertise(answer: str) -> bool:
    """Whether a stranger's answer could turn a mail to somebody else's address into an advert of theirs."""
    return len(answer) > _LONGEST_IN_CONFIRM or bool(re.search(r"[/@]|\.\w|\n", answer))


def _set_body(message: EmailMessage, template: MailTemplate, values: dict[str, str]) -> None:
    message["Content-Type"] = _same("Content-Type", f'multipart/alternative; boundary="{_BOUNDARY}"')
    message.attach(_part("text/plain", fill(template.text, values)))
    message.attach(_part("text/html", fill(template.html, values, _html)))


def _part(media_type: str, text: str) -> EmailMessage:
    part = EmailMessage(policy=_POLICY)
    part["Content-Type"] = _same("Content-Type", f'{media_type}; charset="utf-8"')
    part["Content-Transfer-Encoding"] = _same("Content-Transfer-Encoding", "quoted-printable")
    # In C; `set_content` would go through every character in Python.
    part.set_payload(b2a_qp(text.replace("\r\n", "\n").encode()).decode("ascii"))
    return part


def _html(text: str) -> str:
    return escape(text).replace("\n", "<br>")


@lru_cache(maxsize=256)
def _sender(sender: str) -> str:
    name, addr_spec = parseaddr(sender)
    return _same("From", str(Address(name, addr_spec=addr_spec)))


def _one_line(text: str) -> str:
    plain = "".join(" " if has_control_characters(c) else c for c in text)
    # `=?` begins an encoded word (RFC 2047): `email` would decode it, and what it hides may be a line break.
    return plain.replace("=?", "= ?")
