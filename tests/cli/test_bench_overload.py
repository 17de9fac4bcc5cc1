"""`italiano bench overload` as a person starts it, against an API that takes two requests at a time."""

import asyncio
import json
from pathlib import Path
from typing import Any

from cli.dev.processes import ProductProcess
from tests.cli.shown_home import italiano, shown_home
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import Stack

TINY = ("--turns", "8", "--times", "4", "--seconds", "2", "--recovery", "0")


async def test_what_is_too_much_is_refused_and_nothing_that_was_taken_is_lost(
    stack: Stack, tmp_path: Path
) -> None:
    port = free_port()
    narrow = stack.environment | {"API_PORT": str(port), "BILLING_REQUESTS_AT_ONCE": "2"}
    api = ProductProcess.api(port, narrow, tmp_path / "api.log")
    await api.start()
    try:
        with shown_home(stack, tmp_path / "home", api_url=f"http://127.0.0.1:{port}") as home:

            async def is_too_much() -> tuple[int, dict[str, Any]]:
                """Four times of what it took in a moment in which all stood still is not."""
                done = await asyncio.to_thread(italiano, home, "bench", "overload", *TINY, "--json")
                told = json.loads(done.stdout)
                assert sum(each["refused"] for each in told["answers"].values()) > 0
                return done.returncode, told

            code, told = await eventually(is_too_much)
    finally:
        await api.stop()

    assert [failure for failure in told["failures"] if "as before" not in failure] == []
    assert (code == 0) == (told["failures"] == [])
    answers = told["answers"]
    assert {status for each in answers.values() for status in each["statuses"]} <= {"200", "201", "503"}
    assert answers["start"]["succeeded"] == told["taken"]["starts"] > 0
    assert answers["webhook"]["succeeded"] == told["taken"]["webhooks"]
    assert all(each["sent"] == each["succeeded"] + each["refused"] for each in answers.values())
