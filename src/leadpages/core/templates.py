"""One way to fill the theme's templates, for pages on disk and for pages that the handler shows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from leadpages.core.forms import HONEYPOT_FIELD, PAGE_FIELD, PRESSED_FIELD, STARTED_FIELD
from leadpages.core.translations import COUNT, ENGLISH, Catalog, direction, fill, open_graph_locale, pick
from leadpages.core.uploads import size_in_words
from leadpages.core.urls import encode

if TYPE_CHECKING:
    from types import CodeType

    from jinja2 import BaseLoader, BytecodeCache, Environment
    from jinja2.bccache import Bucket
    from jinja2.runtime import Context
    from markupsafe import Markup

#: The catalogs of a site that says everything in English.
NO_CATALOGS: Final[Mapping[str, Catalog]] = {}
#: The addresses of a theme whose assets keep their names.
NO_ASSETS: Final[Mapping[str, str]] = {}


def environment(
    loader: BaseLoader,
    root: str,
    catalogs: Mapping[str, Catalog] = NO_CATALOGS,
    assets: Mapping[str, str] = NO_ASSETS,
) -> Environment:
    """A Jinja environment that escapes everything and knows what every template may call.

    `root` stands before every path of the site: its base path where pages link within one host, the site's URL
    where the handler may stand on another. `catalogs` are kept by language; `assets` say under which name, by their
    plain one, the theme's files go out. Templates have:

    `link(path)`: the href of a path of the site; other addresses stay as they are.
    `address(path)`: the same, absolute.
    `picture(path, alt="", sizes="100vw", class_="", lazy=True)`: an `<img>`; the build puts `<picture>` in its place.
    `image_size(path)`: width and height in pixels, or None; the build knows those of the site's images.
    `inline_style`: the theme's styles, on pages that must do without a file beside them; else "".
    `_(text, **gaps)`: English text in the language of the page (`site.language`).
    `size_in_words(bytes)`: like `5 MB`.
    `direction(language)` and `open_graph_locale(language)`: see `leadpages.core.translations`.
    """
    # Imported here: a post that is answered by a redirect fills no template.
    from jinja2 import Environment, StrictUndefined, pass_context

    env = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_compiled(),
    )

    def link(path: str) -> str:
        return absolute(root, assets.get(path, path))

    def picture(path: str, alt: str = "", sizes: str = "100vw", class_: str = "", lazy: bool = True) -> Markup:
        return _plain_image(link(path), alt, class_, lazy)

    @pass_context
    def words(context: Context, text: str, /, **gaps: object) -> str:
        language = context.resolve("site").language
        return _words(catalogs.get(language, ENGLISH), text, gaps)

    @pass_context
    def address(context: Context, path: str) -> str:
        return absolute(context.resolve("site").url, path)

    env.globals |= {
        "link": link,
        "address": address,
        "picture": picture,
        "image_size": lambda path: None,
        "inline_style": "",
        "_": words,
        "direction": direction,
        "open_graph_locale": open_graph_locale,
        "to_netlify": False,
        "honeypot_field": HONEYPOT_FIELD,
        "page_field": PAGE_FIELD,
        "pressed_field": PRESSED_FIELD,
        "started_field": STARTED_FIELD,
        "size_in_words": size_in_words,
    }
    return env


@cache
def _compiled() -> BytecodeCache:
    """What this process has compiled so far: a build has three environments, a preview some more at every change."""
    from jinja2 import BytecodeCache

    class Memory(BytecodeCache):
        def __init__(self) -> None:
            self._codes: dict[str, tuple[str, CodeType | None]] = {}

        def get_bucket(self, environment: Environment, name: str, filename: str | None, source: str) -> Bucket:
            # A template compiles otherwise where a filter is not known, or gets no context.
            known = " ".join(sorted(environment.filters))
            return super().get_bucket(environment, name, f"{filename!a} {known}", source)

        def load_bytecode(self, bucket: Bucket) -> None:
            checksum, code = self._codes.get(bucket.key, ("", None))
            bucket.code = code if checksum == bucket.checksum else None

        def dump_bytecode(self, bucket: Bucket) -> None:
            self._codes[bucket.key] = bucket.checksum, bucket.code

    return Memory()


def absolute(site_url: str, path: str) -> str:
    """The whole address of a URL path of the site; other addresses stay as they are, but percent-encoded."""
    return site_url + encode(path) if _is_of_site(path) else encode(path)


def _is_of_site(path: str) -> bool:
    return path.startswith("/") and not path.startswith("//")


def _words(catalog: Catalog, text: str, gaps: Mapping[str, Any]) -> str:
    """The translation as HTML: its own words are escaped, and so are the values of gaps unless they are markup."""
    from markupsafe import Markup, escape

    found = pick(catalog, text, gaps.get(COUNT))
    return Markup(fill(escape(found), gaps, escape))  # noqa: S704  (escaped here)


def _plain_image(href: str, alt: str, class_: str, lazy: bool) -> Markup:
    from markupsafe import Markup

    classes = Markup(' class="{}"').format(class_) if class_ else ""
    loading = Markup(' loading="lazy"') if lazy else ""
    return Markup('<img{} src="{}" alt="{}"{}>').format(classes, href, alt, loading)
