"""`site/data/`: what templates see of it, what is refused, and pages made from its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment

from leadpages.build.config import Config, DataPages
from leadpages.build.data_files import Data, read_data
from leadpages.build.data_pages import pages_from_data, rows
from leadpages.core.errors import Problem

TEAM = {
    "team.toml": '[[team]]\nname = "Ana"\nsince = 2024-05-01\n\n[[team]]\nname = "Bo"\nsince = 2025-01-31\n',
    "team.yaml": "team:\n  - name: Ana\n    since: 2024-05-01\n\n  - name: Bo\n    since: 2025-01-31\n",
    "team.yml": "team: [{name: Ana, since: 2024-05-01},\n\n\n\n  {name: Bo, since: 2025-01-31}]\n",
    "team.json": '{"team": [\n{"name": "Ana", "since": "2024-05-01"},\n\n\n {"name": "Bo",\n"since": "2025-01-31"}]}',
}


def read(project: Path, files: dict[str, str | bytes]) -> tuple[Data, list[Problem]]:
    """Write files into `site/data/` and read them."""
    for name, content in files.items():
        file = project / "site/data" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_data(project)


def good(project: Path, files: dict[str, str | bytes]) -> Data:
    """The data of files with which nothing is wrong."""
    data, problems = read(project, files)
    assert problems == []
    return data


def shown(problems: list[Problem]) -> list[str]:
    """Each problem on one line, without its hint."""
    return [f"{problem.place}: {problem.message}" for problem in problems]


@pytest.mark.parametrize(("name", "content"), TEAM.items())
def test_every_format_gives_the_same(name: str, content: str, tmp_path: Path) -> None:
    """TOML, YAML and JSON give the same values, days as text, and know the lines of their tables."""
    data = good(tmp_path, {name: content})

    found = rows(data, "team.team")
    assert [dict(row.values) for row in found] == [
        {"name": "Ana", "since": "2024-05-01"},
        {"name": "Bo", "since": "2025-01-31"},
    ]
    assert {row.path for row in found} == {f"site/data/{name}"}
    assert [row.line for row in found] == ([2, 5] if not name.endswith((".toml", ".yml")) else [1, 5])


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_csv(sign: str, tmp_path: Path) -> None:
    """A CSV file is a list of tables of text; quoted cells hold signs and line breaks; empty lines are nothing."""
    text = (
        f'name{sign} price {sign}note\r\n"Big{sign} red"{sign} 12.50 {sign}"two\r\nlines"\r\n\r\nBlue{sign}9{sign}\r\n'
    )
    data = good(tmp_path, {"shop/products.csv": b"\xef\xbb\xbf" + text.encode()})

    found = rows(data, "shop.products")
    assert [(dict(row.values), row.line) for row in found] == [
        ({"name": f"Big{sign} red", "price": "12.50", "note": "two\nlines"}, 2),
        ({"name": "Blue", "price": "9", "note": ""}, 5),
    ]


def test_a_list_is_a_file(tmp_path: Path) -> None:
    """YAML and JSON files may be a list."""
    data = good(tmp_path, {"a.yaml": "- x: 1\n- x: 2\n", "b.json": '[\n{"x": 1},\n{"x": [2, {"y": "]}"}]}\n]'})

    assert [row.line for row in rows(data, "a")] == [1, 2]
    assert [row.line for row in rows(data, "b")] == [2, 3]


def test_yaml_keys_are_words_and_tables_may_build_on_others(tmp_path: Path) -> None:
    """`no` and `2024` are keys as they stand at any depth; `<<` takes over keys, and a table's own win."""
    text = "base: &base {colour: red, size: 1}\nbig: {<<: *base, size: 9}\nyears: {2024: {no: 1}}\n"

    assert good(tmp_path, {"a.yaml": text}).tree["a"] == {
        "base": {"colour": "red", "size": 1},
        "big": {"colour": "red", "size": 9},
        "years": {"2024": {"no": 1}},
    }


def test_templates_see_but_cannot_change_it(tmp_path: Path) -> None:
    """Templates reach everything by name, and have nothing that changes it."""
    data = good(tmp_path, {"team.yaml": "- name: Ana\n  skills: [a, b]\n", "my-shop/open.toml": "from = 09:30:00\n"})
    template = '{{ data.team[0].name }} {{ data.team[0].skills|join("+") }} {{ data["my-shop"].open.from }}'

    assert Environment(autoescape=True).from_string(template).render(data=data.tree) == "Ana a+b 09:30:00"
    for change in ("data.update({})", "data.team.append(1)", "data.team[0].update(name=1)"):
        with pytest.raises(Exception, match="has no attribute"):
            Environment(autoescape=True).from_string("{{ " + change + " }}").render(data=data.tree)


