"""The bugs still fit the code: each replaces a text that is there once, and leaves Python behind."""

import ast
from pathlib import Path

import pytest

from tests.seeded_bugs.bug import Bug, BugDoesNotFitError
from tests.seeded_bugs.bugs import BUGS

ROOT = Path(__file__).parents[2]


def _copied(bug: Bug, tree: Path) -> Path:
    copy = tree / bug.file
    copy.parent.mkdir(parents=True)
    copy.write_text((ROOT / bug.file).read_text())
    return copy


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_fits(bug: Bug, tmp_path: Path) -> None:
    copy = _copied(bug, tmp_path)
    bug.put_into(tmp_path)
    assert ast.dump(ast.parse(copy.read_text())) != ast.dump(ast.parse((ROOT / bug.file).read_text()))
    assert all((ROOT / room).exists() for room in bug.near)


def test_a_bug_that_fits_no_more_says_so(tmp_path: Path) -> None:
    _copied(BUGS[0], tmp_path)
    BUGS[0].put_into(tmp_path)
    with pytest.raises(BugDoesNotFitError):
        BUGS[0].put_into(tmp_path)


def test_each_has_a_name_of_its_own_and_a_part_of_the_whole() -> None:
    assert len({bug.name for bug in BUGS}) == len(BUGS)
    assert (sum(not bug.is_reserve for bug in BUGS), sum(bug.is_reserve for bug in BUGS)) == (25, 5)
