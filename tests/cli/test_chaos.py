"""`italiano chaos` as a person starts it; what it does is tried in tests/chaos."""

import os
import sys
from pathlib import Path

import pytest

from cli import chaos


def test_it_becomes_the_run_with_a_seed_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    began: list[list[str]] = []

    def execve(program: str, command: list[str], environment: dict[str, str]) -> None:
        assert (program, environment["PYTHONPATH"]) == (sys.executable, str(chaos.ROOT))
        began.append(command[1:])

    monkeypatch.setattr(os, "execve", execve)
    monkeypatch.chdir(tmp_path)
    chaos.run_chaos(seed=7, minutes=2.0, keep=Path("kept"))
    chaos.run_chaos(seed=None, minutes=8.0, keep=None)

    assert began[0] == ["-m", "tests.chaos", "--seed=7", "--minutes=2.0", f"--keep={tmp_path / 'kept'}"]
    module, name, seed, minutes = began[1]
    assert (module, name, minutes) == ("-m", "tests.chaos", "--minutes=8.0")
    assert seed.removeprefix("--seed=").isdecimal()


def test_outside_of_a_checkout_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(chaos, "STORM", tmp_path / "tests" / "chaos")

    with pytest.raises(SystemExit) as ended:
        chaos.run_chaos(seed=1, minutes=1.0, keep=None)

    assert str(ended.value.code).startswith("FAIL chaos runs from a source checkout")
