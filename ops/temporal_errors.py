"""Which errors of a Temporal call mean that the cluster or its workers cannot be reached just now."""

from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

WORTH_REPEATING = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.ABORTED,
        # What the library says when a connection breaks under a call, and a server about itself.
        RPCStatusCode.UNKNOWN,
        RPCStatusCode.INTERNAL,
        # Its task failed, as when a message meets a run that is giving way to the next.
        RPCStatusCode.FAILED_PRECONDITION,
    }
)
FIRST_CONNECT_FAILED = "Failed client connect"


def is_unavailable(error: Exception) -> bool:
    """Whether repeating the same call later can help."""
    if isinstance(error, WorkflowUpdateRPCTimeoutOrCancelledError):
        return True
    if isinstance(error, RPCError):
        return error.status in WORTH_REPEATING
    # A lazy client reports its first connection attempt with nothing more specific than this.
    return isinstance(error, RuntimeError) and str(error).startswith(FIRST_CONNECT_FAILED)
