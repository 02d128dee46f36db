"""One site in several languages: where its pages are, what they say, and how they find one another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest
from tests.conftest import CONFIG, NEWSLETTER, Built, WriteProject, public_text, render

from leadpages.core.errors import ProjectError

SITE = "https://www.example.com"
GERMAN = CONFIG + '[languages.de]\ntitle = "Testseite"\n'
BOTH = {
    "site/about.md": "---\ntitle: About\n---\n\nUs.\n",
    "site/about.de.md": "---\ntitle: Über uns\n---\n\nWir.\n",
    "site/posts/first.md": "---\ntitle: First\ndate: 2026-03-05\ntags: [news]\n---\n\n[Second](second.md)\n",
    "site/posts/second.md": "---\ntitle: Second\ndate: 2026-03-06\n---\n\nText.\n",
    "site/posts/first.de.md": "---\ntitle: Erster\ndate: 2026-03-05\ntags: [news]\n---\n\n[Zweiter](second.md)\n",
    "site/de/posts/second.md": "---\ntitle: Zweiter\ndate: 2026-03-06\n---\n\nText.\n",
}
HREFLANG = re.compile(r'<link rel="alternate" hreflang="([\w-]+)" href="([^"]+)">')


def page(title: str, body: str = "Text.", keys: str = "") -> str:
    return f"---\ntitle: {title}\n{keys}---\n\n{body}\n"


def alternates(built: Built, path: str) -> dict[str, str]:
    """The addresses of a page by language, as its head says them."""
    return dict(HREFLANG.findall(public_text(built, path)))


def html(built: Built, path: str) -> str:
    return public_text(built, f"{path}index.html")


def test_a_language_is_a_folder_or_a_suffix(write_project: WriteProject) -> None:
    """Both ways lead to addresses under the language; the site's own language has the root."""
    built = render(write_project({"leadpages.toml": GERMAN} | BOTH))

    assert {"about/", "de/about/", "posts/first/", "de/posts/first/", "posts/second/", "de/posts/second/"} <= {
        path.removesuffix("index.html") for path in built.public
    }
    assert '<html lang="de" dir="ltr">' in html(built, "de/posts/second/")
    assert '<html lang="en" dir="ltr">' in html(built, "posts/second/")


def test_every_page_names_its_translations_and_they_name_it(write_project: WriteProject) -> None:
    """Head and sitemap say the same, reciprocally, with the site's own language for all others."""
    built = render(write_project({"leadpages.toml": GERMAN} | BOTH))

    found = {path: alternates(built, path) for path in built.public if path.endswith("index.html")}
    for path, links in found.items():
        for language, url in links.items():
            other = url.removeprefix(f"{SITE}/") + "index.html"
            assert found[other] == links, (path, language)
    assert found["de/about/index.html"] == {
        "en": f"{SITE}/about/",
        "de": f"{SITE}/de/about/",
        "x-default": f"{SITE}/about/",
    }
    assert found["index.html"] == {"en": f"{SITE}/", "de": f"{SITE}/de/", "x-default": f"{SITE}/"}
    assert found["de/tags/news/index.html"]["en"] == f"{SITE}/tags/news/"
    assert found["de/tags/index.html"]["en"] == f"{SITE}/tags/"
    assert in_sitemap(built) == {f"{SITE}/{path.removesuffix('index.html')}": links for path, links in found.items()}


def in_sitemap(built: Built) -> dict[str, dict[str, str]]:
    """The translations of each address, as the sitemap says them."""
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    return {
        url.findtext("s:loc", "", names): {
            link.get("hreflang", ""): link.get("href", "") for link in url.findall("x:link", names)
        }
        for url in ElementTree.fromstring(public_text(built, "sitemap.xml")).findall("s:url", names)
    }


def test_a_translation_under_another_name(write_project: WriteProject) -> None:
    """`translation_key` joins what the names of the files do not."""
    files = {
        "site/about.md": page("About", keys="translation_key: us\n"),
        "site/ueber-uns.de.md": page("Über uns", keys="translation_key: us\n"),
    }
    built = render(write_project({"leadpages.toml": GERMAN} | files))

    assert alternates(built, "about/index.html")["de"] == f"{SITE}/de/ueber-uns/"


def test_what_is_there_in_one_language_only(write_project: WriteProject) -> None:
    """It has no switch, names no translation, and is in the lists of its own language alone."""
    files = {"site/posts/only.md": page("Only English", keys="date: 2026-03-07\n")}
    built = render(write_project({"leadpages.toml": GERMAN} | BOTH | files))

    assert alternates(built, "posts/only/index.html") == {}
    assert 'class="languages"' not in html(built, "posts/only/")
    assert "Only English" in html(built, "")
    assert "Only English" not in html(built, "de/")
    assert "Only English" not in public_text(built, "de/feed.xml")


