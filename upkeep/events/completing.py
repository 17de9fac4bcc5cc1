"""What an event carries that must not lie in the outbox: found out when it is sent, and kept nowhere."""

from dataclasses import replace
from datetime import datetime

from db.database import Database
from db.queries import password_resets
from db.queries.event_deliveries import ToSend
from domain.events import EventName
from domain.instant import rfc3339
from domain.reset_tokens import ResetTokens


async def completed(database: Database, tokens: ResetTokens, event: ToSend, now: datetime) -> ToSend | None:
    """The event as it is sent; `None` when what it tells of is over, so that it is not sent any more."""
    if event.event != EventName.PASSWORD_RESET_REQUESTED:
        return event
    async with database.read() as connection:
        reset = await password_resets.find_to_tell(connection, event.details["reset_id"], now)
    if reset is None:
        return None
    details = {
        "user_id": reset.user_id,
        "reset_id": event.details["reset_id"],
        "email": reset.email,
        "locale": reset.locale,
        "token": tokens.of(reset.nonce),
        "expires_at": rfc3339(reset.expires_at),
    }
    return replace(event, details=details)
