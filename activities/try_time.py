"""The subscription's own time within an activity that is repeated for a while: a call of a provider."""

from datetime import datetime

from temporalio import activity


def at_this_try(at: datetime) -> datetime:
    """When this try began. `at` is the workflow's time when it scheduled the first one.

    Told by the engine, so that it is right for a subscription whose clock was turned.
    """
    info = activity.info()
    return at + (info.started_time - info.scheduled_time)