def test_start_pages_belong_together(write_project: WriteProject) -> None:
    """Also where somebody wrote one in one language and the other has the list of posts there."""
    built = render(write_project({"leadpages.toml": GERMAN, "site/index.de.md": page("Willkommen")} | BOTH))

    assert alternates(built, "index.html")["de"] == f"{SITE}/de/"
    assert alternates(built, "de/index.html")["en"] == f"{SITE}/"
    assert alternates(built, "de/posts/index.html") == {}


def test_the_switch_leads_to_the_other_languages(write_project: WriteProject) -> None:
    """By their names in themselves; where one is, is said."""
    text = html(render(write_project({"leadpages.toml": GERMAN} | BOTH)), "de/about/")

    assert '<a href="/about/" lang="en" hreflang="en">English</a>' in text
    assert '<a href="/de/about/" lang="de" hreflang="de" aria-current="true">Deutsch</a>' in text


@pytest.mark.parametrize("target", ["second.md", "/posts/second.md", "../de/posts/second.md"])
def test_a_link_to_a_source_leads_to_the_version_in_the_pages_language(
    target: str, write_project: WriteProject
) -> None:
    """Whichever file is named."""
    link = {"site/posts/first.de.md": page("Erster", f"[Zweiter]({target})", "date: 2026-03-05\n")}
    built = render(write_project({"leadpages.toml": GERMAN} | BOTH | link))

    assert '<a href="/de/posts/second/">Zweiter</a>' in html(built, "de/posts/first/")
    assert '<a href="/posts/second/">Second</a>' in html(built, "posts/first/")


def test_a_link_to_what_is_not_translated_leads_to_what_there_is(write_project: WriteProject) -> None:
    """Better another language than nothing."""
    files = {
        "site/posts/only.md": page("Only English", keys="date: 2026-03-07\n"),
        "site/start.de.md": page("Start", "[Nur so](posts/only.md)"),
    }
    built = render(write_project({"leadpages.toml": GERMAN} | files))

    assert '<a href="/posts/only/">Nur so</a>' in html(built, "de/start/")
    assert built.warnings == ()


def test_the_theme_speaks_the_language_of_the_page(write_project: WriteProject) -> None:
    """Words, plurals and dates; what the project's own theme says goes before."""
    own = {
        "themes/mine/theme.toml": 'extends = "default"\n',
        "themes/mine/translations/de.toml": '"Older post" = "Davor"\n',
    }
    config = GERMAN.replace("[languages", 'theme = "mine"\n[languages', 1)
    built = render(write_project({"leadpages.toml": config} | BOTH | own))

    post, tags = html(built, "de/posts/second/"), html(built, "de/tags/")
    assert ">6. März 2026</time>" in post
    assert "Zum Inhalt springen" in post
    assert "1 Min. Lesezeit" in post
    assert "<span>Davor</span> Erster" in post
    assert "1 Beitrag<" in tags
    assert "<title>Schlagwörter | Testseite</title>" in tags
    assert "Beiträge zu news" in html(built, "de/tags/news/")
    assert "1 post<" in html(built, "tags/")


def test_markdown_speaks_the_language_of_the_page(write_project: WriteProject) -> None:
    """Footnotes and admonitions have words of their own."""
    body = "Text[^1].\n\n[^1]: Mehr.\n\n!!! warning\n    Heiß.\n\n> [!TIP]\n> Kalt.\n"
    files = {"site/note.md": page("Note", body), "site/note.de.md": page("Hinweis", body)}
    built = render(write_project({"leadpages.toml": GERMAN} | files))

    german, english = html(built, "de/note/"), html(built, "note/")
    for word in ('"Fußnote 1"', '"Fußnoten"', '"Zurück zur Textstelle 1"', ">Warnung<", ">Tipp<"):
        assert word in german, word
        assert word not in english, word
    for word in ('"Footnote 1"', '"Footnotes"', '"Back to reference 1"', ">Warning<", ">Tip<"):
        assert word in english, word


def test_each_language_has_a_menu_and_a_feed(write_project: WriteProject) -> None:
    """And a title. One without a menu of its own has the site's."""
    config = (
        f"{GERMAN}"
        '[[languages.de.menu]]\nlabel = "Über uns"\nurl = "/de/about/"\n'
        "[languages.fr]\n"
        '[[menu]]\nlabel = "About us"\nurl = "/about/"\n'
    )
    built = render(write_project({"leadpages.toml": config} | BOTH))

    menus = {
        path: re.findall(r'<nav class="site-menu".*?</nav>', html(built, path), re.DOTALL)[0]
        for path in ("", "de/", "fr/")
    }
    assert ['"/about/"' in menu for menu in menus.values()] == [True, False, True]
    assert ">Über uns</a>" in menus["de/"]
    assert "Menu principal" in menus["fr/"]
    feed = public_text(built, "de/feed.xml")
    assert 'xml:lang="de"' in feed
    assert "<title>Testseite</title>" in feed
    assert "Erster" in feed
    assert "First" not in feed