def test_digest(tmp_path: Path) -> None:
    """The digest is of names and content, not of times or the order in which the files were written."""
    one = good(tmp_path / "1", {"a.json": "[1]", "b.json": "[2]"}).digest

    assert good(tmp_path / "2", {"b.json": "[2]", "a.json": "[1]"}).digest == one
    assert good(tmp_path / "3", {"a.json": "[2]", "b.json": "[1]"}).digest != one
    assert read_data(tmp_path / "nowhere") == (Data({}, read_data(tmp_path / "4")[0].digest, {}, {}), [])


BAD: dict[str, tuple[dict[str, str | bytes], list[str]]] = {
    "ragged": (
        {"a.csv": "a,b\n1,2\n3\n4,5,6\n"},
        ["a.csv:3: 1 cells under a header of 2", "a.csv:4: 3 cells under a header of 2"],
    ),
    "header": (
        {"a.csv": "a,,a, \n"},
        ["a.csv:1: column 2 has no name", "a.csv:1: column 4 has no name", "a.csv:1: two columns are called `a`"],
    ),
    "empty-csv": ({"a.csv": "\n"}, ["a.csv:1: an empty table"]),
    "open-quote": ({"a.csv": 'a,b\n1,"2\n'}, ["a.csv:2: not valid CSV: unexpected end of data"]),
    "json": ({"a.json": '{"a": 1,\n "b": }'}, ["a.json:2:7: not valid JSON: expecting value"]),
    "json-nan": ({"a.json": '["NaN",\n  NaN]'}, ["a.json:2:3: `NaN` is no number in JSON"]),
    "json-infinity": ({"a.json": "[-Infinity]"}, ["a.json:1:2: `-Infinity` is no number in JSON"]),
    "json-twice": ({"a.json": '{"a": 1,\n "a": 2}'}, ["a.json:2:2: the key `a` stands twice in one table"]),
    "json-scalar": ({"a.json": "3"}, ["a.json:1: expected a list or a table around everything"]),
    "json-deep": ({"a.json": "[" * 100_000}, ["a.json:1: nested too deeply"]),
    "json-digits": ({"a.json": "[" + "9" * 5000 + "]"}, ["a.json:1: a number with too many digits"]),
    "toml": ({"a.toml": "a = \n"}, ["a.toml:1: not valid TOML: invalid value"]),
    "toml-nan": ({"a.toml": "a = nan\n"}, ["a.toml: the number `nan` is not finite"]),
    "yaml-tab": ({"a.yaml": "a:\n\tb: 1\n"}, ["a.yaml:2: a tab in the file"]),
    "yaml-twice": ({"a.yaml": "a:\n  - b: 1\n    b: 2\n"}, ["a.yaml:3: the key `b` stands twice"]),
    "yaml-twice-in-line": ({"a.yaml": "a: {b: 1, b: 2}\n"}, ["a.yaml:1: the key `b` stands twice"]),
    "yaml-text": ({"a.yaml": "just text\n"}, ["a.yaml:1: expected a list, or lines like `name: value`"]),
    "yaml-date": ({"a.yaml": "- x: 2026-02-31\n"}, ["a.yaml:1: `x: 2026-02-31` is not a real date"]),
    "yaml-merge": (
        {"a.yaml": "a:\n  <<: 3\n"},
        ["a.yaml:2: the file is not valid YAML: expected a mapping or list of mappings for merging, but found scalar"],
    ),
    "yaml-python": (
        {"a.yaml": "a: !!python/object/apply:os.system [x]\n"},
        ["a.yaml:1: the tag `tag:yaml.org,2002:python/object/apply:os.system` is not known"],
    ),
    "yaml-binary": ({"a.yaml": "a: !!binary aGk=\n"}, ["a.yaml: a value is of a kind that data cannot have: bytes"]),
    "yaml-self": ({"a.yaml": "a: &a [*a]\n"}, ["a.yaml:1: the file is too large or nested too deeply"]),
    "yaml-bomb": (
        {
            "a.yaml": "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{b}: &{b} [{','.join(['*' + a] * 10)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True))
        },
        ["a.yaml:1: the file is too large or nested too deeply"],
    ),
    "nul": ({"a.yaml": "a: 1\nb: \0\n"}, ["a.yaml:2: an invisible character, U+0000"]),
    "latin-1": ({"a.csv": b"a\nGr\xfc\xdfe\n"}, ["a.csv:2: not UTF-8: byte 0xfc at offset 4"]),
    "two-files": (
        {"team.toml": "", "team.yaml": "", "a.json": "{"},
        [
            "a.json:1:2: not valid JSON: expecting property name enclosed in double quotes",
            "team.yaml: site/data/team.yaml and site/data/team.toml have one name",
        ],
    ),
    "case": (
        {"Team.toml": "", "team.yaml": ""},
        ["team.yaml: site/data/team.yaml and site/data/Team.toml have one name"],
    ),
    "file-and-folder": (
        {"team.toml": "", "team/ana.toml": "", "team/bo.toml": ""},
        [
            "team/ana.toml: site/data/team/ and site/data/team.toml have one name",
            "team/bo.toml: site/data/team/ and site/data/team.toml have one name",
        ],
    ),
    "no-data": ({"README.md": "# Data"}, ["README.md: this is no data file, and nothing uses it"]),
    "mojibake": ({"a.csv": "a\nGrÃ¼ÃŸe\n"}, ["a.csv:2:1: `GrÃ¼ÃŸe` was decoded wrongly once"]),
}


