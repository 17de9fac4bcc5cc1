"""Sends a test event to an endpoint, at once and without an outbox: somebody waits for what comes of it."""

from datetime import UTC, datetime

from api.context import Context
from api.schemas.webhook_endpoints import PingedBody
from api.webhook_endpoints import find_endpoint
from upkeep.events.message import Message


async def ping_endpoint(context: Context, endpoint_id: int, message_id: str) -> PingedBody:
    """Raises a 404 `Problem`. No connection is held while the endpoint is waited for."""
    async with context.database.read() as connection:
        endpoint = await find_endpoint(connection, endpoint_id)
    now = datetime.now(UTC)
    secrets = context.endpoint_secrets.in_force(
        endpoint_id, endpoint.secret_version, endpoint.old_secret_until, now
    )
    message = Message.ping(message_id, endpoint_id, now)
    answer = await context.events.send(endpoint.url, message.headers(secrets, now), message.body)
    return PingedBody(
        message_id=message_id,
        delivered=answer.is_delivered,
        status_code=answer.status_code,
        error=answer.error,
    )
