"""The lessons, with what decides whether a user has access to them."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from db.database import Connection
from db.queries.subscription_views import newest_of
from db.tables.catalogue import ContentModule
from db.tables.subscriptions import Subscription
from domain.access import AccessTerms
from domain.subscription import Status


@dataclass(frozen=True)
class LessonModule:
    code: str
    title: str
    min_tier: int


async def find_access_and_modules(
    connection: Connection, user_id: int
) -> tuple[AccessTerms | None, timedelta, list[LessonModule]]:
    """What decides the user's access, how far its time is ahead, and the lessons it opens, in one query."""
    lesson = func.jsonb_build_object(
        "code", ContentModule.code, "title", ContentModule.title, "min_tier", ContentModule.min_tier
    )
    lessons = select(func.jsonb_agg(aggregate_order_by(lesson, ContentModule.position))).scalar_subquery()
    terms = newest_of(
        user_id,
        select(
            Subscription.status,
            Subscription.current_period_end,
            Subscription.clock_offset,
            lessons.label("lessons"),
        ),
    )
    row = (await connection.execute(terms)).one_or_none()
    if row is None:
        return None, timedelta(), []
    access_terms = AccessTerms(Status(row.status), row.current_period_end)
    return access_terms, row.clock_offset, [LessonModule(**lesson) for lesson in row.lessons or []]