@pytest.mark.parametrize(("files", "expected"), BAD.values(), ids=BAD)
def test_what_is_wrong(files: dict[str, str | bytes], expected: list[str], tmp_path: Path) -> None:
    """Whatever a file holds, its problems say where; nothing else happens."""
    _, problems = read(tmp_path, files)

    assert shown(problems) == [f"site/data/{line}" for line in expected]
    assert all(len(problem.message) < 200 for problem in problems)


def test_links_out(tmp_path: Path) -> None:
    """A link to a file outside the project is not read."""
    (tmp_path / "secret.json").write_text("[1]")
    (tmp_path / "project/site/data").mkdir(parents=True)
    (tmp_path / "project/site/data/a.json").symlink_to(tmp_path / "secret.json")

    data, problems = read_data(tmp_path / "project")

    assert (data.tree, shown(problems)) == ({}, ["site/data/a.json: a link to a file outside the project"])


def pages(project: Path, text: str, **keys: str) -> tuple[list[tuple[str, str, int]], list[str]]:
    """The address, title and line of each page that `products.csv` gives, and the problems."""
    spec = DataPages.model_validate({"data": "products", "permalink": "/p/{slug}/", "title": "{name}", **keys})
    made, problems = pages_from_data(spec, good(project, {"products.csv": text}), Config(), 7)
    return [(page.url, page.title, page.row.line) for page in made], shown(problems)


def test_pages_from_rows(tmp_path: Path) -> None:
    """Each row is a page; columns are slugs in its address and text in its title."""
    made, problems = pages(tmp_path, "slug,name\nBig Lamp,The {slug} lamp\nkühl,Kühl & klar\n", title="{name} ({slug})")

    assert problems == []
    assert made == [
        ("/p/big-lamp/", "The {slug} lamp (Big Lamp)", 2),
        ("/p/kühl/", "Kühl & klar (kühl)", 3),
    ]


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        ("slug,title\na,A\n", {}, "site/data/products.csv:2: there is no `name` in this row"),
        ("slug,name\n,A\n", {}, "site/data/products.csv:2: `slug` is empty, and part of the page's address or title"),
        ("slug,name\n!,A\n", {}, "site/data/products.csv:2: `slug` is `!`, and part of the page's address or title"),
        (
            "slug,name\na,A\n",
            {"permalink": "/f/{slug}/"},
            "site/data/products.csv:2: the address `/f/a/` is not possible: it is a path that the form handler answers",
        ),
        ("slug,name\na,A\n", {"data": "product"}, "leadpages.toml:7: there is no data `product`"),
        ("slug,name\na,A\n", {"data": "products.name"}, "leadpages.toml:7: there is no data `products.name`"),
    ],
)
def test_pages_that_cannot_be(text: str, keys: dict[str, str], expected: str, tmp_path: Path) -> None:
    """A row that gives no page says why, at its line; a wrong name of data is the configuration's problem."""
    assert pages(tmp_path, text, **keys) == ([], [expected])


def test_hints(tmp_path: Path) -> None:
    """A name that is nearly right is answered with the right one."""
    data = good(tmp_path, {"shop/products.csv": "slug,name\na,A\n", "team.toml": "lead = 'Ana'\n"})
    cases: dict[str, Any] = {
        "shop.product": "did you mean `shop.products`?",
        "x": "known: shop, team",
        "team.lead": "pages are made from rows",
    }
    for name, hint in cases.items():
        with pytest.raises(ValueError) as refused:
            rows(data, name)
        assert refused.value.args[1] == hint
