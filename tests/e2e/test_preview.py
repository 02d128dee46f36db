"""`leadpages serve` as a writer meets it."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Installed, Serve, Served, free_port

POST = "site/posts/first-post.md"
URL = "/posts/first-post/"


@pytest.fixture(scope="module")
def mine(installed: Installed, serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The starter project with a theme of its own, served."""
    project = tmp_path_factory.mktemp("projects") / "mine"
    installed.run("init", str(project), cwd=project.parent)
    write(project / "themes/own/theme.toml", 'extends = "default"\n')
    write(project / "themes/own/assets/tokens.css", ":root { --radius: 1px; }\n")
    edit(project / "leadpages.toml", 'language = "en"', 'language = "en"\ntheme = "own"')
    with serve(project) as served:
        yield served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab of its own."""
    page = browser.new_page()
    yield page
    page.close()


def write(file: Path, text: str) -> None:
    """Save a file, new or not."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def edit(file: Path, old: str, new: str) -> None:
    """Save a file with other words in it."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def save_as_vim_does(file: Path, text: str) -> None:
    """See whether files can be made here, keep a backup, write a new file in its place, and drop the backup."""
    probe, backup = file.with_name("4913"), file.with_name(f"{file.name}~")
    probe.touch()
    probe.unlink()
    file.rename(backup)
    file.write_text(text)
    backup.unlink()


def save_by_rename(file: Path, text: str) -> None:
    """Write another file, and move it over the old one."""
    staged = file.with_name(f".{file.name}.new")
    staged.write_text(text)
    staged.rename(file)


@pytest.mark.parametrize("save", [Path.write_text, save_as_vim_does, save_by_rename])
def test_saved_change_shows_itself(save: Callable[[Path, str], object], mine: Served, page: Page) -> None:
    """A save, whatever way an editor does it, shows on the page that is open."""
    post = mine.project / POST
    good = post.read_text()
    page.goto(mine.url + URL)
    save(post, good.replace("## What you can write", f"## Saved by {save.__name__}"))
    expect(page.get_by_role("heading", name=f"Saved by {save.__name__}")).to_be_visible()
    save(post, good)
    expect(page.get_by_role("heading", name="What you can write")).to_be_visible()


def test_broken_file_shows_its_error(mine: Served, page: Page) -> None:
    """The error stands over the last good page, with file and line, until the file is mended."""
    post = mine.project / POST
    good = post.read_text()
    page.goto(mine.url + URL)
    post.write_text("---\ntitle: Broken\ndate: 2026-02-31\n---\n")
    expect(page.locator("#leadpages-problems")).to_contain_text(f"{POST}:3")
    expect(page.locator("#leadpages-problems")).to_contain_text("2026-02-31")
    expect(page.get_by_role("heading", name="What you can write")).to_be_visible()
    page.reload()
    expect(page.locator("#leadpages-problems")).to_contain_text(f"{POST}:3")
    post.write_text("---\ntitle: [\n---\n")
    expect(page.locator("#leadpages-problems")).to_contain_text("the front matter is not valid YAML")
    expect(page.locator("#leadpages-problems")).not_to_contain_text("2026-02-31")
    post.write_text(good)
    expect(page.locator("#leadpages-problems")).to_have_count(0)
    expect(page.get_by_role("heading", name="What you can write")).to_be_visible()


def test_styles_change_in_place(mine: Served, page: Page) -> None:
    """A change of styles alone takes effect without a reload, each time."""
    tokens = mine.project / "themes/own/assets/tokens.css"
    page.goto(mine.url + URL)
    page.evaluate("window.kept = true")
    for radius in ("7px", "8px", "9px"):
        tokens.write_text(f":root {{ --radius: {radius}; }}\n")
        page.wait_for_function(
            "radius => getComputedStyle(document.documentElement).getPropertyValue('--radius').trim() === radius",
            arg=radius,
        )
    assert page.evaluate("window.kept")
    edit(mine.project / POST, "## What you can write", "## After the styles")
    expect(page.get_by_role("heading", name="After the styles")).to_be_visible()
    edit(mine.project / POST, "## After the styles", "## What you can write")
    expect(page.get_by_role("heading", name="After the styles")).to_have_count(0)


def test_all_kinds_of_sources(mine: Served, page: Page) -> None:
    """Templates and forms of the project show themselves too."""
    page.goto(mine.url + URL)
    footer = mine.project / "themes/own/templates/_footer.html"
    write(footer, "<footer>A footer of my own</footer>\n")
    expect(page.get_by_text("A footer of my own")).to_be_visible()
    footer.unlink()
    expect(page.get_by_text("A footer of my own")).to_have_count(0)
    form = mine.project / "forms/newsletter.toml"
    good = form.read_text()
    form.write_text(good.replace('title = "', 'title = "Really: ', 1))
    expect(page.get_by_text("Really: ").first).to_be_visible()
    form.write_text(good)
    expect(page.get_by_text("Really: ")).to_have_count(0)


def test_posts_come_and_go(mine: Served, page: Page) -> None:
    """The page that says that nothing is there listens as well."""
    post = mine.project / "site/posts/new.md"
    page.goto(f"{mine.url}/posts/new/")
    expect(page.get_by_role("heading", name="A new post")).to_have_count(0)
    post.write_text("---\ntitle: A new post\ndate: 2026-01-02\n---\n\nText.\n")
    expect(page.get_by_role("heading", name="A new post")).to_be_visible()
    post.unlink()
    expect(page.get_by_role("heading", name="A new post")).to_have_count(0)
    assert page.url == f"{mine.url}/posts/new/"


def test_place_on_the_page(mine: Served, page: Page) -> None:
    """Whoever had scrolled down is still there after a reload."""
    post = mine.project / "site/posts/long.md"
    text = "---\ntitle: Long\ndate: 2026-01-02\n---\n\n" + "Text.\n\n" * 200
    post.write_text(text)
    page.goto(f"{mine.url}/posts/long/")
    expect(page.get_by_role("heading", name="Long")).to_be_visible()
    page.evaluate("scrollTo(0, 2000)")
    post.write_text(f"{text}The end.\n")
    expect(page.get_by_text("The end.")).to_have_count(1)
    page.wait_for_function("scrollY === 2000")
    post.unlink()
    expect(page.get_by_text("The end.")).to_have_count(0)


def test_more_tabs_than_connections(serve: Serve, browser: Browser, tmp_path: Path) -> None:
    """A browser keeps six connections to a host: a tab that nobody sees needs none, and is right when it is seen."""
    write(tmp_path / "site/a.md", "---\ntitle: Before\n---\n")
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.isSeen === false })")
    see = "isSeen => { window.isSeen = isSeen; document.dispatchEvent(new Event('visibilitychange')); }"
    tabs = [context.new_page() for _ in range(9)]
    with serve(tmp_path) as served:
        for number, tab in enumerate(tabs):
            tab.goto(f"{served.url}/a/")
            if number >= 3:
                tab.evaluate(see, False)
        edit(tmp_path / "site/a.md", "Before", "After")
        for tab in tabs[:3]:
            expect(tab.get_by_role("heading", name="After")).to_be_visible()
        for tab in tabs[3:]:
            tab.evaluate(see, True)
            expect(tab.get_by_role("heading", name="After")).to_be_visible()
            tab.evaluate(see, False)
        context.close()


def test_server_that_comes_back(serve: Serve, page: Page, tmp_path: Path) -> None:
    """A page that was open while the server was not there shows what was saved meanwhile."""
    write(tmp_path / "site/a.md", "---\ntitle: Before\n---\n")
    port = free_port()
    with serve(tmp_path, port) as served:
        page.goto(f"{served.url}/a/")
        expect(page.get_by_role("heading", name="Before")).to_be_visible()
    edit(tmp_path / "site/a.md", "Before", "After")
    with serve(tmp_path, port):
        expect(page.get_by_role("heading", name="After")).to_be_visible(timeout=30_000)


def test_broken_project_serves_its_errors(serve: Serve, page: Page, tmp_path: Path) -> None:
    """A project that was never good shows what is wrong, and the site as soon as it can be built."""
    post = tmp_path / "site/posts/a.md"
    write(post, "---\ntitle: A\n---\n")
    with serve(tmp_path) as served:
        page.goto(served.url)
        expect(page.locator("#leadpages-problems")).to_contain_text("`date` is missing")
        post.write_text("---\ntitle: A\ndate: 2026-01-02\n---\n")
        expect(page.get_by_role("link", name="A", exact=True)).to_be_visible()


@pytest.fixture
def terminal(installed: Installed, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`leadpages serve` in a project of one page with a warning; what it says goes to `said`."""
    write(tmp_path / "leadpages.toml", 'title = "Mine"\nbase_url = "https://www.example.com"\n')
    write(tmp_path / "site/a.md", "---\ntitle: A\nlayout: post\n---\n\nText.\n")
    command = [installed.command(), "serve", "--port", str(free_port())]
    # What is started in the background is deaf to Ctrl-C, and so would its children be.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=said, text=True, preexec_fn=listen
        )
        assert process.stdout is not None
        yield process
        process.kill()
        process.wait()
        process.stdout.close()


