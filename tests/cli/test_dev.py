"""The local stack through its life. Each test starts real stacks, so each tells a whole story."""

import asyncio
import os
import signal
import subprocess
import uuid
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from cli.dev.postgres import programs
from tests.cli.dev_process import DevProcess, still_running
from tests.client import Student
from tests.deadline import LONGEST_SECONDS, eventually

pytestmark = pytest.mark.timeout(240)

KEYS = {
    "api_url",
    "temporal_address",
    "temporal_ui_url",
    "metrics_urls",
    "database_url",
    "webhook_secret",
    "psp_url",
    "psp_api_key",
    "admin_email",
    "admin_password",
    "processes",
}


async def test_two_stacks_side_by_side_one_stopped_one_killed_and_both_started_again(tmp_path: Path) -> None:
    stopped, killed = DevProcess(tmp_path / "stopped"), DevProcess(tmp_path / "killed")
    told, other = await asyncio.gather(stopped.up(), killed.up())
    assert set(told) == KEYS
    assert set(told["processes"]) == {"postgres", "temporal", "sandbox-psp", "worker", "api"}
    await check_addresses(told)
    await check_addresses(other)
    student = await sign_up(told)
    await check_link_to_the_temporal_ui(told, student)
    await check_staff_are_made(stopped, told)
    assert "already, as PID" in stopped.italiano("dev").stderr
    assert "already, as PID" in stopped.italiano("reset").stderr

    assert killed.send(signal.SIGKILL) == -signal.SIGKILL
    assert stopped.send(signal.SIGTERM) == 0
    assert still_running(told["processes"]) == {}, "a stop leaves no orphans"
    assert still_running(other["processes"]) == other["processes"], "killing leaves the next start some"
    os.kill(other["processes"]["postgres"], signal.SIGKILL)
    assert stopped.italiano("status").returncode == 1
    assert killed.italiano("status").returncode == 1

    told_again, other_again = await asyncio.gather(stopped.up(), killed.up())
    assert told_again | {"processes": {}} == told | {"processes": {}}
    assert other_again | {"processes": {}} == other | {"processes": {}}
    assert "Ended what a killed stack had left: " in killed.said
    assert still_running(other["processes"]) == {}
    await log_in(told_again, student.email, student.password)

    os.kill(other_again["processes"]["worker"], signal.SIGKILL)
    assert await killed.ended() == 1
    assert f"FAIL worker ended with exit code -9; the end of {killed.home}/logs/worker.log" in killed.said
    assert stopped.send(signal.SIGINT) == 0
    assert still_running(told_again["processes"] | other_again["processes"]) == {}
    assert stopped.italiano("reset").returncode == 0
    assert not stopped.home.exists()


async def test_a_stop_in_the_middle_of_starting_leaves_nothing_running(tmp_path: Path) -> None:
    stack = DevProcess(tmp_path / "stack")
    stack.start()

    async def engines_run() -> bool:
        return "[3/5]" in stack.said

    await eventually(engines_run)
    assert stack.send(signal.SIGTERM) == 0
    assert list(stack.home.glob("logs/*.pid")) == []
    assert [p.pid for p in psutil.process_iter() if any(str(stack.home) in word for word in words(p))] == []


async def check_addresses(told: dict[str, Any]) -> None:
    async with httpx2.AsyncClient(timeout=LONGEST_SECONDS) as http:
        for url in (
            f"{told['api_url']}/docs",
            told["temporal_ui_url"],
            f"{told['psp_url']}/healthz",
            *told["metrics_urls"],
        ):
            assert (await http.get(url)).status_code == 200, url
    psql = await asyncio.to_thread(run_psql, told["database_url"], "SELECT count(*) FROM payments")
    assert (psql.stdout, psql.stderr) == ("0\n", "")
    await log_in(told, told["admin_email"], told["admin_password"])


def run_psql(database_url: str, query: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [programs() / "psql", database_url, "-Atc", query]
    return subprocess.run(command, capture_output=True, text=True, check=False)


async def sign_up(told: dict[str, Any]) -> Student:
    async with httpx2.AsyncClient(base_url=told["api_url"], timeout=LONGEST_SECONDS) as http:
        return await Student.signup(http)


async def check_link_to_the_temporal_ui(told: dict[str, Any], student: Student) -> None:
    async with httpx2.AsyncClient(base_url=told["api_url"], timeout=LONGEST_SECONDS) as http:
        student.http = http
        key = uuid.uuid4().hex

        async def has_started() -> int:
            started = await student.start(key=key)
            assert started.is_success, started.text
            return int(started.json()["subscription_id"])

        subscription_id = await eventually(has_started)
        admin = Student(http, email=told["admin_email"], password=told["admin_password"])
        await admin.login()

        async def is_explained() -> dict[str, Any]:
            answer = await admin.get(f"/admin/subscriptions/{subscription_id}/explain")
            assert answer.is_success, answer.text
            explained: dict[str, Any] = answer.json()
            return explained

        explained = await eventually(is_explained)
    assert explained["links"]["temporal_ui"].startswith(f"{told['temporal_ui_url']}/namespaces/default/")


async def check_staff_are_made(stack: DevProcess, told: dict[str, Any]) -> None:
    """As a person types it: nothing but the running stack says where the books are."""
    for role in ("admin", "support"):
        email, password = f"{role}@scuola.example", "sette nani e una mela"
        made = stack.italiano(f"create-{role}", "--email", email, "--password", password)
        assert made.returncode == 0, made.stderr
        assert (await log_in(told, email, password)) == role


async def log_in(told: dict[str, Any], email: str, password: str) -> str:
    """The role that is found there."""
    async with httpx2.AsyncClient(base_url=told["api_url"], timeout=LONGEST_SECONDS) as http:
        person = Student(http, email=email, password=password)
        await person.login()
        role: str = (await person.get("/auth/me")).json()["role"]
        return role


def words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
