"""Following the links that lead outside: many at once, few to one host, and what was seen lately not again."""

from __future__ import annotations

import json
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urldefrag, urlsplit

from leadpages.core.errors import Edit, Problem

if TYPE_CHECKING:
    from leadpages.build.link_request import Answer, Limits

#: Path in the project, line and column, as in a problem.
Place = tuple[str, int, int]
Progress = Callable[[str, int, int], None]

_VERSION: Final = 1
#: Addresses that Markdown, front matter and HTML take as they are.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~:/?#@!$&+,;=%-]+")


def check_external(
    links: Mapping[str, Sequence[Place]],
    cache: Path,
    now: datetime,
    limits: Limits | None = None,
    *,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Problem]:
    """A warning for each place that links to an outside address that is broken, or has moved for good.

    `links` are addresses as they are written, and where; those of other schemes than `http` and `https` are left
    out. Answers are kept in the file `cache`, which may be missing, damaged or deleted at any time. All are warnings:
    what others do with their hosts is no fault of the site, and `--strict` is there for who sees it otherwise.
    """
    # Imported here: only this check needs urllib3.
    from leadpages.build.link_request import Limits

    limits = limits or Limits()
    wanted = {url: address for url, places in links.items() if places and (address := _address(url))}
    answers = _read_cache(cache, now, limits)
    todo = sorted(set(wanted.values()) - answers.keys())
    new: dict[str, Answer] = {}
    try:
        for number, (url, answer) in enumerate(_follow_all(todo, limits, sleep, monotonic), 1):
            if answer:
                new[url] = answer
            if progress:
                progress("Following links", number, len(todo))
    finally:  # also when someone stops it: what was asked need not be asked again
        if new:
            _write_cache(cache, answers, {url: answer for url, answer in new.items() if answer.lasting}, now)
    seen = {url: answer for url, (_, answer) in answers.items()} | new
    return [*_problems(links, wanted, seen), *_not_followed(links, wanted, seen)]


def _address(url: str) -> str:
    """The address to ask for `url`, without what only a browser needs; "" for one that is not of the web."""
    try:
        parts = urlsplit(f"https:{url}" if url.startswith("//") else url)
    except ValueError:  # half an IPv6 address; whoever asks for it says so
        return url if re.match(r"https?:", url, re.IGNORECASE) else ""
    if parts.scheme not in ("http", "https"):
        return ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def _follow_all(
    todo: Sequence[str], limits: Limits, sleep: Callable[[float], None], monotonic: Callable[[], float]
) -> Iterator[tuple[str, Answer | None]]:
    """Each address with its answer, as they come; None for those that there was no time for."""
    deadline = monotonic() + limits.total
    lanes: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    found: queue.SimpleQueue[tuple[str, Answer | None]] = queue.SimpleQueue()
    count = 0
    for lane in _lanes(todo, limits.per_host):
        lanes.put(lane)
        count += 1

    def work() -> None:
        from leadpages.build.link_request import Answer, Client, OutOfTime

        with Client(limits, deadline, monotonic, sleep) as client, suppress(queue.Empty):
            while True:
                for url in lanes.get_nowait():
                    try:
                        found.put((url, client.follow(url)))
                    except OutOfTime:
                        found.put((url, None))
                    except Exception as error:  # a fault of ours is no reason to wait for this thread for ever
                        found.put((url, Answer(f"cannot be followed: {error}", lasting=False)))

    for _ in range(min(limits.at_once, count)):
        # Daemons: a name server that does not answer holds its thread, and must not hold the program.
        threading.Thread(target=work, daemon=True).start()
    waiting = dict.fromkeys(todo)
    while waiting:
        try:
            url, answer = found.get(timeout=max(0.0, deadline - monotonic()) + limits.timeout)
        except queue.Empty:
            break
        del waiting[url]
        yield url, answer
    yield from ((url, None) for url in waiting)


