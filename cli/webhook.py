"""`italiano webhook`: what providers reported, what became of it, and having it judged again."""

from api.schemas.webhooks import WebhookBody, WholeWebhookBody
from api.staff_webhooks import read_webhook, replay_webhook
from cli.asking import ask_books, checked_reason, operator
from cli.terminal import plain, print_json
from db.database import Connection
from db.queries import inbox_views
from db.queries.inbox_views import ReportFilter
from db.queries.payment_reports import ReportStatus
from upkeep.replay_report import ReplayOrder


def list_webhooks(
    *, status: ReportStatus | None, provider: str | None, payment_id: int | None, limit: int, as_json: bool
) -> None:
    """The newest first."""

    async def ask(connection: Connection) -> list[WebhookBody]:
        only = ReportFilter(status, provider, payment_id)
        found = await inbox_views.list_reports(connection, only, before_id=None, limit=limit)
        return [WebhookBody.model_validate(report) for report in found]

    found = ask_books(ask)
    if as_json:
        print_json(found)
        return
    print(f"{'id':>8}  {'received':<20}  {'provider':<8}  {'payment':>8}  {'says':<10}  status")
    for body in found:
        print(
            f"{body.id:>8}  {body.received_at:%Y-%m-%d %H:%M:%S}   {body.provider:<8}"
            f"  {body.payment_id:>8}  {body.reported_status:<10}  {_became(body)}"
        )


def show_webhook(webhook_id: int, *, as_json: bool) -> None:
    """With what was signed, and who had it judged again."""

    async def ask(connection: Connection) -> WholeWebhookBody:
        return await read_webhook(connection, webhook_id)

    found = ask_books(ask)
    if as_json:
        print_json(found)
        return
    for name, value in found.model_dump(mode="json", exclude={"raw_body", "replays"}).items():
        print(f"{name:<17} {'-' if value is None else plain(str(value))}")
    for replay in found.replays:
        was = f"{replay.was_status} ({replay.was_parked_for})" if replay.was_parked_for else replay.was_status
        at = f"{replay.replayed_at:%Y-%m-%d %H:%M:%S}"
        print(f"replayed          {at} by {plain(replay.actor)}, was {was}: {plain(replay.reason)}")
    print(f"raw body          {plain(found.raw_body)}")


def replay_stored_webhook(webhook_id: int, reason: str, *, as_json: bool) -> None:
    """Whoever is logged in on this machine wants it. A relay delivers it within a second or so."""
    said = checked_reason(reason)

    async def ask(connection: Connection) -> WebhookBody:
        order = ReplayOrder(webhook_id, operator(), said)
        return await replay_webhook(connection, order)

    replayed = ask_books(ask)
    if as_json:
        print_json(replayed)
        return
    print(f"webhook {replayed.id} is received anew; subscription {replayed.subscription_id} is told at once")


def _became(body: WebhookBody) -> str:
    if body.parked_reason is not None:
        return f"{body.status} ({body.parked_reason})"
    if body.status is ReportStatus.RECEIVED:
        return f"{body.status} ({body.deliveries} deliveries)"
    return body.status
