"""Settings of a command that looks into the books: the environment's, else those of the stack that runs."""

import os
import sys
from typing import TYPE_CHECKING

from ops.load_settings import load_settings
from ops.settings import Settings

if TYPE_CHECKING:
    from cli.dev.found_stack import FoundStack


def operator_settings() -> Settings:
    """Ends the process when there is neither. The stack's Temporal is named in the environment, too."""
    if "DATABASE_URL" in os.environ:
        return load_settings()
    stack = _running_stack()
    if stack is None:
        sys.exit("FAIL DATABASE_URL is not set, and no stack is running here")
    os.environ.setdefault("TEMPORAL_ADDRESS", stack.status.temporal_address)
    return _settings_of(stack)


def name_running_stack() -> None:
    """For a command that only looks into Temporal: without an address of its own it is the stack's."""
    if "TEMPORAL_ADDRESS" in os.environ or "TEMPORAL_CONFIG_FILE" in os.environ:
        return
    stack = _running_stack()
    if stack is not None:
        os.environ["TEMPORAL_ADDRESS"] = stack.status.temporal_address


def _running_stack() -> "FoundStack | None":
    try:
        from cli.dev.found_stack import find_running  # noqa: PLC0415 - as below
    except ModuleNotFoundError:  # what runs one is not part of the production image
        return None
    return find_running()


def _settings_of(stack: "FoundStack") -> Settings:
    from cli.dev.found_stack import settings_of  # noqa: PLC0415 - only where a stack can run
    from cli.dev.stack_error import StackError  # noqa: PLC0415 - as above

    try:
        return settings_of(stack)
    except StackError as refused:
        sys.exit(f"FAIL {refused}")
