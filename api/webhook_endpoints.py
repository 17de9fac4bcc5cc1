"""Keeps the endpoints that are told of events: each change in one transaction, with who made it."""

from typing import Any

from api.refusals import problem_of
from api.schemas.webhook_endpoints import (
    EnabledEndpointBody,
    EndpointBody,
    EndpointChangesBody,
    NewEndpointBody,
    ReplayBody,
    ReplayedBody,
)
from api.staff_hand import AnyHand, Hand
from db.database import Connection
from db.queries import event_replays, webhook_endpoints
from db.queries.event_publishing import hold_publishing
from db.queries.webhook_endpoints import By, Endpoint
from domain.delivery import DisabledReason, EndpointStatus
from domain.endpoint_secrets import OLD_SECRET_LIVES
from domain.refusals import RefusalCode, Refused
from domain.staff_action import StaffAction
from ops.tracing import current_trace_id

MOST_ENDPOINTS = 50
"""Each event is sent to each of them."""

MOST_REPLAYED = 10_000

STOPPED = {
    EndpointStatus.DISABLED: StaffAction.ENDPOINT_DISABLED,
    EndpointStatus.DELETED: StaffAction.ENDPOINT_DELETED,
}

NO_SUCH_ENDPOINT = Refused(RefusalCode.ENDPOINT_NOT_FOUND, "there is no such endpoint")


async def read_endpoint(connection: Connection, endpoint_id: int) -> EndpointBody:
    """Raises a 404 `Problem`."""
    return EndpointBody.model_validate(await find_endpoint(connection, endpoint_id))


async def create_endpoint(connection: Connection, body: NewEndpointBody, hand: Hand) -> EndpointBody:
    """Raises a 409 `Problem` when there are too many. Its URL has been checked."""
    await hold_publishing(connection)
    if await webhook_endpoints.count_endpoints(connection) >= MOST_ENDPOINTS:
        raise problem_of(Refused(RefusalCode.TOO_MANY_ENDPOINTS, f"there are {MOST_ENDPOINTS} endpoints"))
    fields = body.model_dump(mode="json", exclude={"reason"})
    endpoint_id = await webhook_endpoints.insert_endpoint(connection, **fields, by=hand.user.id)
    await _note(connection, endpoint_id, StaffAction.ENDPOINT_CREATED, hand, fields)
    return await read_endpoint(connection, endpoint_id)


async def change_endpoint(
    connection: Connection, endpoint_id: int, body: EndpointChangesBody, hand: Hand
) -> EndpointBody:
    """Raises a 404 `Problem`. What is on its way already goes to the new URL."""
    await find_endpoint(connection, endpoint_id, lock=True)
    fields = body.sent()
    if fields:
        await webhook_endpoints.change_endpoint(connection, endpoint_id, fields)
        await _note(connection, endpoint_id, StaffAction.ENDPOINT_CHANGED, hand, fields)
    return await read_endpoint(connection, endpoint_id)


async def rotate_secret(connection: Connection, endpoint_id: int, hand: Hand) -> EndpointBody:
    """Raises a 404 `Problem`. The secret before stays in force for a day; one before that ends now."""
    await find_endpoint(connection, endpoint_id, lock=True)
    await webhook_endpoints.rotate_secret(connection, endpoint_id, OLD_SECRET_LIVES)
    await _note(connection, endpoint_id, StaffAction.ENDPOINT_SECRET_ROTATED, hand, {})
    return await read_endpoint(connection, endpoint_id)


async def enable_endpoint(connection: Connection, endpoint_id: int, hand: Hand) -> EnabledEndpointBody:
    """Raises a 404 `Problem`. What it has missed is sent; one that is enabled already has missed nothing."""
    await hold_publishing(connection)
    endpoint = await find_endpoint(connection, endpoint_id, lock=True)
    event_count = 0
    if endpoint.disabled_at is not None:
        await webhook_endpoints.enable(connection, endpoint_id)
        event_count = await event_replays.make_up_for(connection, endpoint_id, endpoint.disabled_at)
        await _note(connection, endpoint_id, StaffAction.ENDPOINT_ENABLED, hand, {"event_count": event_count})
    enabled = await read_endpoint(connection, endpoint_id)
    return EnabledEndpointBody(**enabled.model_dump(), event_count=event_count)


async def disable_endpoint(connection: Connection, endpoint_id: int, hand: Hand) -> EndpointBody:
    """Raises a 404 `Problem`."""
    await stop_endpoint(connection, endpoint_id, hand, EndpointStatus.DISABLED)
    return await read_endpoint(connection, endpoint_id)


async def stop_endpoint(connection: Connection, endpoint_id: int, hand: Hand, status: EndpointStatus) -> None:
    """Disables or deletes it. Raises a 404 `Problem`; twice is once."""
    await hold_publishing(connection)
    await find_endpoint(connection, endpoint_id, lock=True)
    if await webhook_endpoints.stop(connection, endpoint_id, DisabledReason.BY_STAFF, status):
        await _note(connection, endpoint_id, STOPPED[status], hand, {})


async def replay(connection: Connection, endpoint_id: int, body: ReplayBody, hand: AnyHand) -> ReplayedBody:
    """Raises `Problem`: 404 for the endpoint or an event, 409 when it is disabled, 422 for too many."""
    await hold_publishing(connection)
    endpoint = await find_endpoint(connection, endpoint_id, lock=True)
    if endpoint.status != EndpointStatus.ENABLED:
        raise problem_of(Refused(RefusalCode.ENDPOINT_DISABLED, "the endpoint is disabled"))
    event_count = await _replay(connection, endpoint_id, body)
    asked = body.model_dump(mode="json", exclude_none=True, exclude={"reason"})
    await _note(
        connection, endpoint_id, StaffAction.ENDPOINT_REPLAYED, hand, asked | {"event_count": event_count}
    )
    return ReplayedBody(event_count=event_count)


async def _replay(connection: Connection, endpoint_id: int, body: ReplayBody) -> int:
    if body.since is not None:
        found = await event_replays.count_since(connection, endpoint_id, body.since, MOST_REPLAYED + 1)
        if found > MOST_REPLAYED:
            detail = f"more than {MOST_REPLAYED} events were published since then"
            raise problem_of(Refused(RefusalCode.REPLAY_TOO_LARGE, detail))
        return await event_replays.replay_since(connection, endpoint_id, body.since)
    named = body.event_ids or []
    unknown = await event_replays.find_unpublished(connection, named)
    if unknown:
        raise problem_of(Refused(RefusalCode.EVENT_NOT_FOUND, f"there is no event {unknown[0]}"))
    return await event_replays.replay_events(connection, endpoint_id, named)


async def find_endpoint(connection: Connection, endpoint_id: int, *, lock: bool = False) -> Endpoint:
    """Raises a 404 `Problem`."""
    endpoint = await webhook_endpoints.find_endpoint(connection, endpoint_id, lock=lock)
    if endpoint is None:
        raise problem_of(NO_SUCH_ENDPOINT)
    return endpoint


async def _note(
    connection: Connection, endpoint_id: int, action: StaffAction, hand: AnyHand, details: dict[str, Any]
) -> None:
    """With the change itself beside the endpoint, where its address is known."""
    change = action.removeprefix(f"{action.subject_kind}.")
    by = By(hand.account_id, current_trace_id())
    await webhook_endpoints.note_change(connection, endpoint_id, change, by, details)
    await hand.note(connection, action, endpoint_id)
