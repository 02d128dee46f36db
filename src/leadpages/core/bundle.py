"""The bundle: all that the handler and the worker need of a site, written by the build.

bundle/bundle.json      the site, the forms, the mails, the stylesheet (this module)
bundle/templates/       the theme's templates for pages that the handler shows
bundle/files/FORM/      the gated files
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from leadpages.core.errors import BundleError
from leadpages.core.forms import Choice, Condition, Field, Form, GatedFile, Webhook
from leadpages.core.placeholders import Gap, Pieces
from leadpages.core.site import MenuItem, SiteInfo
from leadpages.core.translations import ENGLISH, Catalog, translate

FORMAT: Final = 1
INDEX: Final = "bundle.json"
TEMPLATES: Final = "templates"


class MailTemplate(NamedTuple):
    """A mail with gaps: `name` is `confirm` or `deliver`."""

    name: str
    sender: str
    subject: Pieces
    html: Pieces
    text: Pieces


class Edition(NamedTuple):
    """A site in one of its languages: its forms by name, its mails by form and name, and its words."""

    site: SiteInfo
    forms: Mapping[str, Form]
    mails: Mapping[str, Mapping[str, MailTemplate]]
    catalog: Catalog = ENGLISH

    def say(self, text: str, **gaps: object) -> str:
        """English words in the language of this edition."""
        return translate(self.catalog, text, **gaps)


class Bundle(NamedTuple):
    """What the running side knows. Mails are kept by form, then by name, catalogs by language.

    `assets` are the addresses of the theme's files, by their plain ones. From addresses and domains that are `blocked`,
    nothing is taken in; they are in small letters, domains as DNS has them. `others` are the site in its languages
    beside its own; there too every form and every mail has its place, if need be in the site's own language.
    """

    site: SiteInfo
    forms: Mapping[str, Form]
    mails: Mapping[str, Mapping[str, MailTemplate]]
    stylesheet: str
    assets: Mapping[str, str] = {}
    catalogs: Mapping[str, Catalog] = {}
    others: Mapping[str, Edition] = {}
    blocked: frozenset[str] = frozenset()

    def edition(self, language: str) -> Edition:
        """The site in `language`; in its own where it has none in that."""
        catalog = self.catalogs.get(self.site.language, ENGLISH)
        return self.others.get(language) or Edition(self.site, self.forms, self.mails, catalog)


def dump(bundle: Bundle) -> str:
    """The text of `bundle.json`: the same for equal bundles."""
    data = {
        "format": FORMAT,
        **_dump_edition(bundle),
        "others": {language: _dump_edition(edition) for language, edition in bundle.others.items()},
        "stylesheet": bundle.stylesheet,
        "assets": dict(bundle.assets),
        "blocked": sorted(bundle.blocked),
        "catalogs": {language: dict(catalog.texts) for language, catalog in bundle.catalogs.items()},
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
        catalogs = {language: Catalog(language, texts) for language, texts in data["catalogs"].items()}
        own = _load_edition(data, ENGLISH)
        return Bundle(
            site=own.site,
            forms=own.forms,
            mails=own.mails,
            stylesheet=data["stylesheet"],
            assets=data["assets"],
            catalogs=catalogs,
            others={language: _load_edition(other, catalogs[language]) for language, other in data["others"].items()},
            blocked=frozenset(data["blocked"]),
        )
    except FileNotFoundError:
        raise BundleError(f"there is no bundle in {folder}", "run `leadpages build`, or set LEADPAGES_BUNDLE") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(f"{folder / INDEX} cannot be read: {error}", "run `leadpages build` again") from error


def _dump_edition(edition: Bundle | Edition) -> dict[str, Any]:
    return {
        "site": _dump_tuple(edition.site),
        "forms": {name: _dump_tuple(form) for name, form in edition.forms.items()},
        "mails": {
            form: {name: _dump_mail(mail) for name, mail in mails.items()} for form, mails in edition.mails.items()
        },
    }


def _load_edition(data: dict[str, Any], catalog: Catalog) -> Edition:
    return Edition(
        site=_load_site(data["site"]),
        forms={name: _load_form(form) for name, form in data["forms"].items()},
        mails={form: {name: _load_mail(mail) for name, mail in mails.items()} for form, mails in data["mails"].items()},
        catalog=catalog,
    )


def _dump_tuple(value: Any) -> Any:
    """Named tuples as objects, also those in what they hold."""
    if isinstance(value, tuple):
        values = [_dump_tuple(item) for item in value]
        return dict(zip(value._fields, values, strict=True)) if hasattr(value, "_fields") else values
    return {key: _dump_tuple(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _dump_mail(mail: MailTemplate) -> dict[str, Any]:
    parts = {part: [_dump_piece(p) for p in getattr(mail, part)] for part in ("subject", "html", "text")}
    return {"name": mail.name, "sender": mail.sender, **parts}


def _dump_piece(piece: str | Gap) -> str | dict[str, str]:
    return piece if isinstance(piece, str) else {"gap": piece.name, "otherwise": piece.otherwise}


def _load_site(data: dict[str, Any]) -> SiteInfo:
    menus = {place: _load_menu(items) for place, items in data["menus"].items()}
    return SiteInfo(**{**data, "menu": _load_menu(data["menu"]), "menus": menus})


def _load_menu(items: list[dict[str, Any]]) -> tuple[MenuItem, ...]:
    return tuple(MenuItem(item["label"], item["url"], _load_menu(item["children"])) for item in items)


def _load_form(data: dict[str, Any]) -> Form:
    fields = tuple(_load_field(field) for field in data["fields"])
    file = GatedFile(**data["file"]) if data["file"] else None
    hooks = tuple(Webhook(**{**hook, "events": tuple(hook["events"])}) for hook in data["webhooks"])
    return Form(**{**data, "fields": fields, "file": file, "notify": tuple(data["notify"]), "webhooks": hooks})


def _load_field(data: dict[str, Any]) -> Field:
    choices = tuple(Choice(**choice) for choice in data["choices"])
    when = data["show_when"]
    condition = Condition(when["field"], tuple(when["one_of"])) if when else None
    return Field(**{**data, "choices": choices, "show_when": condition, "accept": tuple(data["accept"])})


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
