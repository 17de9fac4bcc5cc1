"""Rules, workflows and activities are given the time, so that a subscription can have a clock of its own."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "workflows", "activities")

WHOLE_MODULES = {"random", "secrets", "time"}
NAMES = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "os.urandom",
    "uuid.uuid1",
    "uuid.uuid4",
}


def clocks_and_dice(source: str) -> list[str]:
    """What in the source reads a clock or draws a random number, by its full name."""
    tree = ast.parse(source)
    imported = dict(_imports(tree))
    names = {
        _full_name(node, imported) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)
    }
    return sorted(name for name in names | set(imported.values()) if _is_forbidden(name))


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _full_name(node: ast.expr, imported: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_full_name(node.value, imported)}.{node.attr}"
    return imported.get(node.id, "") if isinstance(node, ast.Name) else ""


def _is_forbidden(name: str) -> bool:
    return name in NAMES or name.partition(".")[0] in WHOLE_MODULES


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import datetime\ndatetime.datetime.now(datetime.UTC)", ["datetime.datetime.now"]),
        ("from datetime import datetime as dt\nnow = dt.utcnow", ["datetime.datetime.utcnow"]),
        ("from datetime import date\ndate.today()", ["datetime.date.today"]),
        ("import time\ntime.monotonic()", ["time", "time.monotonic"]),
        ("from time import sleep", ["time.sleep"]),
        ("import random as dice", ["random"]),
        ("from uuid import uuid4\nuuid4()", ["uuid.uuid4"]),
        ("import os\nos.urandom(8)", ["os.urandom"]),
        ("from datetime import datetime, time\ndatetime(2026, 1, 1)\ntime.min", []),
        ("from temporalio import workflow\nworkflow.now()\nworkflow.uuid4()\nworkflow.random()", []),
        ("def at(now: object) -> object:\n    return now.time()", []),
    ],
)
def test_clocks_and_dice_are_recognized(source: str, found: list[str]) -> None:
    assert clocks_and_dice(source) == found


@pytest.mark.parametrize("room", ROOMS)
def test_room_reads_no_clock_and_draws_no_random_number(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    found = {str(module.relative_to(ROOT)): clocks_and_dice(module.read_text()) for module in modules}

    assert modules
    assert {module: names for module, names in found.items() if names} == {}