def test_what_the_terminal_says(terminal: subprocess.Popen[str], tmp_path: Path) -> None:
    """Each build is one line with its warnings or errors; Ctrl-C ends all at once, also with pages open."""
    page, said = tmp_path / "site/a.md", tmp_path / "said"

    def wait_for(words: str) -> None:
        deadline = time.monotonic() + 20
        while words not in said.read_text():
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)

    assert terminal.stdout is not None
    url = terminal.stdout.readline().split()[0]
    wait_for("site/a.md:3: warning: ")
    with urlopen(f"{url}_/changes") as stream:
        assert stream.readline().startswith(b"data: ")
        page.write_text("---\ntitle: A\n---\n\nOther text.\n")
        wait_for("Rebuilt in 0.")
        (tmp_path / "same").write_text(page.read_text())
        (tmp_path / "same").replace(page)
        wait_for(" s: nothing changed\n")
        page.write_text("---\ntitle: [\n---\n")
        wait_for("site/a.md:3: error: ")
        wait_for("1 error")
        interrupted = time.monotonic()
        terminal.send_signal(signal.SIGINT)
        assert terminal.wait(10) == 0
        assert time.monotonic() - interrupted < 3
    # A save is two builds where the first one saw the file truncated, or saw it whole before its last event came.
    lines = re.findall(r"^(?:Rebuilt|Traceback).*", said.read_text(), re.MULTILINE)
    assert 2 <= len(lines) <= 5
    assert re.fullmatch(r"Rebuilt in \d\.\d\d s: \d files? changed", lines[0])
    one_line = r"Rebuilt in \d\.\d\d s: (?:\d files? changed|nothing changed)"
    assert [line for line in lines if not re.fullmatch(one_line, line)] == []


