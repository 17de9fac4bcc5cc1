"""`italiano webhook`: the inbox."""

from typing import Annotated, Literal

import typer

from cli.options import AsJson, Reason

group = typer.Typer(help="The webhook inbox: what came, and what became of it.", no_args_is_help=True)

InboxStatus = Literal["received", "applied", "parked", "ignored"]
WebhookId = Annotated[int, typer.Argument(min=1, help="The webhook's id, from the list.")]


@group.command("list")
def webhook_list(
    *,
    status: Annotated[InboxStatus | None, typer.Option(help="What became of it.")] = None,
    provider: Annotated[str | None, typer.Option(help="Who sent it.")] = None,
    payment_id: Annotated[int | None, typer.Option(min=1, help="Which payment it is about.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The newest so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the payment reports that were accepted, the newest first."""
    from cli.webhook import list_webhooks  # noqa: PLC0415 - see cli/main.py
    from db.queries.payment_reports import ReportStatus  # noqa: PLC0415 - see cli/main.py

    wanted = None if status is None else ReportStatus(status)
    list_webhooks(status=wanted, provider=provider, payment_id=payment_id, limit=limit, as_json=as_json)


@group.command("show")
def webhook_show(webhook_id: WebhookId, *, as_json: AsJson = False) -> None:
    """Show one with what was signed, and who had it judged again."""
    from cli.webhook import show_webhook  # noqa: PLC0415 - see cli/main.py

    show_webhook(webhook_id, as_json=as_json)


@group.command("replay")
def webhook_replay(
    webhook_id: WebhookId,
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Have one judged again that was parked or ignored. What has had its effect never has it twice."""
    from cli.webhook import replay_stored_webhook  # noqa: PLC0415 - see cli/main.py

    replay_stored_webhook(webhook_id, reason, as_json=as_json)
