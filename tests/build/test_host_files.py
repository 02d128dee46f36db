"""What static hosts read: the policy of a site, `_headers`, `_redirects` and the pages that redirect."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from leadpages.build.content_policy import Needs, content_security_policy, policy_needs
from leadpages.build.host_files import headers_file, redirect_page, redirects_file

PAGE = b"""<!doctype html>
<html lang="en"><head><title>A page on style = and what is on = to it</title>
<link rel="canonical" href="https://www.example.com/a/"><link rel="stylesheet" href="/assets/style.css">
<script type="application/ld+json">{"url": "https://www.example.com"}</script>
</head><body><a href="https://elsewhere.example/">out</a> <img src="/a.webp" srcset="/a-1.webp 1x, /a-2.webp 2x" alt="">
<pre><code>&lt;script&gt;alert(1)&lt;/script&gt; &lt;b onclick="x"&gt;</code></pre>
<form method="post" action="%s/f/news"></form><script src="/assets/form.js" defer></script></body></html>"""


def hashed(text: str) -> str:
    """The source expression for an inline text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("handler", ["", "https://handler.example"])
def test_ordinary_pages_need_nothing(handler: str) -> None:
    """Own files, data blocks, links out, shown code and the handler's form are no needs."""
    assert policy_needs(PAGE % handler.encode(), handler) == Needs()


NEEDS = {
    "<script>let a = '</b>' + \"ü\";\n</script>": {("script-src", hashed("let a = '</b>' + \"ü\";\n"))},
    "<SCRIPT TYPE=module>a()</SCRIPT>": {("script-src", hashed("a()"))},
    '<script type="text/javascript">a()</script>': {("script-src", hashed("a()"))},
    '<script type="importmap">{}</script>': {("script-src", hashed("{}"))},
    '<script type="text/plain">a()</script>': set(),
    "<style>a{}</style><style>b{}</style>": {("style-src", hashed("a{}")), ("style-src", hashed("b{}"))},
    '<script src="https://cdn.example/x.js"></script>': {("script-src", "https://cdn.example")},
    "<img src=https://img.example:8443/a.png alt=''>": {("img-src", "https://img.example:8443")},
    '<img alt="" src="//img.example/a.png">': {("img-src", "img.example")},
    '<img alt="" src="data:image/png;base64,AAAA">': set(),
    '<picture><source srcset="https://a.example/1 1x, https://b.example/2 2x"><img src="/a" alt=""></picture>': {
        ("img-src", "https://a.example"),
        ("img-src", "https://b.example"),
    },
    '<video poster="https://a.example/p.jpg"><source src="https://v.example/m.mp4"></video>': {
        ("img-src", "https://a.example"),
        ("media-src", "https://v.example"),
    },
    '<iframe src="https://www.youtube-nocookie.com/embed/x" title="x"></iframe>': {
        ("frame-src", "https://www.youtube-nocookie.com")
    },
    '<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async></script>': {
        ("script-src", "https://challenges.cloudflare.com"),
        ("frame-src", "https://challenges.cloudflare.com"),
    },
    '<script src="https://js.hcaptcha.com/1/api.js" async></script>': {
        ("script-src", "https://js.hcaptcha.com"),
        *(
            (name, source)
            for name in ("script-src", "frame-src", "style-src", "connect-src")
            for source in ("https://hcaptcha.com", "https://*.hcaptcha.com")
        ),
    },
    '<iframe src="/demo/" title="x"></iframe>': {("frame-src", "'self'")},
    '<object data="/a.pdf"></object>': {("object-src", "'self'")},
    '<link href="https://cdn.example/x.css" rel="stylesheet">': {("style-src", "https://cdn.example")},
    '<form action="https://forms.example/x"></form>': {("form-action", "https://forms.example")},
    '<button formaction="https://forms.example/x">Go</button>': {("form-action", "https://forms.example")},
}


@pytest.mark.parametrize(("html", "sources"), NEEDS.items())
def test_what_a_page_needs(html: str, sources: set[tuple[str, str]]) -> None:
    """Inline texts are allowed by their hashes, and what comes from elsewhere by its origin."""
    assert policy_needs(f"<!doctype html><p>a</p>{html}<p>b</p>".encode()) == Needs(frozenset(sources), ())


@pytest.mark.parametrize(
    ("html", "blocked"),
    [
        ('<p style="color: red">a</p>', "a `style` attribute on `<p>`"),
        ("<p\nonclick='a()'>a</p>", "`onclick` on `<p>`"),
        ('<a href="javascript:a()">a</a>', "a `javascript:` address on `<a>`"),
        ('<base href="/x/">', "`<base>`"),
        ('<script src="data:text/javascript,a()"></script><style></style>', "the address `data:text/javascript,a()`"),
        ('<img alt="" src="https://a;b c/x">', "the address `https://a;b c/x`"),
        ('<img alt="" src="https://[x/y">', "the address `https://[x/y`"),
    ],
)
def test_what_no_hash_allows(html: str, blocked: str) -> None:
    """What the policy will block is told, so that a build can warn."""
    assert policy_needs(html.encode()) == Needs(frozenset(), (blocked,))


