"""The lessons, with what decides whether a user has access to them."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from db.database import Connection
from db.queries.subscription_views import USER, newest_of_user
from db.tables.catalogue import ContentModule
from db.tables.subscriptions import Subscription
from domain.access import AccessTerms
from domain.subscription import Status


@dataclass(frozen=True)
class LessonModule:
    code: str
    title: str
    min_tier: int


_LESSON = func.jsonb_build_object(
    "code", ContentModule.code, "title", ContentModule.title, "min_tier", ContentModule.min_tier
)
_LESSONS = select(func.jsonb_agg(aggregate_order_by(_LESSON, ContentModule.position))).scalar_subquery()
_ACCESS_AND_LESSONS = newest_of_user(
    select(
        Subscription.status,
        Subscription.access_until,
        Subscription.clock_offset,
        _LESSONS.label("lessons"),
    )
)


async def find_access_and_modules(
    connection: Connection, user_id: int
) -> tuple[AccessTerms | None, timedelta, list[LessonModule]]:
    """What decides the user's access, how far its time is ahead, and the lessons it opens, in one query."""
    row = (await connection.execute(_ACCESS_AND_LESSONS, {USER: user_id})).one_or_none()
    if row is None:
        return None, timedelta(), []
    access_terms = AccessTerms(Status(row.status), row.access_until)
    return access_terms, row.clock_offset, [LessonModule(**lesson) for lesson in row.lessons or []]
