"""`italiano dev`: the whole product on one machine, until it is stopped."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, NoReturn, TypeVar

from rich.console import Console

from cli.dev.home import Home
from cli.dev.leftovers import stop_leftovers
from cli.dev.ports import Ports
from cli.dev.secrets_kept import secrets_of
from cli.dev.stack_error import StackError
from cli.dev.status import FILE as STATUS
from cli.dev.status import PRODUCT, print_panel
from cli.dev.steps import Steps
from ops.leaving import leave

if TYPE_CHECKING:
    from cli.dev.stack import LocalStack

GLANCE_SECONDS = 0.2

Result = TypeVar("Result")


def run_dev(*, with_parent: bool) -> None:
    home = Home.from_environment()
    try:
        with home.claimed():
            asyncio.run(_run(home, Console(highlight=False), os.getppid() if with_parent else None))
    except StackError as error:
        _leave(1, str(error))
    _leave(0)


async def _run(home: Home, console: Console, parent: int | None) -> None:
    """Starts the stack, waits for a reason to end it, and ends it."""
    stop = _asked_to_stop()
    steps = Steps(console, total=5)
    with steps.step("Checks"):
        stack = _checked(home, console)
    try:
        running = await _unless(stop, stack.start(steps))
        if running is not None:
            running.keep(home)
            print_panel(console, running, f"{PRODUCT} is ready in {steps.seconds:.1f} s", home)
            await _unless(stop, _something_ended(stack, parent))
        console.print("Stopping (Ctrl-C again: at once)")
    finally:
        home.forget(STATUS)
        stop.clear()
        await _unless(stop, stack.stop())
        stack.kill()


def _asked_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        under_nohup = sign == signal.SIGHUP and signal.getsignal(sign) == signal.SIG_IGN
        if not under_nohup:
            asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    return stop


def _checked(home: Home, console: Console) -> "LocalStack":
    leftovers = stop_leftovers(home.logs)
    if leftovers:
        console.print(f"Ended what a killed stack had left: {', '.join(leftovers)}")
    home.set_old_logs_aside()
    ports = Ports.from_environment()
    ports.check_free()
    from cli.dev.stack import LocalStack  # noqa: PLC0415 - takes long; a taken port is told at once

    return LocalStack(home, ports, secrets_of(home))


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, Result]) -> Result | None:
    """What the work gives; None when it was cut short because somebody wants to stop."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not working.done():
        working.cancel()
    try:
        return await working
    except asyncio.CancelledError:
        return None


async def _something_ended(stack: "LocalStack", parent: int | None) -> None:
    """Waits for the parent to end. Raises `StackError` when a process of the stack does."""
    while parent is None or os.getppid() == parent:
        failure = stack.failure()
        if failure is not None:
            raise StackError(failure)
        await asyncio.sleep(GLANCE_SECONDS)


def _leave(code: int, message: str = "") -> NoReturn:
    if message:
        print(f"FAIL {message}", file=sys.stderr)
    leave(code)
