"""docs/seeded-bugs.md: each bug has its line, with a test that there is; and its commands are as it says."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.named_tests import check_is_there
from tests.docs.tables import DOCS, Row, tables_of
from tests.docs.test_readme import bash_blocks
from tests.seeded_bugs.bugs import BUGS

ROWS: list[Row] = [row for table in tables_of("seeded-bugs.md").values() for row in table]
IN_ORDER = sorted(BUGS, key=lambda bug: bug.is_reserve)


def test_each_bug_has_its_line() -> None:
    assert [(row["bug"], row["in"]) for row in ROWS] == [(bug.name, bug.file) for bug in IN_ORDER]


@pytest.mark.parametrize("row", ROWS, ids=[row["bug"] for row in ROWS])
def test_what_caught_it_is_there(row: Row) -> None:
    check_is_there(row["caught by"])


def test_it_is_asked_for_as_it_says() -> None:
    [block] = bash_blocks(DOCS / "seeded-bugs.md")
    for command in block.splitlines():
        python, *asked = command.partition(" #")[0].split()
        assert Path(python) == Path(".venv/bin/python")
        told = subprocess.run(
            [sys.executable, *asked, "--help"], capture_output=True, text=True, timeout=120, check=True
        )
        assert "NAME" in told.stdout
        assert {name for name in asked[2:] if not name.startswith("--")} <= {bug.name for bug in BUGS}
