"""Pages with forms that have a challenge: what they load, and that no other page does."""

from __future__ import annotations

import re

import pytest
from tests.conftest import CONFIG, NEWSLETTER, Built, RunCli, WriteProject, public_text, render, tree

KEYS = '[forms]\nturnstile_site_key = "0x4AAA"\nhcaptcha_site_key = "1000-ffff"\n'


def built(write_project: WriteProject, challenge: str, more: str = "") -> Built:
    """A site with a page for a form that has this challenge, and one for a form that has none."""
    return render(
        write_project(
            {
                "leadpages.toml": CONFIG + KEYS + more,
                "forms/guarded.toml": f'challenge = "{challenge}"\n{NEWSLETTER}',
                "forms/plain.toml": NEWSLETTER,
                "site/guarded.md": "---\ntitle: Guarded\nform: guarded\n---\n",
                "site/plain.md": "---\ntitle: Plain\nform: plain\n---\n",
            }
        )
    )


def scripts(built: Built, page: str) -> list[str]:
    return re.findall(r'<script src="([^"]+)"', public_text(built, page))


def policy(built: Built) -> str:
    (found,) = re.findall(r"Content-Security-Policy: (.*)", public_text(built, "_headers"))
    return str(found)


def test_a_proof_of_work_is_the_sites_own(write_project: WriteProject) -> None:
    """Nothing is loaded from elsewhere, and nothing where no form has one."""
    site = built(write_project, "altcha")
    guarded, plain = scripts(site, "guarded/index.html"), scripts(site, "plain/index.html")
    (own,) = set(guarded) - set(plain)
    assert own.startswith("/assets/form-challenge.")
    assert 'data-challenge="altcha" data-moment="One moment' in public_text(site, "guarded/index.html")
    assert "data-challenge" not in public_text(site, "plain/index.html")
    assert "https:" not in policy(site).replace("https://www.example.com", "")


@pytest.mark.parametrize(
    ("challenge", "widget", "script", "allowed"),
    [
        (
            "turnstile",
            '<div class="cf-turnstile" data-sitekey="0x4AAA"></div>',
            "https://challenges.cloudflare.com/turnstile/v0/api.js",
            "frame-src https://challenges.cloudflare.com;",
        ),
        (
            "hcaptcha",
            '<div class="h-captcha" data-sitekey="1000-ffff"></div>',
            "https://js.hcaptcha.com/1/api.js",
            "connect-src 'self' https://*.hcaptcha.com https://hcaptcha.com;",
        ),
    ],
)
def test_a_widget_is_its_makers(
    write_project: WriteProject, challenge: str, widget: str, script: str, allowed: str
) -> None:
    """It stands before the button; its script is loaded, and allowed, where such a form stands."""
    site = built(write_project, challenge)
    html = public_text(site, "guarded/index.html")
    assert re.search(re.escape(widget) + r'\s*<button class="button" type="submit">', html)
    assert script in scripts(site, "guarded/index.html")
    assert script not in scripts(site, "plain/index.html")
    assert allowed in policy(site)
    bundle = site.bundle["bundle.json"].decode()
    assert f'"challenge": "{challenge}"' in bundle


def test_netlify_has_its_own_guards(write_project: WriteProject) -> None:
    """Nothing there could check a solution."""
    site = built(write_project, "turnstile", 'backend = "netlify"\n')
    assert scripts(site, "guarded/index.html") == scripts(site, "plain/index.html")
    assert "sitekey" not in public_text(site, "guarded/index.html")


def test_blocked_stands_in_the_bundle(write_project: WriteProject) -> None:
    """In small letters, domains as DNS has them."""
    site = built(write_project, "altcha", 'blocked = ["Ann@Example.COM", "Bücher.example.net"]\n')
    assert (
        '"blocked": [\n  "ann@example.com",\n  "xn--bcher-kva.example.net"\n ]' in site.bundle["bundle.json"].decode()
    )


def test_a_form_that_changes_its_mind(write_project: WriteProject, run_cli: RunCli) -> None:
    """A build after a change of the challenge, or of a site key, gives what a clean one does."""
    page = "---\ntitle: Guarded\nform: news\n---\n"
    files = {"leadpages.toml": CONFIG + KEYS, "forms/news.toml": NEWSLETTER, "site/guarded.md": page}
    project = write_project(files)
    assert run_cli("build", "--project", project).code == 0
    for path, content in (
        ("forms/news.toml", f'challenge = "hcaptcha"\n{NEWSLETTER}'),
        ("leadpages.toml", CONFIG + KEYS.replace("1000-ffff", "2000-ffff") + 'blocked = ["example.net"]\n'),
    ):
        (project / path).write_text(content)
        assert run_cli("build", "--project", project).code == 0
        clean = render(project)
        assert (tree(project / "public"), tree(project / "bundle")) == (clean.public, clean.bundle)
    assert "2000-ffff" in public_text(clean, "guarded/index.html")
