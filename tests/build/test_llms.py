"""llms.txt, by https://llmstxt.org: a title, what the site is about, and sections of links."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from tests.conftest import NEWSLETTER, WriteProject, public_text, render

CONFIG = 'title = "Forms\\n& leads"\nbase_url = "https://www.example.com/blog"\n[social]\nimages = false\n'
ENTRY = re.compile(r"- \[((?:[^\[\]\\]|\\.)+)\]\((https://www\.example\.com/blog/[^\s()]*)\)(?:: (.+))?")


def test_what_it_tells(write_project: WriteProject) -> None:
    """Pages first, in their order, then posts, newest first; each with its address under the base path and a line."""
    built = render(
        write_project(
            {
                "leadpages.toml": CONFIG.replace("[social]", 'description = """What\nit is"""\n[social]'),
                "site/about.md": "---\ntitle: About [us] \\ `<b>`\nweight: 2\ndescription: |\n  Who\n  we are\n---\n",
                "site/first.md": "---\ntitle: First\nweight: 1\npermalink: /über (uns)/\n---\n\n"
                "The *first*\nparagraph.\n",
                "site/secret.md": "---\ntitle: Secret\nnoindex: true\n---\n\nText.\n",
                "site/thanks.md": "---\ntitle: Thanks\ntemplate: thanks\n---\n\nText.\n",
                "site/posts/a.md": "---\ntitle: A\ndate: 2026-03-05\n---\n",
                "site/posts/b.md": "---\ntitle: B\ndate: 2026-03-06\n---\n\nText.\n",
                "forms/news.toml": NEWSLETTER,
            }
        )
    )
    text = public_text(built, "llms.txt")

    assert text == (
        "# Forms & leads\n\n> What it is\n\n## Pages\n\n"
        "- [First](https://www.example.com/blog/%C3%BCber%20%28uns%29/): The first paragraph.\n"
        "- [About \\[us\\] \\\\ \\`\\<b>\\`](https://www.example.com/blog/about/): Who we are\n\n"
        "## Posts\n\n"
        "- [B](https://www.example.com/blog/posts/b/): Text.\n"
        "- [A](https://www.example.com/blog/posts/a/)\n"
    )
    links = re.findall(r'<a href="([^"]+)">([^<]+)</a>', MarkdownIt().render(text))
    assert [words for _, words in links] == ["First", "About [us] \\ `&lt;b&gt;`", "B", "A"]


def test_the_form_of_it(write_project: WriteProject) -> None:
    """Of many posts it has the newest hundred and a link to all; every line is what the format has."""
    posts = {
        f"site/posts/p{number}.md": f"---\ntitle: P{number}\ndate: {2000 + number // 12}-{number % 12 + 1:02}-01\n---\n"
        for number in range(130)
    }
    lines = public_text(render(write_project({"leadpages.toml": CONFIG, **posts})), "llms.txt").splitlines()

    assert lines[:4] == ["# Forms & leads", "", "## Posts", ""]
    entries = [ENTRY.fullmatch(line) for line in lines[4:]]
    assert len(entries) == 101
    assert entries[0] is not None
    assert entries[-1] is not None
    assert all(entries)
    assert entries[0][1] == "P129"
    assert entries[-1].groups() == ("All posts", "https://www.example.com/blog/", None)


def test_an_empty_site(write_project: WriteProject) -> None:
    """A site without pages has its title."""
    assert public_text(render(write_project({"leadpages.toml": CONFIG})), "llms.txt") == "# Forms & leads\n"
