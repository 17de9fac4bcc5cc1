"""For staff: what does not agree, as reconciliation saw it last."""

from fastapi import APIRouter

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import ContextDep
from api.paging import PageRequestDep, encode_cursor
from api.problems import problem_responses
from api.schemas.reconciliation import FindingBody, ReconciliationPage, ReconciliationRunBody
from db.queries import reconciliation

router = APIRouter(prefix="/admin", tags=["Staff"])


@router.get(
    "/reconciliation",
    responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), (503, "database_unavailable")),
)
async def read_reconciliation(
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    page: PageRequestDep,
) -> ReconciliationPage:
    """What is open, the oldest first, and the last look at it. `italiano reconcile` looks now, and mends."""
    async with context.database.read() as connection:
        last = await reconciliation.find_last_run(connection)
        found = await reconciliation.list_open(connection, after_id=page.after_id, limit=page.limit + 1)
    shown = found[: page.limit]
    return ReconciliationPage(
        last_run=last and ReconciliationRunBody.of(last),
        items=[FindingBody.of(finding) for finding in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )
