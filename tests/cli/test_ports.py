import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.dev.ports import DEFAULTS, Ports
from cli.dev.stack_error import StackError


@pytest.fixture(autouse=True)
def no_ports_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in DEFAULTS:
        monkeypatch.delenv(variable, raising=False)


def test_without_a_word_the_ports_are_the_known_ones() -> None:
    assert Ports.from_environment() == Ports(
        api=8000, temporal=7233, temporal_ui=8233, worker_metrics=9091, psp=8088
    )


def test_each_port_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, variable in enumerate(DEFAULTS, start=4001):
        monkeypatch.setenv(variable, str(number))
    assert Ports.from_environment() == Ports(
        api=4001, temporal=4002, temporal_ui=4003, worker_metrics=4004, psp=4005
    )


@pytest.mark.parametrize("value", ["http", "0", "-1", "65536", "8000.5", "٨٠٠٠"])
def test_what_is_no_port_number_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("API_PORT", value)
    with pytest.raises(StackError, match="API_PORT"):
        Ports.from_environment()


def test_two_servers_cannot_have_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_UI_PORT", "8000")
    with pytest.raises(StackError, match="API_PORT and TEMPORAL_UI_PORT are both 8000"):
        Ports.from_environment()


def test_a_taken_port_is_named_with_who_has_it_and_how_to_go_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "cli.main", "dev"],
            env=os.environ | {"ITALIANO_HOME": str(tmp_path / "home"), "API_PORT": str(port)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"FAIL port {port} is taken by PID {os.getpid()} (" in done.stderr
    assert "; try API_PORT=" in done.stderr
    assert "Postgres" not in done.stdout, "nothing is started before the checks"
