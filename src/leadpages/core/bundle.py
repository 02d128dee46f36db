"""The bundle: all that the handler and the worker need of a site, written by the build.

bundle/bundle.json      the site, the forms, the mails, the stylesheet (this module)
bundle/templates/       the theme's templates for pages that the handler shows
bundle/files/FORM/      the gated files
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from leadpages.core.errors import BundleError
from leadpages.core.forms import Choice, Field, Form, GatedFile
from leadpages.core.placeholders import Gap, Pieces
from leadpages.core.site import MenuItem, SiteInfo

FORMAT: Final = 1
INDEX: Final = "bundle.json"
TEMPLATES: Final = "templates"


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """A mail with gaps: `name` is `confirm` or `deliver`."""

    name: str
    sender: str
    subject: Pieces
    html: Pieces
    text: Pieces


@dataclass(frozen=True, slots=True)
class Bundle:
    """What the running side knows. Mails are kept by form, then by name."""

    site: SiteInfo
    forms: Mapping[str, Form]
    mails: Mapping[str, Mapping[str, MailTemplate]]
    stylesheet: str


def dump(bundle: Bundle) -> str:
    """The text of `bundle.json`: the same for equal bundles."""
    data = {
        "format": FORMAT,
        "site": dataclasses.asdict(bundle.site),
        "forms": {name: dataclasses.asdict(form) for name, form in bundle.forms.items()},
        "mails": {
            form: {name: _dump_mail(mail) for name, mail in mails.items()} for form, mails in bundle.mails.items()
        },
        "stylesheet": bundle.stylesheet,
    }
    return json.dumps(data, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def load(folder: Path) -> Bundle:
    """Read the bundle in `folder`.

    Raises BundleError when there is none, or one that another version wrote.
    """
    try:
        data = json.loads((folder / INDEX).read_text("utf-8"))
        if data["format"] != FORMAT:
            raise BundleError(
                f"{folder / INDEX} has format {data['format']}, expected {FORMAT}",
                "build the site again with this version of leadpages",
            )
        return Bundle(
            site=_load_site(data["site"]),
            forms={name: _load_form(form) for name, form in data["forms"].items()},
            mails={
                form: {name: _load_mail(mail) for name, mail in mails.items()} for form, mails in data["mails"].items()
            },
            stylesheet=data["stylesheet"],
        )
    except FileNotFoundError:
        raise BundleError(f"there is no bundle in {folder}", "run `leadpages build`, or set LEADPAGES_BUNDLE") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder / INDEX} cannot be read: {error}", "run `leadpages build` again") from error


def _dump_mail(mail: MailTemplate) -> dict[str, Any]:
    parts = {part: [_dump_piece(p) for p in getattr(mail, part)] for part in ("subject", "html", "text")}
    return {"name": mail.name, "sender": mail.sender, **parts}


def _dump_piece(piece: str | Gap) -> str | dict[str, str]:
    return piece if isinstance(piece, str) else {"gap": piece.name, "otherwise": piece.otherwise}


def _load_site(data: dict[str, Any]) -> SiteInfo:
    return SiteInfo(**{**data, "menu": tuple(MenuItem(**item) for item in data["menu"])})


def _load_form(data: dict[str, Any]) -> Form:
    fields = tuple(
        Field(**{**field, "choices": tuple(Choice(**choice) for choice in field["choices"])})
        for field in data["fields"]
    )
    return Form(**{**data, "fields": fields, "file": GatedFile(**data["file"]) if data["file"] else None})


def _load_mail(data: dict[str, Any]) -> MailTemplate:
    return MailTemplate(
        name=data["name"],
        sender=data["sender"],
        subject=_load_pieces(data["subject"]),
        html=_load_pieces(data["html"]),
        text=_load_pieces(data["text"]),
    )


def _load_pieces(data: list[Any]) -> Pieces:
    return tuple(piece if isinstance(piece, str) else Gap(piece["gap"], piece["otherwise"]) for piece in data)
