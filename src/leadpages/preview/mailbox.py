"""The preview's mail host: keeps every mail in a folder, where it can be read and clicked."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail as it would have gone out."""

    number: int
    sender: str
    recipient: str
    subject: str
    date: datetime
    text: str
    html: str


class Mailbox:
    """A transport that delivers into `folder`, one `.eml` file a mail, numbered from 1."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def send(self, message: EmailMessage) -> None:
        """Keep `message`. A file appears whole or not at all."""
        number = max((n for n, _ in self._files()), default=0) + 1
        target = self._folder / f"{number:06d}.eml"
        staged = target.with_suffix(".new")
        staged.write_bytes(message.as_bytes())
        staged.rename(target)

    def close(self) -> None:
        """Nothing is held open."""

    def mails(self) -> list[StoredMail]:
        """Every mail, newest first."""
        return [self._read(number, file) for number, file in sorted(self._files(), reverse=True)]

    def mail(self, number: int) -> StoredMail | None:
        """One mail by its number."""
        return next((self._read(n, file) for n, file in self._files() if n == number), None)

    def _files(self) -> Iterator[tuple[int, Path]]:
        for file in self._folder.glob("*.eml"):
            if re.fullmatch(r"\d+", file.stem):
                yield int(file.stem), file

    def _read(self, number: int, file: Path) -> StoredMail:
        message = email.message_from_bytes(file.read_bytes(), policy=default)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        return StoredMail(
            number=number,
            sender=str(message["From"]),
            recipient=str(message["To"]),
            subject=str(message["Subject"]),
            date=parsedate_to_datetime(str(message["Date"])),
            text=text.get_content() if text else "",
            html=html.get_content() if html else "",
        )
