"""The lessons, with what decides whether a user has access to them."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from db.database import Connection
from db.queries.subscription_views import USER, source_at, sources_of_access
from db.tables.catalogue import ContentModule
from db.tables.subscriptions import Subscription
from domain.access import AccessTerms
from domain.subscription import Status


@dataclass(frozen=True)
class LessonModule:
    code: str
    title: str
    min_tier: int


@dataclass(frozen=True)
class Standing:
    """One subscription that may give access, and how far its own time is ahead of ours."""

    terms: AccessTerms
    clock_offset: timedelta


_LESSON = func.jsonb_build_object(
    "code", ContentModule.code, "title", ContentModule.title, "min_tier", ContentModule.min_tier
)
_LESSONS = select(func.jsonb_agg(aggregate_order_by(_LESSON, ContentModule.position))).scalar_subquery()
_ACCESS_AND_LESSONS = sources_of_access(
    select(
        Subscription.status,
        Subscription.access_until,
        Subscription.clock_offset,
        _LESSONS.label("lessons"),
    )
)


async def find_access_and_modules(
    connection: Connection, user_id: int
) -> tuple[list[Standing], list[LessonModule]]:
    """What decides the user's access, and the lessons it opens, in one query."""
    rows = (await connection.execute(_ACCESS_AND_LESSONS, {USER: user_id})).all()
    standings = [
        Standing(AccessTerms(Status(row.status), row.access_until, source_at(row.place)), row.clock_offset)
        for row in rows
    ]
    lessons = rows[0].lessons or [] if rows else []
    return standings, [LessonModule(**lesson) for lesson in lessons]
