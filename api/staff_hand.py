"""Whose hand a write of staff is in: what they do is noted in the transaction that does it."""

from dataclasses import dataclass

from api.auth.current_user import SignedInUser
from db.database import Connection
from db.queries.staff_actions import Deed, insert_action
from domain.staff_action import StaffAction
from ops.tracing import current_trace_id


@dataclass(frozen=True)
class Hand:
    """Who of staff does it, and why, if they say so."""

    user: SignedInUser
    reason: str | None = None

    async def note(self, connection: Connection, action: StaffAction, subject_id: int | str) -> None:
        """For what no subscription's timeline tells of."""
        deed = Deed(f"user:{self.user.id}", self.reason, current_trace_id())
        await insert_action(connection, deed, action, subject_id)
