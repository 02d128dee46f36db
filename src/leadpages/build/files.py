"""Jobs for what is no page: files that go out as they are, pictures, and what static hosts read."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from leadpages.build.content_policy import content_security_policy
from leadpages.build.host_files import HEADERS, REDIRECTS, headers_file, redirects_file
from leadpages.build.images import FOLDER
from leadpages.build.inputs import SITE, settled
from leadpages.build.kept_files import KeptFiles
from leadpages.build.pictures import social_bytes
from leadpages.build.pipeline import Prepared
from leadpages.build.render import ROBOTS, Job, Made
from leadpages.build.reports import Progress
from leadpages.build.sitemap import SITEMAP
from leadpages.build.variants import make_variants, variant_bytes, variants
from leadpages.build.workers import share_out
from leadpages.core.errors import Problem

#: For GitHub Pages: the files are as they should be, and names may begin with `_`.
NO_JEKYLL: Final = ".nojekyll"
#: What has a new name when it has new content.
IMMUTABLE: Final = ("/assets/*", f"{FOLDER}*")

Notes = Mapping[str, list[str]]


def file_jobs(ready: Prepared) -> Iterator[Job]:
    """The theme's assets, the writer's files, and robots.txt."""
    for path, content in ready.ground.assets.files.items():
        yield Job(path, path, partial(Made, content))  # its name tells its content
    own = {file.url for file in ready.site.static}
    for file in ready.site.static:
        if file.url[1:] in (HEADERS, REDIRECTS):
            continue
        signature = ready.ground.inputs.files[file.path]
        # A file that may have changed since it was looked at is compared byte by byte.
        key = str(signature) if settled(signature, ready.now_ns) else ""
        yield Job(file.url[1:], key, partial(Made, file.file))
    if ROBOTS not in own:
        text = f"User-agent: *\nAllow: /\n\nSitemap: {ready.site.info.url}{SITEMAP}\n"
        yield Job(ROBOTS[1:], "", partial(Made, text.encode()))
    if f"/{NO_JEKYLL}" not in own:
        yield Job(NO_JEKYLL, "", partial(Made, b""))


def picture_jobs(
    ready: Prepared, notes: Mapping[str, Notes], shown: Collection[str], cache: Path, workers: int, report: Progress
) -> list[Job]:
    """The variants of the pictures that pages show, and the drawn ones. Their names tell their content.

    `notes` are those that were made of each file. What is not among the files that are `shown` is made here, in
    several processes.
    """
    kept, pictures = KeptFiles(cache / "images"), ready.pictures
    urls = dict.fromkeys(url for found in notes.values() for url in found.get("pictures", ()))
    made: dict[str, Callable[[], bytes]] = {}
    missing: list[Callable[[], object]] = []
    for image in (image for url in urls if (image := pictures.find(url))):
        found = [variant for variant in variants(image, pictures.options) if variant.url not in made]
        made |= {variant.url: partial(variant_bytes, image, variant, pictures.options, kept) for variant in found}
        if lacking := [variant for variant in found if variant.url[1:] not in shown]:
            missing.append(partial(make_variants, image, lacking, pictures.options, kept))
    for drawn in pictures.drawn.values():
        if drawn.url not in made:
            made[drawn.url] = partial(social_bytes, drawn, kept)
            missing += [] if drawn.url[1:] in shown else [made[drawn.url]]
    _make(missing, workers, report)
    if missing:
        kept.prune([url.removeprefix(FOLDER) for url in made])
    return [Job(url[1:], url, partial(_made, make)) for url, make in made.items()]


def _make(missing: Sequence[Callable[[], object]], workers: int, report: Progress) -> None:
    here = os.getpid()

    def work(share: Sequence[Callable[[], object]]) -> None:
        for number, make in enumerate(share, 1):
            make()
            if os.getpid() == here:
                report("Pictures", number, len(share))

    # Neighbours are alike in size, so each process takes every nth.
    share_out(work, missing, workers, enough=2)


def _made(make: Callable[[], bytes]) -> Made:
    return Made(make())


def host_jobs(ready: Prepared, notes: Mapping[str, Notes]) -> tuple[list[Job], list[Problem]]:
    """`_headers`, with a policy that lets pages do what they do and nothing else, and `_redirects`.

    `notes` are those that were made of each file.
    """
    config, root = ready.ground.config, ready.ground.root
    own = {
        file.url[1:]: file.file.read_text("utf-8", "replace")
        for file in ready.site.static
        if file.url[1:] in (HEADERS, REDIRECTS)
    }
    needs = {need for found in notes.values() for need in found.get("policy", ())}
    sources = [(directive, source) for directive, _, source in (need.partition(" ") for need in sorted(needs))]
    policy = content_security_policy(sources, config.handler_url or "", https=config.base_url.startswith("https:"))
    text, problems = headers_file(policy, root, IMMUTABLE, own.get(HEADERS, ""), f"{SITE}/{HEADERS}")
    problems += [
        Problem(path, 0, f"the page has {fault}, which its Content-Security-Policy blocks", severity="warning")
        for path, found in sorted(notes.items())
        for fault in found.get("blocked", ())
    ]
    redirects = {alias: page.url for page in ready.site.all_pages() for alias in page.aliases}
    jobs = [Job(HEADERS, "", partial(Made, text.encode()))]
    if redirects or REDIRECTS in own:
        lines = redirects_file(redirects, root, own.get(REDIRECTS, ""))
        jobs.append(Job(REDIRECTS, "", partial(Made, lines.encode())))
    return jobs, problems
