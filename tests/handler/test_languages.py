"""A form in two languages: what a visitor of the German page is told, is asked and is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.conftest import render
from tests.handler.funnel import PDF, SITE, Funnel, funnel_on, link_in, write_bundle
from tests.handler.html import element, elements

from leadpages.core.forms import Consent
from leadpages.stores.sqlite.store import SQLiteStore

FIELDS = """\
[[fields]]
name = "email"
type = "email"
label = "E-mail"
help = "The link goes there."
required = true
[[fields]]
name = "size"
type = "select"
label = "Team size"
choices = [{ value = "s", label = "Small" }, { value = "l", label = "Large" }]
[[fields]]
name = "news"
type = "consent"
label = "Yes, send me news."
"""
GERMAN = """\
[translations.de]
title = "Der Leitfaden"
intro = "Bald in *Ihrem* Postfach."
button = "Her damit"
[translations.de.fields.email]
label = "E-Mail-Adresse"
help = "Dorthin geht der Link."
[translations.de.fields.size]
label = "Größe des Teams"
[translations.de.fields.size.choices]
s = "Klein"
l = "Groß"
[translations.de.fields.news]
label = "Ja, schicken Sie mir [Neues](/de/neues/)."
"""
GUIDE = 'title = "The guide"\nfile = "guide.pdf"\ndownload.valid_for = "2 days"\n'
EMAIL = '[[fields]]\nname = "email"\ntype = "email"\nlabel = "E-mail"\nrequired = true\n'
PROJECT: Mapping[str, str | bytes] = {
    "leadpages.toml": f'title = "Test site"\nbase_url = "{SITE}"\n[languages.de]\ntitle = "Testseite"\n',
    "site/about.md": "---\ntitle: About\n---\n\n::form{id=guide}\n",
    "site/about.de.md": "---\ntitle: Über uns\n---\n\n::form{id=guide}\n",
    "site/done.md": "---\ntitle: Done\ntemplate: thanks\n---\n\nThank you.\n",
    "site/done.de.md": "---\ntitle: Fertig\ntemplate: thanks\nslug: fertig\n---\n\nDanke.\n",
    "forms/guide/form.toml": GUIDE + FIELDS + GERMAN,
    "forms/guide/guide.pdf": PDF,
    "forms/guide/deliver.md": "---\nsubject: Your guide\n---\n\n[Get it]({{ download_url }}), {{ valid_for }}.\n",
    "forms/guide/deliver.de.md": "---\nsubject: Ihr Leitfaden\n---\n\n[Holen]({{ download_url }}), {{ valid_for }}.\n",
    "forms/talk.toml": f'title = "Talk to us"\nthank_you = "/done/"\ndouble_opt_in = false\n{EMAIL}',
}


def build(files: Mapping[str, str | bytes], factory: pytest.TempPathFactory) -> Path:
    project = factory.mktemp("project")
    for path, content in files.items():
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return write_bundle(render(project), factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a site in English and German."""
    return build(PROJECT, tmp_path_factory)


@pytest.fixture
def funnel(bundle: Path, tmp_path: Path) -> Iterator[Funnel]:
    """The site in two languages, running on an empty database."""
    with funnel_on(bundle, SQLiteStore(tmp_path / "leads.db", busy_timeout_s=0.05)) as running:
        yield running


def text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def test_the_form_is_shown_in_the_language_asked_for(funnel: Funnel) -> None:
    """Its own words, the theme's, and the address that the next post goes to."""
    page = funnel.client.get("/f/guide?language=de").text
    assert element(page, "html").attributes["lang"] == "de"
    assert element(page, "form").attributes["action"] == f"{SITE}/f/guide?language=de"
    assert element(page, "h2", id="form--title").text == "Der Leitfaden"
    assert element(page, "label", **{"for": "form-size"}).text == "Größe des Teams (optional)"
    assert [option.text for option in elements(page, "option")] == ["Bitte wählen …", "Klein", "Groß"]
    assert [option.attributes["value"] for option in elements(page, "option")] == ["", "s", "l"]
    assert element(page, "button").text == "Her damit"


@pytest.mark.parametrize(
    "query", ["", "?language=", "?language=en", "?language=xx", "?language=de%00", "?language=%ff"]
)
def test_any_other_language_is_the_sites_own(funnel: Funnel, query: str) -> None:
    """A link that somebody made up still works."""
    page = funnel.client.get(f"/f/guide{query}").text
    assert element(page, "html").attributes["lang"] == "en"
    assert element(page, "form").attributes["action"] == f"{SITE}/f/guide"
    assert element(page, "h2", id="form--title").text == "The guide"