@pytest.mark.parametrize(
    ("language", "direction"), [("ar", "rtl"), ("he", "rtl"), ("az-Arab", "rtl"), ("ur-Latn", "ltr"), ("ja", "ltr")]
)
def test_languages_that_are_written_from_right_to_left(
    language: str, direction: str, write_project: WriteProject
) -> None:
    """Pages say so in `dir`, and so do mails."""
    config = f"{CONFIG}[languages.{language}]\n"
    project = {"leadpages.toml": config, f"site/{language}/a.md": page("A"), "forms/news.toml": NEWSLETTER}
    built = render(write_project(project))

    assert f'<html lang="{language}" dir="{direction}">' in html(built, f"{language}/a/")
    assert f'lang=\\"{language}\\" dir=\\"{direction}\\"'.encode() in built.bundle["bundle.json"]


# Forms.

FORM = """\
title = "News by mail"
button = "Yes, please"
intro = "Once a *month*."
[[fields]]
name = "email"
type = "email"
label = "E-mail"
help = "Nobody else sees it."
required = true
[[fields]]
name = "size"
type = "radio"
label = "Team size"
choices = ["1", { value = "more", label = "More" }]
"""
WORDS = """\
[translations.de]
title = "Neues per E-Mail"
button = "Ja, bitte"
intro = "Einmal im *Monat*."
[translations.de.fields.email]
label = "Ihre **Adresse**"
help = "Niemand sonst sieht sie."
[translations.de.fields.size]
label = "Größe des Teams"
[translations.de.fields.size.choices]
more = "Mehr"
"""
PAGES = {
    "site/news.md": page("News", "::form{id=news}"),
    "site/news.de.md": page("Neues", "::form{id=news}"),
}


def form_project(form: str, config: str = GERMAN) -> Mapping[str, str]:
    return {"leadpages.toml": config, "forms/news.toml": form, **PAGES}


def test_a_form_speaks_the_language_of_the_page(write_project: WriteProject) -> None:
    """All of its words, and the words about it; its values stay."""
    built = render(write_project(form_project(FORM + WORDS)))

    german, english = html(built, "de/news/"), html(built, "news/")
    for words in ("Neues per E-Mail</h2>", "Ja, bitte</button>", "<em>Monat</em>", ">Ihre Adresse</label>",
                  "Niemand sonst sieht sie.", ">Mehr</label>", "Größe des Teams <span", "(optional)",
                  'data-error="Fehler:"', 'action="/f/news?language=de"'):  # fmt: skip
        assert words in german, words
    assert 'value="more"' in german
    assert 'action="/f/news"' in english
    assert ">More</label>" in english
    assert built.warnings == ()


def test_a_form_without_translations_says_its_own_words(write_project: WriteProject) -> None:
    """That is no mistake; the theme's words are translated nevertheless, the button it was not given among them."""
    built = render(write_project(form_project(NEWSLETTER)))

    german = html(built, "de/news/")
    assert "News by mail</h2>" in german
    assert ">Absenden</button>" in german
    assert "Das konnte nicht gesendet werden." in german
    assert ">Send</button>" in html(built, "news/")
    assert built.warnings == ()


def test_each_language_has_its_page_to_thank_with(write_project: WriteProject) -> None:
    """In its words."""
    built = render(write_project(form_project(NEWSLETTER)))

    assert "<h1>Sehen Sie in Ihr Postfach</h1>" in html(built, "de/thanks/news/")
    assert "<h1>Check your inbox</h1>" in html(built, "thanks/news/")


@pytest.mark.parametrize(
    ("words", "place", "message", "hint"),
    [
        ("[translations.fr]\ntitle = 'N'\n", "forms/news.toml:15", "the site has no language `fr`", "known: de"),
        ("[translations.en]\ntitle = 'N'\n", "forms/news.toml:15", "`en` is the site's own language", ""),
        (
            "[translations.de.fields.emial]\n",
            "forms/news.toml:15",
            "the form has no field `emial`",
            "did you mean `email`?",
        ),
        (
            "[translations.de.fields.size.choices]\n1 = '1'\nmroe = 'Mehr'\n",
            "forms/news.toml:17",
            "field `size` has no choice `mroe`",
            "did you mean `more`?",
        ),
        (
            "[translations.de]\nbuton = 'Ja'\n",
            "forms/news.toml:16",
            "unknown key `translations.de.buton`",
            "did you mean `button`?",
        ),
        ("[translations.de.fields.email]\nlable = 'E'\n", "forms/news.toml:16", "unknown key", "did you mean `label`?"),
        ("[translations.German]\ntitle = 'N'\n", "forms/news.toml:15", "`translations.German`", ""),
    ],
)
def test_a_translation_of_what_is_not_there(
    words: str, place: str, message: str, hint: str, write_project: WriteProject
) -> None:
    """Each is a problem at its line."""
    with pytest.raises(ProjectError) as failed:
        render(write_project(form_project(FORM + words)))
    problem = failed.value.problems[0]
    assert problem.place == place
    assert message in problem.message
    assert hint in problem.hint