def _lanes(urls: Sequence[str], per_host: int) -> list[list[str]]:
    """The addresses in groups, each asked one after the other; at most `per_host` groups have the same host."""
    hosts: dict[str, list[str]] = {}
    for url in urls:
        hosts.setdefault(url.split("/", 3)[2].casefold() if url.count("/") >= 2 else url, []).append(url)
    lanes = [group[start::per_host] for group in hosts.values() for start in range(min(per_host, len(group)))]
    return sorted(lanes, key=len, reverse=True)  # the longest first, so that none is left for the end


def _problems(
    links: Mapping[str, Sequence[Place]], wanted: Mapping[str, str], seen: Mapping[str, Answer]
) -> Iterator[Problem]:
    for url, address in sorted(wanted.items()):
        answer = seen.get(address)
        if answer is None or not (answer.fault or answer.moved):
            continue
        hint, edit = "", None
        message = f"link to `{url}`, which {answer.fault}"
        if not answer.fault:
            new = _with_fragment(answer.moved, url)
            message, edit = f"link to `{url}`, which has moved to `{new}`", _edit(url, new)
            hint = "write the new address" if edit else "see what is there now, and link to what you mean"
        elif answer.fault.startswith("leads to this machine"):
            hint = "write an address that visitors can reach"
        for path, line, column in dict.fromkeys(links[url]):
            yield Problem(path, line, message, hint, "warning", "external-link", column, edit)


def _with_fragment(moved: str, url: str) -> str:
    fragment = urldefrag(url).fragment
    return f"{moved}#{fragment}" if fragment else moved


def _edit(url: str, new: str) -> Edit | None:
    """The mend for an address that has moved, where it is safe.

    Sent from a page to the top of a site, a visitor most often finds that the page is gone.
    """
    to_the_top = urlsplit(new).path in ("", "/") and urlsplit(url).path not in ("", "/")
    return None if to_the_top or not _PLAIN.fullmatch(new) else Edit(url, new)


def _not_followed(
    links: Mapping[str, Sequence[Place]], wanted: Mapping[str, str], seen: Mapping[str, Answer]
) -> list[Problem]:
    left = {address for address in wanted.values() if address not in seen}
    if not left:
        return []
    path, line, column = min(place for url, address in wanted.items() if address in left for place in links[url])
    what = "1 outside link was" if len(left) == 1 else f"{len(left)} outside links were"
    message, hint = f"{what} not followed: the time was up", "run it again: what was followed is remembered"
    return [Problem(path, line, message, hint, "warning", "external-link", column)]


def _read_cache(file: Path, now: datetime, limits: Limits) -> dict[str, tuple[datetime, Answer]]:
    """The answers that are still good, and when they came. Anything that does not look like one is left out."""
    from leadpages.build.link_request import Answer

    try:
        stored = json.loads(file.read_bytes())
        entries = stored["links"] if stored["version"] == _VERSION else {}
        items = list(entries.items())
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    kept = {}
    for url, entry in items:
        with suppress(ValueError, TypeError, KeyError):
            at = datetime.fromisoformat(entry["at"])
            fault, moved = entry["fault"], entry["moved"]
            longest = limits.keep_bad if fault else limits.keep_good
            if isinstance(fault, str) and isinstance(moved, str) and timedelta() <= now - at < longest:
                kept[url] = at, Answer(fault, moved)
    return kept


def _write_cache(
    file: Path, kept: Mapping[str, tuple[datetime, Answer]], new: Mapping[str, Answer], now: datetime
) -> None:
    """Best effort: without it, the next check asks again."""
    entries: dict[str, Any] = {
        url: {"at": at.isoformat(), "fault": answer.fault, "moved": answer.moved}
        for url, (at, answer) in {**kept, **{url: (now, answer) for url, answer in new.items()}}.items()
    }
    text = json.dumps({"version": _VERSION, "links": entries}, ensure_ascii=False, indent=1, sort_keys=True)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        written = file.with_name(f"{file.name}.{os.getpid()}.new")
        written.write_text(text + "\n", "utf-8")
        written.replace(file)
