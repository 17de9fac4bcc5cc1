"""`italiano report`: sums of the books."""

from typing import Annotated

import typer

from cli.options import AsJson, Since, Until

group = typer.Typer(help="What the books say in sum, for each currency.", no_args_is_help=True)


@group.command("trial-balance")
def report_trial_balance(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Debits, credits and balance of every account: the balances sum to zero."""
    from cli.report import report_trial_balance as show  # noqa: PLC0415 - see cli/main.py

    show(since, until, as_json=as_json)


@group.command("revenue")
def report_revenue(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Revenue recognized, refunded and written off, month by month."""
    from cli.report import report_revenue as show  # noqa: PLC0415 - see cli/main.py

    show(since, until, as_json=as_json)


@group.command("deferred-revenue")
def report_deferred_revenue(
    *,
    at: Annotated[str | None, typer.Option("--at", help="A date or an instant; now by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is invoiced and not earned yet, and how much of it has passed by the day."""
    from cli.report import report_deferred_revenue as show  # noqa: PLC0415 - see cli/main.py

    show(at, as_json=as_json)


@group.command("gift-liability")
def report_gift_liability(*, as_json: AsJson = False) -> None:
    """What gift cards were issued, used, expired and are still good for, beside what the ledger owes."""
    from cli.report import report_gift_liability as show  # noqa: PLC0415 - see cli/main.py

    show(as_json=as_json)


@group.command("mrr")
def report_mrr(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Monthly recurring revenue, net: opening, what was new, grew, shrank, ended, came back, and closing."""
    from cli.growth_report import report_mrr as show  # noqa: PLC0415 - see cli/main.py

    show(since, until, as_json=as_json)


@group.command("churn")
def report_churn(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Subscribers: opening, who started, came back and ended, closing, and which part of them ended."""
    from cli.growth_report import report_churn as show  # noqa: PLC0415 - see cli/main.py

    show(since, until, as_json=as_json)


@group.command("recovery")
def report_recovery(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Renewals that were not paid in time: how many were recovered, by which attempt, lost, or are open."""
    from cli.growth_report import report_recovery as show  # noqa: PLC0415 - see cli/main.py

    show(since, until, as_json=as_json)


@group.command("renewals")
def report_renewals(*, as_json: AsJson = False) -> None:
    """What renews on each of the next 30 days, what it is billed, and what of it is left to charge."""
    from cli.growth_report import report_renewals as show  # noqa: PLC0415 - see cli/main.py

    show(as_json=as_json)