def test_the_policy() -> None:
    """Nothing but the site's own is allowed; what pages need and the handler are added, in a fixed order."""
    plain = content_security_policy([], "", https=False)
    assert plain == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "media-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    needs = [("img-src", "https://b.example"), ("img-src", "https://a.example"), ("frame-src", "'self'")]
    policy = content_security_policy([*needs, *needs], "https://Handler.example/", https=True)
    assert policy == content_security_policy(reversed(needs), "https://handler.example", https=True)
    assert "img-src 'self' data: https://a.example https://b.example;" in policy
    assert "connect-src 'self' https://handler.example; manifest" in policy
    assert "form-action 'self' https://handler.example;" in policy
    assert "frame-src 'self';" in policy
    assert policy.endswith("frame-ancestors 'self'; upgrade-insecure-requests")


def test_headers() -> None:
    """One rule for all pages, one for each kind of file that never changes; no header is set twice for one path."""
    text, problems = headers_file("default-src 'none'", "", ["/assets/*", "/images/*"], "", "site/_headers")

    assert problems == []
    assert text == (
        "/*\n"
        "  Content-Security-Policy: default-src 'none'\n"
        "  X-Content-Type-Options: nosniff\n"
        "  Referrer-Policy: strict-origin-when-cross-origin\n"
        "  Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\n"
        "\n/assets/*\n  Cache-Control: public, max-age=31536000, immutable\n"
        "\n/images/*\n  Cache-Control: public, max-age=31536000, immutable\n"
    )


def test_headers_of_the_project() -> None:
    """The project's rules stand last, as they are; what they set for a pattern of ours is not set twice."""
    own = "# ours\n/blog/*\n  referrer-policy: no-referrer\n\n/blog/assets/*\n  Cache-Control: no-cache\n  X-A: 1\n"
    text, problems = headers_file("default-src 'none'", "/blog", ["/assets/*"], own, "site/_headers")

    assert problems == []
    assert text.endswith("usb=()\n\n" + own)
    assert text.lower().count("referrer-policy") == text.count("Cache-Control") == 1
    assert re.findall(r"^/.*$", text, re.MULTILINE) == ["/blog/*", "/blog/*", "/blog/assets/*"]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("  X-A: 1\n", ["error site/_headers:1: a header before any path"]),
        ("/a\n  X-A\n", ["error site/_headers:2: `X-A` is no header"]),
        ("/a\n  X A: 1\n", ["error site/_headers:2: `X A: 1` is no header"]),
        (
            "/a\n  X-A: 1\n  Content-Security-Policy: default-src *\n",
            [
                "warning site/_headers:3: `Content-Security-Policy` is set for `/*` too, "
                "and Cloudflare would send both values"
            ],
        ),
        ("/a\n  ! Content-Security-Policy\n  Content-Security-Policy: default-src *\n", []),
        (
            "/*\n  Content-Security-Policy: a\n/b\n  X-Content-Type-Options: nosniff\n",
            [
                "warning site/_headers:4: `X-Content-Type-Options` is set for `/*` too, "
                "and Cloudflare would send both values"
            ],
        ),
        (
            "/a\n  X-A: " + "a" * 2000 + "\n",
            ["warning site/_headers: `X-A` has 2007 characters: Cloudflare Pages reads 2000"],
        ),
        (
            "".join(f"/{n}\n  X-A: 1\n" for n in range(100)),
            ["warning site/_headers: 101 rules, ours among them: Cloudflare Pages reads 100"],
        ),
    ],
)
def test_headers_that_do_not_work(own: str, expected: list[str]) -> None:
    """What a host would not read, or read otherwise than it is meant, is told at its line."""
    _, problems = headers_file("default-src 'none'", "", [], own, "site/_headers")

    assert [f"{problem.severity} {problem.place}: {problem.message}" for problem in problems] == expected


def test_redirects() -> None:
    """Old paths lead to new ones, under the base path; the project's own rules stand first, where hosts look first."""
    text = redirects_file({"/ol d/": "/new/", "/a/": "/grüße/"}, "/blog", "/x /y 302\n# mine")

    assert text == "/x /y 302\n# mine\n/blog/a/ /blog/gr%C3%BC%C3%9Fe/ 301\n/blog/ol%20d/ /blog/new/ 301\n"
    assert redirects_file({}, "", "") == ""


def test_redirect_page() -> None:
    """A page that leads on without a script, is no search result, and can be clicked."""

    class Seen(HTMLParser):
        tags: list[tuple[str, dict[str, str | None]]]

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append((tag, dict(attrs)))

    page = redirect_page('/blog/a"&b/', 'https://www.example.com/blog/a"&b/', "de")
    seen = Seen()
    seen.tags = []
    seen.feed(page)

    target = "/blog/a%22&b/"
    assert seen.tags == [
        ("html", {"lang": "de"}),
        ("head", {}),
        ("meta", {"charset": "utf-8"}),
        ("title", {}),
        ("meta", {"name": "robots", "content": "noindex"}),
        ("link", {"rel": "canonical", "href": f"https://www.example.com{target}"}),
        ("meta", {"http-equiv": "refresh", "content": f"0; url={target}"}),
        ("body", {}),
        ("p", {}),
        ("a", {"href": target}),
    ]
    assert policy_needs(page.encode()) == Needs()
