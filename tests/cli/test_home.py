import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from cli.dev.home import Home
from cli.dev.leftovers import stop_leftovers
from cli.dev.secrets_kept import secrets_of
from cli.dev.stack_error import StackError


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_home_is_for_one_stack_at_a_time(home: Home) -> None:
    assert not home.is_in_use
    with home.claimed():
        assert home.is_in_use
        with pytest.raises(StackError, match=f"already, as PID {os.getpid()}"), home.claimed():
            pass
    assert not home.is_in_use


def test_a_home_that_cannot_be_made_is_refused_with_another_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StackError, match="start one elsewhere with ITALIANO_HOME"),
        Home(tmp_path / "file").claimed(),
    ):
        pass


def test_secrets_are_made_once_and_for_the_owner_only(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (
        "JWT_SECRET",
        "PAYMENTS_WEBHOOK_SECRET",
        "BILLING_PSP_API_KEY",
        "BILLING_ADMIN_PASSWORD",
    ):
        monkeypatch.delenv(variable, raising=False)
    with home.claimed():
        made = secrets_of(home)
        monkeypatch.setenv("PAYMENTS_WEBHOOK_SECRET", "given by the environment")
        given = secrets_of(home)
        monkeypatch.delenv("PAYMENTS_WEBHOOK_SECRET")
        assert secrets_of(home) == made
    assert given.webhook_secret == "given by the environment"
    assert given.jwt_secret == made.jwt_secret
    assert len({made.jwt_secret, made.webhook_secret, made.psp_api_key, made.admin_password}) == 4
    assert (home.folder / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert home.folder.stat().st_mode & 0o777 == 0o700


def test_wiping_leaves_what_is_not_ours(home: Home) -> None:
    with home.claimed():
        secrets_of(home)
        (home.folder / "diary.txt").write_text("mine")
        home.wipe()
    assert [path.name for path in home.folder.iterdir()] == ["diary.txt"]


def test_a_leftover_process_is_ended_but_not_its_successor_in_the_pid(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started_at = psutil.Process(process.pid).create_time()
        remember(tmp_path / "api.pid", process.pid, started_at - 3600)
        assert stop_leftovers(tmp_path) == []
        assert process.poll() is None

        remember(tmp_path / "api.pid", process.pid, started_at)
        (tmp_path / "worker.pid").write_text("{")
        assert stop_leftovers(tmp_path) == ["api"]
        assert process.wait(10) == -15
    assert list(tmp_path.iterdir()) == []


def remember(file: Path, pid: int, started_at: float) -> None:
    file.write_text(json.dumps({"pid": pid, "started_at": started_at, "stop_signal": 15}))
