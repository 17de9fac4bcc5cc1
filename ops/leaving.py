"""How a process ends that may have used Temporal."""

import os
import sys
from typing import NoReturn

from ops.span_export import stop_tracing


def leave(code: int = 0) -> NoReturn:
    """For when everything is closed: the SDK's threads may abort an interpreter that is finalizing."""
    stop_tracing()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
