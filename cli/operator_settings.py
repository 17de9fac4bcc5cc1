"""Settings of a command that looks into the books: the environment's, else those of the stack that runs."""

import os
import sys

from ops.load_settings import load_settings
from ops.settings import Settings


def operator_settings() -> Settings:
    """Ends the process when there is neither. The stack's Temporal is named in the environment, too."""
    if "DATABASE_URL" in os.environ:
        return load_settings()
    # Not part of the production image: there the environment says it.
    from cli.dev.found_stack import find_running, settings_of  # noqa: PLC0415 - see above

    stack = find_running()
    if stack is None:
        sys.exit("FAIL DATABASE_URL is not set, and no stack is running here")
    os.environ.setdefault("TEMPORAL_ADDRESS", stack.status.temporal_address)
    return settings_of(stack)


def name_running_stack() -> None:
    """For a command that only looks into Temporal: without an address of its own it is the stack's."""
    if "TEMPORAL_ADDRESS" in os.environ or "TEMPORAL_CONFIG_FILE" in os.environ:
        return
    from cli.dev.found_stack import find_running  # noqa: PLC0415 - see above

    stack = find_running()
    if stack is not None:
        os.environ["TEMPORAL_ADDRESS"] = stack.status.temporal_address
