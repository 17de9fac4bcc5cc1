"""What staff did that is in no subscription's timeline."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from db.tables.base import Id, RecordedAt, Table


class StaffAction(Table):
    """Who did what, to which, and why: written with the deed itself, and never changed.

    `actor` is as the timeline spells it; `subject_id` is an id, or a code that anybody may know. What a
    person writes as the reason is the only free text: it alone may be forgotten.
    """

    __tablename__ = "staff_actions"
    __table_args__ = (
        Index("ix_staff_actions_subject", "subject_kind", "subject_id", "id"),
        Index("ix_staff_actions_actor_id", "actor", "id"),
    )

    id: Mapped[Id]
    actor: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    reason: Mapped[str | None]
    trace_id: Mapped[str]
    recorded_at: Mapped[RecordedAt]
