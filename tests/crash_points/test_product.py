"""The product has no crash points: no build of it could be told to die."""

from tests.architecture.test_source_tree import ROOMS, ROOT, tracked_files

MARKS = ("CRASH_POINT", "tests.crash_points", "SIGKILL")


def test_no_line_of_the_product_knows_of_them() -> None:
    found = [
        (str(path.relative_to(ROOT)), mark)
        for path in tracked_files()
        if path.relative_to(ROOT).parts[0] in ROOMS and path.suffix == ".py"
        for mark in MARKS
        if mark in path.read_text()
    ]

    assert found == []
