"""Whose hand a write of staff is in: what they do is noted in the transaction that does it."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from api.auth.current_user import SignedInUser
from db.database import Connection
from db.queries.staff_actions import Deed, insert_action
from domain.staff_action import StaffAction
from ops.tracing import current_trace_id


class AnyHand(ABC):
    reason: str | None

    @property
    @abstractmethod
    def actor(self) -> str:
        """As the timeline spells it."""

    @property
    @abstractmethod
    def account_id(self) -> int | None:
        """An operator has none."""

    async def note(self, connection: Connection, action: StaffAction, subject_id: int | str) -> None:
        """For what no subscription's timeline tells of."""
        deed = Deed(self.actor, self.reason, current_trace_id())
        await insert_action(connection, deed, action, subject_id)


@dataclass(frozen=True)
class Hand(AnyHand):
    """Who of staff does it, and why, if they say so."""

    user: SignedInUser
    reason: str | None = None

    @property
    def actor(self) -> str:
        return f"user:{self.user.id}"

    @property
    def account_id(self) -> int:
        return self.user.id


@dataclass(frozen=True)
class OperatorHand(AnyHand):
    """Who is at the command line (`operator:anna`), and why."""

    name: str
    reason: str

    @property
    def actor(self) -> str:
        return self.name

    @property
    def account_id(self) -> None:
        return None
