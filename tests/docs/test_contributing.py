"""CONTRIBUTING.md: every folder of tests is told, and none that is gone."""

from tests.architecture.test_source_tree import ROOT, tracked_files
from tests.docs.tables import tables_of


def test_each_folder_of_tests_is_in_the_table() -> None:
    paths = [path.relative_to(ROOT).parts for path in tracked_files()]
    folders = {"/".join(parts[:2]) for parts in paths if parts[0] == "tests" and len(parts) > 2}
    told = [name for row in tables_of("../CONTRIBUTING.md")["Tests"] for name in row["folder"].split(", ")]

    assert sorted(told) == sorted(folders)
