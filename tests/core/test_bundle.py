"""The bundle: what the build writes is what the handler reads, or it says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadpages.core.bundle import FORMAT, INDEX, Bundle, Edition, MailTemplate, dump, load
from leadpages.core.errors import BundleError
from leadpages.core.forms import Choice, Condition, Field, Form, GatedFile
from leadpages.core.placeholders import Gap
from leadpages.core.site import MenuItem, SiteInfo
from leadpages.core.translations import Catalog

SITE = SiteInfo("Tëst", "https://www.example.com", "", "", "", "en", (MenuItem("Blog", "/posts/"),), "/posts/")
FILE = GatedFile("files/guide/guide.pdf", "guide.pdf", "application/pdf", 7, "ab" * 32, 604_800, 20)
FIELDS = (
    Field("email", "email", "E-mail", required=True),
    Field("size", "radio", "Size", choices=(Choice("s", "S"),)),
    Field("team", "text", "Team", show_when=Condition("size", ("s",))),
)
GUIDE = Form("guide", "The guide", FIELDS, "Send", "/thanks/guide/", file=FILE)
NEWS = Form(
    "news",
    "News",
    FIELDS[:1],
    "Send",
    "/thanks/news/",
    double_opt_in=False,
    style="conversation",
    challenge="turnstile",
    site_key="0x4",
)
CONFIRM = MailTemplate("confirm", "Ann <a@example.com>", ("Hi ", Gap("name", "there")), ("<p>", Gap("email")), ("x",))
BUNDLE = Bundle(
    SITE,
    {"guide": GUIDE, "news": NEWS},
    {"guide": {"confirm": CONFIRM}, "news": {}},
    "body{}",
    blocked=frozenset({"a@example.org", "example.net"}),
)
GERMAN = Catalog("de", {"Thank you": "Danke", "{count} days": {"one": "{count} Tag", "other": "{count} Tage"}})
EDITION = Edition(SITE._replace(language="de", home="/de/"), {"guide": GUIDE}, {"guide": {"confirm": CONFIRM}}, GERMAN)


def test_a_bundle_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Every type in it survives, down to tuples and gaps."""
    (tmp_path / INDEX).write_text(dump(BUNDLE), "utf-8")
    assert load(tmp_path) == BUNDLE


def test_a_site_in_several_languages_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Each language with its words; one that there is not is the site's own."""
    bundle = BUNDLE._replace(catalogs={"en": Catalog("en", {}), "de": GERMAN}, others={"de": EDITION})
    (tmp_path / INDEX).write_text(dump(bundle), "utf-8")
    loaded = load(tmp_path)
    assert loaded == bundle
    assert loaded.edition("de") == EDITION
    assert loaded.edition("de").say("{count} days", count=2) == "2 Tage"
    for own in ("", "en", "fr", "de-AT"):
        assert loaded.edition(own) == Edition(SITE, BUNDLE.forms, BUNDLE.mails, Catalog("en", {}))


def test_equal_bundles_are_the_same_text() -> None:
    """The order in which forms were read leaves no trace."""
    turned = BUNDLE._replace(
        forms={"news": NEWS, "guide": GUIDE},
        mails={"news": {}, "guide": {"confirm": CONFIRM}},
        blocked=frozenset({"example.net", "a@example.org"}),
    )
    assert dump(turned) == dump(BUNDLE)


def test_a_missing_bundle_says_what_to_do(tmp_path: Path) -> None:
    """Whoever forgot to build learns it."""
    with pytest.raises(BundleError, match="there is no bundle in") as caught:
        load(tmp_path / "nowhere")
    assert "leadpages build" in caught.value.hint


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A bundle of another version is not half understood."""
    data = json.loads(dump(BUNDLE)) | {"format": FORMAT + 1}
    (tmp_path / INDEX).write_text(json.dumps(data), "utf-8")
    with pytest.raises(BundleError, match=rf"has format {FORMAT + 1}, expected {FORMAT}"):
        load(tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b"\xff",
        b'{"format": 1}',
        b'{"format": 1, "site": {}, "forms": {}, "mails": {}, "stylesheet": ""}',
        json.dumps(json.loads(dump(BUNDLE)) | {"forms": []}).encode(),
        json.dumps(json.loads(dump(BUNDLE)) | {"forms": {"guide": {}}}).encode(),
        json.dumps(json.loads(dump(BUNDLE)) | {"mails": {"guide": {"confirm": {}}}}).encode(),
    ],
)
def test_a_damaged_bundle_is_one_error(damage: bytes, tmp_path: Path) -> None:
    """Whatever is wrong inside, the file is named and no other exception gets out."""
    (tmp_path / INDEX).write_bytes(damage)
    with pytest.raises(BundleError, match=r"bundle\.json cannot be read"):
        load(tmp_path)