@pytest.mark.parametrize(
    ("path", "host", "status"),
    [
        ("/", "evil.example", 403),
        ("/%2e%2e/leadpages.toml", None, 404),
        ("/..%2f..%2fleads.db", None, 404),
        ("/..%5c..%5cleads.db", None, 404),
        ("/%00", None, 404),
        ("/.leadpages", None, 404),
        ("/nothing/here/", None, 404),
        ("/f/unknown", None, 404),
        ("/_/mail/999", None, 404),
    ],
)
def test_preview_gives_nothing_away(demo: Served, path: str, host: str | None, status: int) -> None:
    """The preview checks `Host`, and no path leaves the site."""
    request = Request(demo.url + path, headers={"Host": host} if host else {})
    with pytest.raises(HTTPError) as refused:
        urlopen(request)
    assert refused.value.code == status
    refused.value.close()


def test_localhost_leads_to_the_one_origin(demo: Served) -> None:
    """Forms are taken from one origin only, so the other name of this machine redirects there."""
    with urlopen(demo.url.replace("127.0.0.1", "localhost") + "/playbook/") as reply:
        assert reply.url == f"{demo.url}/playbook/"


def test_preview_leaves_the_real_leads_alone(demo: Served) -> None:
    """The real outbox is never drained into the toy mailbox."""
    assert not (demo.project / "leads.db").exists()
    assert (demo.project / ".leadpages/serve/leads.db").stat().st_mode & 0o077 == 0


def test_taken_port(installed: Installed, demo: Served, tmp_path: Path) -> None:
    """A second server on the same port says so and ends with 1."""
    port = demo.url.rpartition(":")[2]
    (tmp_path / "site").mkdir()
    done = subprocess.run([installed.command(), "serve", "--port", port], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
