"""docs/security.md: every item has its line, and each line a test that there is, or the reason why not."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.tables import DOCS, Row, tables_of

TESTS = Path(__file__).parents[1]
ITEMS = 46

LONG = re.findall(
    r'^\$ ([A-Z_]+)=\d+ make test ARGS="(\S+)', (DOCS / "security.md").read_text(), re.MULTILINE
)

ROWS: list[Row] = [row for table in tables_of("security.md").values() for row in table if "tried by" in row]


@cache
def names_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text())
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def test_every_item_has_its_line() -> None:
    assert [int(row["item"]) for row in ROWS] == list(range(1, ITEMS + 1))


@pytest.mark.parametrize("row", ROWS, ids=[row["item"] for row in ROWS])
def test_what_a_line_names_is_there(row: Row) -> None:
    named = row["tried by"].split()

    assert row["what holds"]
    assert named or row["not so, and why"]
    for test in named:
        match = re.fullmatch(r"([a-z_/]+\.py)::(test_[a-z0-9_]+)", test)
        assert match, f"{test!r} is no name of a test"
        assert match[2] in names_in(TESTS / match[1]), f"{test} is not there"


def test_the_long_versions_are_asked_for_as_it_says() -> None:
    assert len(LONG) == 2
    assert all(f'os.environ.get("{variable}"' in (TESTS.parent / file).read_text() for variable, file in LONG)
