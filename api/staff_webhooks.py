"""One webhook of the inbox whole, and judged again: for staff, over HTTP and on the command line."""

from dataclasses import asdict

from api.problems import Problem
from api.schemas.webhooks import PastReplayBody, WebhookBody, WholeWebhookBody
from db.database import Connection
from db.queries import inbox_views
from upkeep.replay_report import ReplayOrder, ReplayRefusal, ReplayRefusedError, replay_report

STATUSES = dict.fromkeys(ReplayRefusal, 409) | {ReplayRefusal.NOT_FOUND: 404}
LONGEST_BODY = 65_536
"""No larger one was ever accepted."""


def responses_of(*refusals: ReplayRefusal) -> tuple[tuple[int, str], ...]:
    """For `problem_responses` of a route."""
    return tuple((STATUSES[refusal], refusal.value) for refusal in refusals)


async def read_webhook(connection: Connection, report_id: int) -> WholeWebhookBody:
    """Raises a 404 `Problem`."""
    found = await inbox_views.find_report(connection, report_id)
    if found is None:
        raise _problem_of(ReplayRefusedError(ReplayRefusal.NOT_FOUND))
    raw = await inbox_views.read_body(connection, report_id)
    replays = await inbox_views.list_replays(connection, report_id)
    return WholeWebhookBody(
        **asdict(found),
        raw_body=raw[:LONGEST_BODY].decode(errors="replace"),
        replays=[PastReplayBody.model_validate(replay) for replay in replays],
    )


async def replay_webhook(connection: Connection, order: ReplayOrder) -> WebhookBody:
    """Received anew. Raises `Problem`: 404, 409 when there is nothing to judge again."""
    try:
        await replay_report(connection, order)
    except ReplayRefusedError as refused:
        raise _problem_of(refused) from refused
    return WebhookBody.model_validate(await inbox_views.find_report(connection, order.report_id))


def _problem_of(refused: ReplayRefusedError) -> Problem:
    return Problem(STATUSES[refused.refusal], refused.refusal, str(refused))