def test_what_is_wrong_is_said_in_german(funnel: Funnel) -> None:
    """On the form again, for visitors without scripts."""
    reply = funnel.post("guide?language=de", {"email": "ann@", "size": "9"})
    assert reply.status_code == 422
    assert element(reply.text, "title").text.strip().startswith("Fehler: Der Leitfaden")
    summary = [link.text for link in elements(reply.text, "a") if link.attributes["href"].startswith("#form-")]
    assert summary == [
        "Bitte geben Sie „E-Mail-Adresse“ in der Form name@example.com an",
        "Bitte wählen Sie bei „Größe des Teams“ etwas aus der Liste",
    ]
    assert element(reply.text, "h3").text == "Es gibt ein Problem"


def test_programs_are_told_in_german_too(funnel: Funnel) -> None:
    """The codes stay."""
    reply = funnel.post("guide?language=de", {"email": ""}, Accept="application/json")
    assert reply.json is not None
    wrong = {"field": "email", "code": "required", "message": "Bitte füllen Sie „E-Mail-Adresse“ aus"}
    assert reply.json["errors"] == [wrong]


def test_thanks_are_said_in_german(funnel: Funnel) -> None:
    """On the page that is made for it, or on the translation of the writer's own."""
    assert funnel.post("guide?language=de").headers["Location"] == f"{SITE}/de/thanks/guide/"
    assert funnel.post("talk?language=de").headers["Location"] == f"{SITE}/de/fertig/"
    assert funnel.post("talk").headers["Location"] == f"{SITE}/done/"


def test_the_answers_are_the_same_in_every_language(funnel: Funnel) -> None:
    """Values are kept, and the consent in the words that stood beside the box."""
    funnel.post("guide?language=de", {"email": "ann@example.com", "size": "l", "news": "yes"})
    funnel.clock.advance(seconds=1)
    funnel.post("guide", {"email": "bob@example.com", "size": "l", "news": "yes"})
    german, english = (submission for _, submission in funnel.service.store.submissions())
    assert (german.values["size"], german.language) == ("l", "de")
    assert (english.values["size"], english.language) == ("l", "en")
    assert german.consents == (Consent("news", "Ja, schicken Sie mir Neues."),)
    assert english.consents == (Consent("news", "Yes, send me news."),)


def test_the_way_through_the_funnel_is_german(funnel: Funnel) -> None:
    """Both mails, the pages between them and the file's link, by the theme's mail and by one of the form's own."""
    funnel.post("guide?language=de")
    funnel.deliver()
    asked = funnel.mailbox.mails[-1]
    assert asked["Subject"] == "Bitte bestätigen Sie: Der Leitfaden"
    assert "hat bei Testseite dies angefordert" in " ".join(text(asked).split())
    confirm = link_in(asked, "/c/") + "?language=de"
    assert SITE + confirm in text(asked)
    page = funnel.client.get(confirm).text
    assert element(page, "h1").text == "Noch ein letzter Schritt"
    assert element(page, "button").text == "Meine Adresse bestätigen"
    assert "Der Leitfaden" in [item.text for item in elements(page, "li")]
    done = funnel.client.post(confirm).text
    assert element(done, "h1").text == "Vielen Dank, Ihre Adresse ist bestätigt"
    assert element(done, "a", **{"class": "button"}).attributes["href"].endswith("?language=de")
    funnel.deliver()
    delivered = funnel.mailbox.mails[-1]
    assert delivered["Subject"] == "Ihr Leitfaden"
    assert ", 2 Tage." in text(delivered)
    assert delivered["List-Unsubscribe"].endswith("?language=de>")


def test_a_lead_of_each_language_has_mails_in_it(funnel: Funnel) -> None:
    """Who comes by the English form is written to in English."""
    funnel.post("guide?language=de", {"email": "ann@example.com"})
    funnel.post("guide", {"email": "bob@example.com"})
    funnel.deliver()
    subjects = {mail["To"]: mail["Subject"] for mail in funnel.mailbox.mails}
    assert subjects == {
        "ann@example.com": "Bitte bestätigen Sie: Der Leitfaden",
        "bob@example.com": "Please confirm: The guide",
    }


