"""Tests that a page names, as `room/test_file.py::test_name`."""

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]


def check_is_there(test: str) -> None:
    """Fails when there is no such test."""
    match = re.fullmatch(r"([a-z_/]+\.py)::(test_[a-z0-9_]+)", test)
    assert match, f"{test!r} is no name of a test"
    assert match[2] in _names_in(TESTS / match[1]), f"{test} is not there"


@cache
def _names_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text())
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )
