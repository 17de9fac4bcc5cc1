"""Which errors of a Temporal call mean that the cluster or its workers cannot be reached just now."""

from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

ABOUT_WHAT_WAS_ASKED = frozenset(
    {RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.NOT_FOUND, RPCStatusCode.ALREADY_EXISTS}
)
"""All others tell of the way there, of a proxy on it, or of the cluster: `UNKNOWN` is a connection that
broke, `FAILED_PRECONDITION` a task that failed, as when a message meets a run that gives way to the next."""

FIRST_CONNECT_FAILED = "Failed client connect"


def is_unavailable(error: Exception) -> bool:
    """Whether repeating the same call later can help."""
    if isinstance(error, WorkflowUpdateRPCTimeoutOrCancelledError):
        return True
    if isinstance(error, RPCError):
        return error.status not in ABOUT_WHAT_WAS_ASKED
    # A lazy client reports its first connection attempt with nothing more specific than this.
    return isinstance(error, RuntimeError) and str(error).startswith(FIRST_CONNECT_FAILED)
