"""From a writer's form.toml to what the page shows and the handler knows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.conftest import CONFIG, NEWSLETTER, Built, WriteProject, public_text, render
from tests.handler.html import element, elements

from leadpages.build.countries import countries
from leadpages.core.bundle import load
from leadpages.core.forms import Webhook

GERMAN = CONFIG + "[languages.de]\n"
PAGE = "---\ntitle: News\nform: news\n---\n"


def build(write_project: WriteProject, fields: str, config: str = CONFIG) -> Built:
    """A site with one form, which has these fields beside the address, in English and German."""
    pages = {"site/news.md": PAGE, "site/news.de.md": PAGE} if "languages" in config else {"site/news.md": PAGE}
    return render(write_project({"leadpages.toml": config, "forms/news.toml": NEWSLETTER + fields, **pages}))


def in_bundle(built: Built, language: str = "") -> dict[str, Any]:
    """The fields of the form by name, as the handler reads them."""
    bundle = json.loads(built.bundle["bundle.json"])
    edition = bundle["others"][language] if language else bundle
    return {field["name"]: field for field in edition["forms"]["news"]["fields"]}


COUNTRY = """
[[fields]]
name = "home"
type = "country"
label = "Country"
required = true
"""


def test_a_country_is_chosen_by_its_name_in_the_language_of_the_page(write_project: WriteProject) -> None:
    """What is posted is its code, in every language, and the handler knows all of them."""
    built = build(write_project, COUNTRY, GERMAN)
    for path, language, name in (("news/", "", "Germany"), ("de/news/", "de", "Deutschland")):
        html = public_text(built, f"{path}index.html")
        assert element(html, "select", name="home").attributes["autocomplete"] == "country"
        assert element(html, "option", value="DE").text == name
        assert {"value": "DE", "label": name} in in_bundle(built, language)["home"]["choices"]


def test_a_translated_form_lacks_no_names_of_countries(write_project: WriteProject) -> None:
    """They are translated already."""
    words = """[translations.de]\ntitle = "Neues"
[translations.de.fields]\nemail = { label = "Mail" }\nhome = { label = "Land" }
"""
    assert build(write_project, COUNTRY + words, GERMAN).warnings == ()


@pytest.mark.parametrize("language", ["en", "de", "pt-BR", "zh-Hant", "tlh"])
def test_the_list_has_the_countries_of_iso_3166(language: str) -> None:
    """All 249 of them, and neither unions nor regions."""
    codes = {choice.value for choice in countries(language)}
    assert len(codes) == len(countries(language)) == 249
    assert {"DE", "GB", "TW", "AX", "PS"} <= codes
    assert not {"EU", "UN", "ZZ", "XK", "UK"} & codes


def test_countries_are_in_the_order_of_their_names() -> None:
    """Accents do not put a name last."""
    german = [choice.label for choice in countries("de")]
    assert german.index("Ägypten") < german.index("Albanien") < german.index("Österreich") < german.index("Polen")


def test_browsers_can_fill_in_what_everybody_is_asked(write_project: WriteProject) -> None:
    """By the type of a field, or the name of a text; what a writer says goes first."""
    fields = {
        "phone": ("tel", "tel"),
        "first_name": ("text", "given-name"),
        "company": ("text", "organization"),
        "name": ("textarea", None),
        "website": ("url", None),
    }
    toml = "".join(f"[[fields]]\nname = '{name}'\ntype = '{kind}'\nlabel = 'L'\n" for name, (kind, _) in fields.items())
    off = '[[fields]]\nname = "last_name"\ntype = "text"\nlabel = "L"\nautocomplete = "off"\n'
    html = public_text(build(write_project, toml + off), "news/index.html")
    found = elements(html, "input") + elements(html, "textarea")
    tokens = {e.attributes["name"]: e.attributes.get("autocomplete") for e in found}
    expected = {name: token for name, (_, token) in fields.items()}
    assert expected | {"email": "email", "last_name": "off"} == {
        name: tokens[name] for name in [*expected, "email", "last_name"]
    }
    assert element(html, "input", name="phone").attributes["inputmode"] == "tel"


VALUES = """
[[fields]]
name = "home"
type = "country"
label = "Country"
value = "DE"
[[fields]]
name = "team"
type = "radio"
label = "Team"
choices = ["Sales", "Marketing"]
value = "Sales"
[[fields]]
name = "note"
type = "textarea"
label = "Note"
value = "A <note>"
[[fields]]
name = "site"
type = "url"
label = "Site"
value = "https://example.com"
"""


def test_a_field_begins_with_its_value(write_project: WriteProject) -> None:
    """In every kind of field."""
    html = public_text(build(write_project, VALUES), "news/index.html")
    assert "selected" in element(html, "option", value="DE").attributes
    assert "checked" in element(html, "input", value="Sales").attributes
    assert "checked" not in element(html, "input", value="Marketing").attributes
    assert element(html, "textarea", name="note").text.strip() == "A <note>"
    assert element(html, "input", name="site").attributes["value"] == "https://example.com"


TELLING = """
[[webhooks]]
name = "crm"
url = "https://crm.example.com/hook?form=news"
events = ["submitted", "unsubscribed", "submitted"]
secret = "CRM_SECRET"
[[webhooks]]
name = "chat"
url = "https://hooks.slack.example.com/services/x"
shape = "slack"
"""


def test_whom_a_form_tells_and_how_long_it_keeps_is_in_the_bundle(write_project: WriteProject) -> None:
    """As the handler and the worker read it back; each once."""
    form = 'notify = ["sales@example.com", "Sales@EXAMPLE.com", "sales@example.com"]\nkeep = "2 years"\n' + NEWSLETTER
    project = write_project({"leadpages.toml": CONFIG, "forms/news.toml": form + TELLING})
    built = render(project)
    (project / "bundle.json").write_bytes(built.bundle["bundle.json"])
    known = load(project).forms["news"]
    assert known.notify == ("sales@example.com",)
    assert known.keep_for_s == 2 * 365 * 24 * 3600
    assert known.webhooks == (
        Webhook("crm", "https://crm.example.com/hook?form=news", ("submitted", "unsubscribed"), secret="CRM_SECRET"),
        Webhook("chat", "https://hooks.slack.example.com/services/x", shape="slack"),
    )
