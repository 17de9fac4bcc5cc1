"""`italiano demo`: the year of one subscription over real HTTP, a story that must come out as told."""

import sys
import time

import httpx2
from rich.console import Console

from cli.demo.caller import Caller, NotAsToldError
from cli.demo.story import Story, workflow_page
from cli.dev.found_stack import FoundStack, find_running, temporary_stack
from cli.dev.stack_error import StackError

HTTP_SECONDS = 90


def run_demo() -> None:
    console = Console(highlight=False)
    began = time.monotonic()
    try:
        running = find_running()
        if running is not None:
            _tell(running, console)
        else:
            console.print("No stack is running here: starting one for this demo", soft_wrap=True)
            with temporary_stack() as own:
                console.print(f"It is ready after {time.monotonic() - began:.1f} s", soft_wrap=True)
                _tell(own, console)
    except (NotAsToldError, StackError) as error:
        sys.exit(f"FAIL {error}")
    except httpx2.TransportError as error:
        sys.exit(f"FAIL the API does not answer: {error!r}")
    console.print(f"\nDone in {time.monotonic() - began:.1f} s", soft_wrap=True)


def _tell(stack: FoundStack, console: Console) -> None:
    status = stack.status
    with httpx2.Client(base_url=status.api_url, timeout=HTTP_SECONDS, trust_env=False) as http:
        caller = Caller(http, console)
        caller.say(f"Every line is a request to {status.api_url}")
        workflow = Story(caller, status).tell()
    console.print("\n[bold]Where to look[/bold]", soft_wrap=True)
    if stack.is_temporary:
        console.print("   This stack ends with the demo. `make up` keeps one; then `make demo` uses it.")
        return
    for label, address in (
        ("this workflow", workflow_page(status.temporal_ui_url, workflow)),
        ("API documentation", f"{status.api_url}/docs"),
        ("metrics", f"{status.api_url}/metrics"),
    ):
        console.print(f"   {label:<20}{address}", markup=False, soft_wrap=True)
