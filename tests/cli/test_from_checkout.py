"""`italiano chaos` and `italiano crash-points` as a person starts them: only that they are found."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import from_checkout
from cli.chaos import run_chaos
from cli.crash_points import run_crash_points

RUNS: dict[str, Callable[[], None]] = {
    "chaos": lambda: run_chaos(seed=1, minutes=1.0, keep=None),
    "crash-points": lambda: run_crash_points([], lanes=1, keep=None),
}


@pytest.fixture
def began(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """What this process would have become."""
    began: list[list[str]] = []

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        assert (program, environment["PYTHONPATH"]) == (sys.executable, str(from_checkout.ROOT))
        began.append(command[1:])

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.chdir(tmp_path)
    return began


def test_chaos_becomes_the_run_with_a_seed_of_its_own(began: list[list[str]], tmp_path: Path) -> None:
    run_chaos(seed=7, minutes=2.0, keep=Path("kept"))
    run_chaos(seed=None, minutes=8.0, keep=None)

    assert began[0] == ["-m", "tests.chaos", "--seed=7", "--minutes=2.0", f"--keep={tmp_path / 'kept'}"]
    module, name, seed, minutes = began[1]
    assert (module, name, minutes) == ("-m", "tests.chaos", "--minutes=8.0")
    assert seed.removeprefix("--seed=").isdecimal()


def test_crash_points_are_of_the_paths_that_are_named(began: list[list[str]], tmp_path: Path) -> None:
    run_crash_points([], lanes=4, keep=None)
    run_crash_points(["renewal", "freeze"], lanes=1, keep=Path("kept"))

    assert began == [
        ["-m", "tests.crash_points", "--lanes=4"],
        [
            *("-m", "tests.crash_points", "--path=renewal", "--path=freeze", "--lanes=1"),
            f"--keep={tmp_path / 'kept'}",
        ],
    ]


@pytest.mark.parametrize("command", RUNS)
def test_outside_of_a_checkout_it_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setattr(from_checkout, "ROOT", tmp_path)

    with pytest.raises(SystemExit) as ended:
        RUNS[command]()

    assert str(ended.value.code).startswith(f"FAIL {command} runs from a source checkout")
