import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    "domain",
    "workflows",
    "activities",
    "payments",
    "upkeep",
    "api",
    "worker",
    "db",
    "ops",
    "sandbox_psp",
    "cli",
)

WORDS_THAT_SAY_NOTHING = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "managers",
    "service",
    "services",
    "common",
}

# Where packages are downloaded from is the business of whoever installs them.
PACKAGE_INDEXES = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(org|com)|debian\.org|proxy\.golang\.org")
PATHS_OF_ONE_MACHINE = re.compile(r"(?<![\w.-])/(work|root|home|Users)/\w")


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_package_markers_are_empty() -> None:
    markers = [marker for room in ROOMS for marker in (ROOT / room).rglob("__init__.py")]

    assert len(markers) >= len(ROOMS)
    assert [marker for marker in markers if marker.read_text()] == []


def test_names_say_what_is_inside() -> None:
    parts = {part for path in tracked_files() for part in path.relative_to(ROOT).with_suffix("").parts}
    words = {word: part for part in parts for word in re.split(r"[^a-z]+", part.lower())}

    assert WORDS_THAT_SAY_NOTHING & words.keys() == set()


@pytest.mark.parametrize(
    "pattern", [PACKAGE_INDEXES, PATHS_OF_ONE_MACHINE], ids=["package index", "machine path"]
)
def test_no_tracked_file_names_a_package_index_or_one_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        for match in pattern.finditer(path.read_text(errors="replace"))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (PACKAGE_INDEXES, "index-url = https://" + "pypi" + ".org/simple"),
        (PACKAGE_INDEXES, "https://files." + "pythonhosted" + ".org/packages/x.whl"),
        (PATHS_OF_ONE_MACHINE, "cd /" + "home/somebody/italiano"),
        (PATHS_OF_ONE_MACHINE, "see /" + "work/notes.md"),
    ],
)
def test_package_indexes_and_machine_paths_are_recognized(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