def test_what_comes_later_is_german(funnel: Funnel) -> None:
    """A link that expired, a new one, and leaving."""
    funnel.post("guide?language=de")
    funnel.deliver()
    confirm = funnel.link("/c/") + "?language=de"
    funnel.client.post(confirm)
    funnel.deliver()
    download = funnel.link("/d/") + "?language=de"
    leave = funnel.mailbox.mails[-1]["List-Unsubscribe"].strip("<>").removeprefix(SITE)
    funnel.clock.advance(days=10)
    again = funnel.client.get(confirm)
    assert (again.status_code, element(again.text, "h1").text) == (410, "Dieser Link ist abgelaufen")
    assert element(again.text, "a", **{"class": "button"}).attributes["href"] == f"{SITE}/f/guide?language=de"
    assert element(funnel.client.get(download).text, "h1").text == "Dieser Link ist abgelaufen"
    assert element(funnel.client.post(download).text, "h1").text == "Ein neuer Link ist unterwegs"
    assert element(funnel.client.get(leave).text, "h1").text == "Abmelden"
    assert element(funnel.client.post(leave).text, "h1").text == "Sie sind abgemeldet"


@pytest.mark.parametrize(
    ("path", "title", "message"),
    [
        ("/f/none?language=de", "Seite nicht gefunden", "Unter dieser Adresse ist nichts zu finden."),
        ("/c/x?language=de", "Seite nicht gefunden", "Dieser Link ist nicht gültig."),
        ("/f/none", "Page not found", "There is nothing at this address."),
    ],
)
def test_faults_are_explained_in_the_language_of_the_link(funnel: Funnel, path: str, title: str, message: str) -> None:
    """Also to programs."""
    page = funnel.client.get(path).text
    reply = funnel.client.get(path, headers={"Accept": "application/json"})
    assert element(page, "h1").text == title
    assert message in page
    assert reply.json is not None
    assert reply.json["errors"][0]["message"].startswith(message)


def test_a_refusal_fills_its_gaps_in_german(funnel: Funnel) -> None:
    """A body that is too long."""
    reply = funnel.client.post(
        "/f/guide?language=de", data={"email": "x" * 70_000}, headers={"Accept": "application/json"}
    )
    assert reply.json is not None
    assert reply.json["errors"][0]["message"] == "Ein Formular darf 64 KiB groß sein."


def test_the_start_page_of_a_german_page_is_the_german_one(funnel: Funnel) -> None:
    """And the site has its German title."""
    page = funnel.client.get("/f/none?language=de").text
    assert element(page, "a", **{"class": "button"}).attributes["href"] == f"{SITE}/de/"
    assert "Testseite" in element(page, "title").text


def test_a_site_in_one_language_that_is_not_english(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """No address says which: Brazil's Portuguese is said in the words of Portuguese."""
    files = {
        "leadpages.toml": f'title = "Sítio"\nbase_url = "{SITE}"\nlanguage = "pt-BR"\n',
        "site/a.md": "---\ntitle: A\n---\n",
        "forms/news.toml": f'title = "Novidades"\n{EMAIL}',
    }
    with funnel_on(build(files, tmp_path_factory), SQLiteStore(tmp_path / "leads.db")) as funnel:
        wrong = funnel.post("news", {"email": ""}).text
        assert element(wrong, "h3").text == "Há um problema"
        assert element(wrong, "a", href="#form-email").text == "Preencha “E-mail”"
        assert element(wrong, "form").attributes["action"] == f"{SITE}/f/news"
        assert element(wrong, "button").text == "Enviar"
        funnel.post("news")
        funnel.deliver()
        assert funnel.mailbox.mails[-1]["Subject"] == "Por favor, confirme: Novidades"
        assert "language=" not in text(funnel.mailbox.mails[-1])


def test_a_mail_in_the_sites_own_language_stands_in_for_others(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """Under each of the names that it may have."""
    files = {
        **PROJECT,
        "forms/chat/form.toml": f'title = "Chat"\ndouble_opt_in = false\n{EMAIL}',
        "forms/chat/deliver.en.md": "---\nsubject: Hello\n---\n\n[Leave]({{ unsubscribe_url }})\n",
    }
    with funnel_on(build(files, tmp_path_factory), SQLiteStore(tmp_path / "leads.db")) as funnel:
        funnel.post("chat?language=de")
        assert funnel.deliver().sent == 1
        assert funnel.mailbox.mails[-1]["Subject"] == "Hello"