def test_a_translation_with_holes(write_project: WriteProject) -> None:
    """One warning for each language of the site, at its table, that says all that is missing."""
    words = '[translations.de]\ntitle = "Neues"\n[translations.de.fields.size]\nlabel = "Größe"\n'
    built = render(write_project(form_project(FORM + words, GERMAN + "[languages.fr]\n")))

    assert [(warning.place, warning.message) for warning in built.warnings] == [
        (
            "forms/news.toml:15",
            "in `de` the form lacks `intro`, `button`, "
            "`fields.email.label`, `fields.email.help`, `fields.size.choices`",
        ),
        ("forms/news.toml:15", "in `fr` the form lacks all of its words"),
    ]


# Mails.

MAIL = "---\nsubject: {}\n---\n\n[Go]({{{{ confirm_url }}}})\n"


def test_files_beside_a_form_that_no_mail_is_made_from(write_project: WriteProject) -> None:
    """A language that the site does not have, and a translation of nothing."""
    files = {
        "forms/a/form.toml": NEWSLETTER,
        "forms/a/confirm.md": MAIL.format("S"),
        "forms/a/confirm.de.md": MAIL.format("S"),
        "forms/a/confirm.fr.md": MAIL.format("S"),
        "forms/a/deliver.de.md": MAIL.format("S").replace("confirm_url", "unsubscribe_url"),
    }
    built = render(write_project({"leadpages.toml": GERMAN, **files}))

    assert [(warning.path, warning.message) for warning in built.warnings] == [
        ("forms/a/confirm.fr.md", "no mail is sent from this file"),
        ("forms/a/deliver.de.md", "no mail is sent from this file: there is no deliver.md that it translates"),
    ]


def test_a_form_that_is_translated_without_its_mail(write_project: WriteProject) -> None:
    """Else the German form would be followed by an English mail unnoticed."""
    words = '[translations.de]\ntitle = "Neues"\n[translations.de.fields.email]\nlabel = "E-Mail"\n'
    files = {"forms/a/form.toml": NEWSLETTER + words, "forms/a/confirm.md": MAIL.format("S")}
    built = render(write_project({"leadpages.toml": GERMAN, **files}))

    assert [(warning.path, warning.message, warning.hint) for warning in built.warnings] == [
        ("forms/a/confirm.md", "the form speaks `de`, this mail does not", "write confirm.de.md beside it")
    ]


def test_a_fault_in_a_translated_mail_is_named_once(write_project: WriteProject) -> None:
    """At its place in its own file."""
    files = {
        "forms/a/form.toml": NEWSLETTER,
        "forms/a/confirm.md": MAIL.format("S"),
        "forms/a/confirm.de.md": MAIL.format("S").replace("Go", "{{ emial }}"),
    }
    with pytest.raises(ProjectError) as failed:
        render(write_project({"leadpages.toml": GERMAN, **files}))
    assert [problem.place for problem in failed.value.problems] == ["forms/a/confirm.de.md:5"]


# A theme's catalogs.


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('"Older posts" = "{nmae} vorher"', "`Older posts` has a gap {nmae}, which its English text lacks"),
        ('"{count} posts" = { one = "1", many = "viele" }', "`{count} posts` has no plural form `other`"),
        ('"{count} posts" = { two = "2", more = "viele", other = "x" }', "`{count} posts` has a plural form `more`"),
        ('"Older posts" = 3', "`Older posts` is 3: expected text"),
    ],
)
def test_a_fault_in_a_catalog(line: str, message: str, write_project: WriteProject) -> None:
    """It is a problem at its line."""
    files = {
        "leadpages.toml": GERMAN.replace("[languages", 'theme = "mine"\n[languages', 1),
        "themes/mine/theme.toml": 'extends = "default"\n',
        "themes/mine/translations/de.toml": f"# Words\n{line}\n",
    }
    with pytest.raises(ProjectError) as failed:
        render(write_project(files))
    assert [(problem.place, problem.message) for problem in failed.value.problems] == [
        ("themes/mine/translations/de.toml:2", message)
    ]
