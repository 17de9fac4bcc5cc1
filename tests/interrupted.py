"""What tests run by hand, ended from outside as by Ctrl-C."""

import asyncio
import signal


def end_at_sigterm() -> None:
    """Cancels the task that calls this, so that it leaves nothing running."""
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
