"""A small project with something of everything that a build reads, and what each of its files may be instead."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

#: Between the posts of the past and that of the future.
NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def png(width: int, height: int, shade: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([shade]) * width) * height
    header = struct.pack(">LLBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


CONFIG: Final = """\
title = "Test site"
base_url = "https://www.example.com"
author = "Ana"
theme = "mine"
[settings]
accent = "#112233"
[social]
images = false
[posts]
per_page = 2
[languages.de]
title = "Testseite"
[[menu]]
label = "About"
url = "/about/"
[[menu]]
place = "footer"
label = "Posts"
url = "/posts/"
[[pages]]
data = "team"
permalink = "/team/{name}/"
title = "{name} of {town}"
template = "member"
[[place]]
form = "newsletter"
tag = "News"
"""
NEWSLETTER: Final = """\
title = "News by mail"
[[fields]]
name = "email"
type = "email"
label = "E-mail"
required = true
"""
GUIDE: Final = f"{NEWSLETTER}".replace('"News by mail"', '"The guide"\nfile = "guide.pdf"')
MEMBER: Final = """\
{% extends "base.html" %}
{% block main %}
<h1>{{ page.title }}</h1>
<p>{{ page.extra.town }}, {{ data.team|length }} in all</p>
{% for post in collections.posts %}<a href="{{ link(post.url) }}">{{ post.title }}</a>{% endfor %}
{{ content }}
{% endblock %}
"""
NOTE: Final = """\
{# description = "a note"
container = true #}
<aside>{{ content }}</aside>
"""
FILES: Final[Mapping[str, str | bytes]] = {
    "leadpages.toml": CONFIG,
    "forms/newsletter.toml": NEWSLETTER,
    "forms/guide/form.toml": GUIDE,
    "forms/guide/guide.pdf": b"%PDF-1.7 one",
    "forms/guide/deliver.md": "---\nsubject: Your guide\n---\nHere it is.\n\n[Get it]({{ download_url }})\n",
    "themes/mine/theme.toml": 'extends = "default"\n[settings.accent]\ntype = "color"\ndefault = "#000000"\n',
    "themes/mine/templates/member.html": MEMBER,
    "themes/mine/templates/_footer.html": "<p>{{ site.title }} {{ site.settings.accent }}</p>\n",
    "themes/mine/templates/blocks/note.html": NOTE,
    "themes/mine/assets/tokens.css": ":root { --accent: #123456; }\n",
    "themes/mine/assets/dot.png": png(2, 2, 9),
    "site/index.md": "---\ntitle: Home\ntemplate: home\n---\n# Welcome\n\n[About](about.md#who-we-are)\n",
    "site/about.md": "---\ntitle: About\naliases: [/who/]\ntoc: true\n---\n## Who we are\n\n![Harbour](media/a.png)\n",
    "site/about.de.md": "---\ntitle: Über uns\n---\n## Wer wir sind\n\n[Start](/)\n",
    "site/docs/one.md": "---\ntitle: One\nweight: 3\n---\n[About](../about.md) ![](b.png)\n",
    "site/docs/b.png": png(30, 20, 120),
    "site/landing.md": "---\ntitle: Land\ntemplate: landing\n---\n:::hero{form=guide}\n# The guide\n:::\n",
    "site/posts/_defaults.toml": 'tags = ["News"]\nauthors = ["Ana"]\n',
    "site/posts/a.md": "---\ntitle: A\ndate: 2026-01-05\ntags: [News, Leads]\nseries: [Basics]\n---\nA.\n\n## Why\n",
    "site/posts/b.md": "---\ntitle: B\ndate: 2026-02-05\nimage: /media/a.png\n---\nAs in [A](a.md#why).\n",
    "site/posts/c.md": "---\ntitle: C\ndate: 2026-03-05\nexpires: 2026-12-01\nseries: [Basics]\n---\n:::note\n:::\n",
    "site/posts/later.md": "---\ntitle: Later\ndate: 2026-12-24\nform: newsletter\n---\nLater.\n",
    "site/posts/draft.md": "---\ntitle: Draft\ndate: 2026-04-05\ndraft: true\n---\nDraft.\n",
    "site/de/posts/a.md": "---\ntitle: A auf Deutsch\ndate: 2026-01-06\n---\nA. [Über uns](/de/about/)\n",
    "site/data/team.csv": "name,town\nAna,Porto\nBea,Bonn\n",
    "site/data/tags.toml": '[leads]\ntitle = "Leads and more"\n',
    "site/media/a.png": png(40, 30, 200),
    "site/robots.txt": "User-agent: *\nDisallow: /thanks/\n",
    "site/_headers": "/media/*\n  Cache-Control: max-age=60\n",
    "site/style.css": "a { color: red }\n" * 80,
}

_CONFIG_CHANGES: Final = (
    ("", ""),
    ("title = ", 'description = "New words"\ntitle = '),
    ('"https://www.example.com"', '"https://www.example.com/base"'),
    ("per_page = 2", "per_page = 1"),
    ("[languages.de]\ntitle", "[languages.fr]\ntitle"),
    ("[posts]", '[output]\ncompress = ["gz"]\n[posts]'),
    ("[posts]", '[output]\ncompress = ["gz", "br"]\n[posts]'),
    ("[posts]", '[taxonomies.topics]\ntitle = "Topics"\n[posts]'),
    ("[posts]", '[permalinks]\npost = "/{year}/{slug}/"\n[posts]'),
    ("[posts]", '[feeds]\nformats = ["json"]\nterms = false\n[posts]'),
    ("[posts]", "[markdown]\nsmart_quotes = false\nanchors = false\n[posts]"),
    ("[posts]\n", '[posts]\nindex = "/blog/"\n'),
    ('theme = "mine"\n[settings]\naccent = "#112233"\n', ""),
    ('tag = "News"\n', ""),
    ("images = false", "images = true"),
    ("[posts]", '[images]\nwidths = [16, 20]\nformats = ["webp"]\n[posts]'),
    ("[[pages]]", "[[pages"),
)

#: Other contents that each file may have; None is for a file that is not there.
VERSIONS: Final[Mapping[str, Sequence[str | bytes | None]]] = {
    "leadpages.toml": [CONFIG.replace(*change) for change in _CONFIG_CHANGES],
    "forms/newsletter.toml": [
        None,
        NEWSLETTER,
        NEWSLETTER + 'help = "We write twice a year"\n',
        NEWSLETTER + 'pattern = "["\n',
    ],
    "forms/guide/form.toml": [None, GUIDE, GUIDE.replace("The guide", "The whole guide")],
    "forms/guide/guide.pdf": [b"%PDF-1.7 one", b"%PDF-1.7 two", None],
    "forms/guide/deliver.md": [None, "---\nsubject: It is here\n---\n[Get it]({{ download_url }})\n"],
    "themes/mine/templates/member.html": [MEMBER, MEMBER.replace("<h1>", "<h1 id=top-of-it>"), MEMBER + "{% oops %}"],
    "themes/mine/templates/_footer.html": [None, "<p>{{ site.title }}</p>\n", "<p>{{ site.titel }}</p>\n"],
    "themes/mine/templates/_related.html": [
        None,
        "{% for post in related %}{{ post.title }}{% endfor %}\n",
        '{% for post in related %}{{ picture(post.image or "/media/a.png") }}{% endfor %}\n',
        "{% for page in collections.pages %}{{ page.path }}{% endfor %}\n",
    ],
    "themes/mine/templates/_logo.html": [None, '{{ image_size("/media/a.png") }}\n'],
    "themes/mine/templates/form.html": [
        None,
        '<form id="{{ uid }}"><a href="{{ link("/about/") }}">About</a></form>\n',
    ],
    "themes/mine/templates/blocks/note.html": [
        None,
        NOTE.replace("</aside>", "{{ data.team[0].name }}</aside>"),
    ],
    "themes/mine/assets/tokens.css": [None, ":root { --accent: #654321; }\n"],
    "themes/mine/assets/extra.js": [None, "let one = 1;\n" * 90, "let two = 2;\n" * 90],
    "themes/mine/assets/.hidden/extra.js": [None, "let three = 3;\n"],
    "themes/mine/assets/dot.png": [None, png(2, 2, 9), png(3, 2, 9)],
    "themes/mine/translations/de.toml": [None, '"Related posts" = "Weiterlesen"\n'],
    "site/index.md": [None, FILES["site/index.md"], "---\ntitle: Home\n---\nNo more.\n"],
    "site/about.md": [
        FILES["site/about.md"],
        "---\ntitle: About\naliases: [/who/, /old/]\n---\n## Who they are\n",
        "---\ntitle: About\npermalink: /who/\n---\n## Who we are\n",
    ],
    "site/about.de.md": [None, FILES["site/about.de.md"], "---\ntitle: Über uns\naliases: [/who/]\n---\n"],
    "site/docs/one.md": [None, "---\ntitle: One\n---\n![](b.png) ![](/media/a.png)\n", "---\ntitle: [\n---\n"],
    "site/docs/one/b.png": [None, png(30, 20, 120)],
    "site/docs/b.png": [None, png(30, 20, 120), png(31, 20, 120), b"no picture"],
    "site/docs/_defaults.toml": [None, "toc = true\n", "weight = 7\n[extra]\nx = 1\n"],
    "site/media/a.png": [None, png(40, 30, 200), png(40, 30, 100), png(400, 30, 100)],
    "site/posts/_defaults.toml": [None, 'tags = ["Other"]\n', "draft = true\n", "noindex = true\n"],
    "site/posts/index.md": [None, "---\ntitle: All posts\npermalink: /all/\n---\n"],
    "site/data/team.csv": [
        None,
        "name,town\nAna,Porto\n",
        "name,town\nAna,Porto\nBea,Berlin\nCai,Cork\n",
        "name,town\nAna\n\0",
    ],
    "site/data/tags.toml": [None, '[leads]\ndescription = "What they are"\n'],
    "site/robots.txt": [None, "User-agent: *\n"],
    "site/_headers": [None, "/*\n  X-Frame-Options: DENY\n", "no header\n"],
    "site/_redirects": [None, "/before /about/ 301\n"],
    "site/style.css": [None, "a { color: blue }\n" * 80, "a { color: green }\n" * 80],
    "site/style.css.gz": [None, b"somebody's own"],
    "site/folder": [None, "a file"],
    "site/folder/index.md": [None, "---\ntitle: A folder\n---\n"],
}
#: What posts may be made of.
FRAGMENTS: Final = (
    "Words, and *more* words.\n",
    "## Why\n",
    "## How it works\n\nLike this.\n",
    "As in [A](/site/posts/a.md).\n".replace("/site", ""),
    "See [B](b.md) and [about us](../about.md#who-we-are).\n",
    "[C](c.md#how-it-works)\n",
    "[A list](/tags/leads/) and [nothing](/nowhere/)\n",
    "![A picture](/media/a.png)\n",
    "![A picture](../docs/b.png)\n",
    ":::note\nNoted, as in [A](a.md).\n:::\n",
    "::form{id=newsletter}\n",
    "::cta{href=/landing/ label=Go}\n",
    "::nothing{}\n",
    "```python\nprint(1)\n```\n",
    "<b onclick=x>bold</b>\n",
)
