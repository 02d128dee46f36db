"""`/_/mail`: the mailbox in the browser."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, Template
from werkzeug.wrappers import Response

from leadpages.preview.mailbox import Mailbox

PATH: Final = "/_/mail"


def answer(mailbox: Mailbox, path: str) -> Response | None:
    """The list of mails, one mail, or the HTML of one; None for any other path."""
    if path.rstrip("/") == PATH:
        return _page(mails=mailbox.mails(), mail=None)
    found = re.fullmatch(rf"{PATH}/(\d{{1,9}})(/html)?", path)
    mail = mailbox.mail(int(found[1])) if found else None
    if found is None or mail is None:
        return None
    return _frame(mail.html) if found[2] else _page(mail=mail)


def _page(**context: Any) -> Response:
    html = _template().render(path=PATH, **context)
    return Response(html, mimetype="text/html", headers={"Cache-Control": "no-store"})


def _frame(html: str) -> Response:
    # The frame is sandboxed: nothing in it runs, and a link opens in the whole window.
    based = re.sub(r"(<head[^>]*>)", r'\1<base target="_top">', html, count=1)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src *"
    return Response(based, mimetype="text/html", headers={"Content-Security-Policy": policy})


@cache
def _template() -> Template:
    env = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return env.from_string((files(__package__) / "mailbox.html").read_text("utf-8"))
