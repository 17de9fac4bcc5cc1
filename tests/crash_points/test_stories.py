from pathlib import Path

from tests.crash_points.stories import STORIES

PAGE = Path(__file__).parents[2] / "docs/crash-points.md"


def test_each_path_is_in_the_table_of_the_page() -> None:
    rows = [line.split("|")[1].strip() for line in PAGE.read_text().splitlines() if line.startswith("|")]

    assert [row for row in rows if row in STORIES] == list(STORIES)
