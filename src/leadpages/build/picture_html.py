"""`<picture>`: an image in every format and width that there is of it.

https://html.spec.whatwg.org/multipage/embedded-content.html#the-picture-element
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import escape

from leadpages.build.images import MODERN, ImageFile
from leadpages.build.variants import ImageOptions, variants
from leadpages.core.templates import absolute


def picture(
    image: ImageFile,
    options: ImageOptions,
    *,
    alt: str,
    sizes: str,
    class_: str,
    lazy: bool,
    title: str,
    attributes: Mapping[str, str],
    root: str,
) -> str:
    """The element for `image`, whose addresses begin with `root`; `<img>` alone where there is but one file.

    An original that is wider than all widths of `options` is left out where its own format has a variant.
    `sizes` says how wide it is shown. `attributes` are the writer's own and win. One that is not `lazy` is what
    visitors see first.
    """
    facts = image.facts
    words = dict(attributes)
    shown = words.get("width", "")
    if shown.isdecimal() and facts.width and "height" not in words:
        words["height"] = str(max(1, round(int(shown) * facts.height / facts.width)))
        sizes = f"{shown}px"
    sizes = words.pop("sizes", sizes)
    found: dict[str, list[tuple[str, int]]] = {}
    for variant in variants(image, options):
        found.setdefault(variant.format, []).append((variant.url, variant.width))
    own = found.pop(facts.format, [])
    if not own or options.widest(facts.width) == facts.width:
        own.append((image.url, facts.width))
    srcset = _srcset(own, root) if len(own) > 1 else ""
    img = img_html(
        {
            "class": class_,
            "src": absolute(root, own[-1][0]),
            "srcset": srcset,
            "sizes": sizes if srcset else "",
            "width": str(facts.width or ""),
            "height": str(facts.height or ""),
            "alt": alt,
            "title": title,
        }
        | words,
        lazy=lazy,
    )
    if facts.format in MODERN and found:
        found[facts.format] = own
    sources = [name for name in MODERN if name in found]
    if sources[-1:] == [facts.format]:  # that one is the <img>
        sources.pop()
    made = [
        f'<source type="image/{name}" srcset="{escape(_srcset(found[name], root))}" sizes="{escape(sizes)}">'
        for name in sources
    ]
    return f"<picture>{''.join(made)}{img}</picture>" if made else img


def img_html(words: Mapping[str, str], *, lazy: bool) -> str:
    """An `<img>` with those of its attributes that say something; `alt` always does."""
    loading = {"loading": "lazy"} if lazy else {"fetchpriority": "high"}
    said = {**words, **{name: value for name, value in loading.items() if name not in words}, "decoding": "async"}
    kept = {name: value for name, value in said.items() if value or name == "alt"}
    return "<img" + "".join(f' {name}="{escape(value)}"' for name, value in kept.items()) + ">"


def _srcset(files: Sequence[tuple[str, int]], root: str) -> str:
    return ", ".join(f"{absolute(root, url)} {width}w" for url, width in files)
