"""`italiano`: every command of the product.

What a command needs is imported when it runs: the image holds no engines, and a worker needs no HTTP server.
"""

import sys
from typing import Annotated, Any, Literal, NoReturn

import typer

from ops.leaving import leave

app = typer.Typer(
    name="italiano",
    help="Subscriptions to online Italian lessons: run the product and look after it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


bench = typer.Typer(
    help="Measure how fast the product is, against baselines of the same run.", no_args_is_help=True
)
app.add_typer(bench, name="bench")
clock = typer.Typer(
    help="Turn the clock of one subscription; its neighbors stay in today.", no_args_is_help=True
)
app.add_typer(clock, name="clock")
report = typer.Typer(help="What the ledger says in sum, for each currency.", no_args_is_help=True)
app.add_typer(report, name="report")

plan = typer.Typer(help="What is sold, and at which price.", no_args_is_help=True)
app.add_typer(plan, name="plan")

webhook = typer.Typer(help="The webhook inbox: what came, and what became of it.", no_args_is_help=True)
app.add_typer(webhook, name="webhook")

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, in cents.")]
Since = Annotated[str | None, typer.Option("--from", help="A date (in UTC) or an instant.")]
Until = Annotated[str | None, typer.Option("--to", help="A date or an instant; what is before it counts.")]


@app.command()
def dev(
    *,
    with_parent: Annotated[bool, typer.Option(help="Stop when the process that started this ends.")] = False,
) -> None:
    """Run the whole product here, until Ctrl-C: Postgres, Temporal, sandbox PSP, API, worker."""
    from cli.dev.command import run_dev  # noqa: PLC0415 - see above

    run_dev(with_parent=with_parent)


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False) -> None:
    """Show where the stack of `italiano dev` is, and how to get in."""
    from cli.dev.status import show_status  # noqa: PLC0415 - see above

    show_status(as_json=as_json)


@app.command()
def reset() -> None:
    """Forget everything that the stack of `italiano dev` kept."""
    from cli.dev.reset import reset_home  # noqa: PLC0415 - see above

    reset_home()


@app.command()
def demo() -> None:
    """Tell the year of one subscription as a story, over HTTP."""
    from cli.demo.command import run_demo  # noqa: PLC0415 - see above

    run_demo()


@clock.command("advance")
def clock_advance(
    subscription_id: Annotated[int, typer.Argument(min=1, help="The subscription's id.")],
    length: Annotated[str, typer.Argument(help="31d, 12h, or an ISO 8601 duration such as P31D.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Let its time pass, due date by due date, and tell what happened and what still waits."""
    from cli.clock import advance_clock  # noqa: PLC0415 - see above

    advance_clock(subscription_id, length, as_json=as_json)


@report.command("trial-balance")
def report_trial_balance(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Debits, credits and balance of every account: the balances sum to zero."""
    from cli.report import report_trial_balance as show  # noqa: PLC0415 - see above

    show(since, until, as_json=as_json)


@report.command("revenue")
def report_revenue(*, since: Since = None, until: Until = None, as_json: AsJson = False) -> None:
    """Revenue recognized, refunded and written off, month by month."""
    from cli.report import report_revenue as show  # noqa: PLC0415 - see above

    show(since, until, as_json=as_json)


@report.command("deferred-revenue")
def report_deferred_revenue(
    *,
    at: Annotated[str | None, typer.Option("--at", help="A date or an instant; now by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """What is invoiced and not earned yet, and how much of it has passed by the day."""
    from cli.report import report_deferred_revenue as show  # noqa: PLC0415 - see above

    show(at, as_json=as_json)


@report.command("gift-liability")
def report_gift_liability(*, as_json: AsJson = False) -> None:
    """What gift cards were issued, used, expired and are still good for, beside what the ledger owes."""
    from cli.report import report_gift_liability as show  # noqa: PLC0415 - see above

    show(as_json=as_json)


@plan.command("migrate")
def plan_migrate(
    code: Annotated[str, typer.Argument(help="The plan's code.")],
    *,
    to_version: Annotated[str, typer.Option(help="A version of its price, or `latest`.")],
    apply: Annotated[bool, typer.Option("--apply/--dry-run", help="Do it, or only count.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Move at most so many.")] = None,
) -> None:
    """Move who runs at an older price to this one: each at their next renewal, with a notice ahead of it."""
    from cli.plan import migrate_plan  # noqa: PLC0415 - see above

    migrate_plan(code, to_version, limit=limit, is_dry=not apply)


InboxStatus = Literal["received", "applied", "parked", "ignored"]
WebhookId = Annotated[int, typer.Argument(min=1, help="The webhook's id, from the list.")]
InJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@webhook.command("list")
def webhook_list(
    *,
    status: Annotated[InboxStatus | None, typer.Option(help="What became of it.")] = None,
    provider: Annotated[str | None, typer.Option(help="Who sent it.")] = None,
    payment_id: Annotated[int | None, typer.Option(min=1, help="Which payment it is about.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="The newest so many.")] = 20,
    as_json: InJson = False,
) -> None:
    """List the payment reports that were accepted, the newest first."""
    from cli.webhook import list_webhooks  # noqa: PLC0415 - see above
    from db.queries.payment_reports import ReportStatus  # noqa: PLC0415 - see above

    wanted = None if status is None else ReportStatus(status)
    list_webhooks(status=wanted, provider=provider, payment_id=payment_id, limit=limit, as_json=as_json)


@webhook.command("show")
def webhook_show(webhook_id: WebhookId, *, as_json: InJson = False) -> None:
    """Show one with what was signed, and who had it judged again."""
    from cli.webhook import show_webhook  # noqa: PLC0415 - see above

    show_webhook(webhook_id, as_json=as_json)


@webhook.command("replay")
def webhook_replay(
    webhook_id: WebhookId,
    *,
    reason: Annotated[str, typer.Option(help="What was found out, for those who look later.")],
    as_json: InJson = False,
) -> None:
    """Have one judged again that was parked or ignored. What has had its effect never has it twice."""
    from cli.webhook import replay_stored_webhook  # noqa: PLC0415 - see above

    replay_stored_webhook(webhook_id, reason, as_json=as_json)


@bench.command("start")
def bench_start(
    *,
    count: Annotated[
        int, typer.Option(min=2, help="Starts for each number of clients; half as many webhooks.")
    ] = 400,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each read is repeated.")] = 5.0,
    clients: Annotated[str, typer.Option(help="How many clients at once, one run of each.")] = "1,16",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Start, pay and read under load: rates, latencies, CPU, and the ratio to bare Temporal."""
    from cli.bench.start_command import run_bench  # noqa: PLC0415 - see above

    run_bench(starts=count, seconds=seconds, clients=clients, as_json=as_json)


@bench.command("renew")
def bench_renew(
    *,
    count: Annotated[int, typer.Option(min=1, help="Renewals for each number of clients.")] = 400,
    clients: Annotated[str, typer.Option(help="How many clients at once, one run of each.")] = "1,16",
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Renew under load, on turned clocks: rate, CPU per renewal, and the ratio to a bare loop workflow."""
    from cli.bench.renew_command import run_renew_bench  # noqa: PLC0415 - see above

    run_renew_bench(renewals=count, clients=clients, as_json=as_json)


@bench.command("finalize")
def bench_finalize(
    *,
    count: Annotated[int, typer.Option(min=1, help="Invoices of each kind.")] = 5_000,
    clients: Annotated[int, typer.Option(min=1, help="How many writers at once.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Number invoices without gaps under load: rate, and the ratio to plain inserts."""
    from cli.bench.finalize_command import run_finalize_bench  # noqa: PLC0415 - see above

    run_finalize_bench(count=count, clients=clients, as_json=as_json)


@app.command()
def reconcile(
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Put right what can be; else nothing is written.")
    ] = False,
    rule: Annotated[list[str] | None, typer.Option(help="Ask only this rule; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Hold books, workflows and providers against each other: 1 is the exit code when something is found."""
    from cli.reconcile import reconcile_books  # noqa: PLC0415 - see above

    reconcile_books(rule or (), mends=fix, as_json=as_json)


@app.command()
def api() -> None:
    """Serve the HTTP API."""
    from cli.serve import serve_api  # noqa: PLC0415 - see above

    serve_api()


@app.command()
def worker() -> None:
    """Run the workflows and their activities."""
    from worker.main import main as run_worker  # noqa: PLC0415 - see above

    run_worker()


@app.command("sandbox-psp")
def sandbox_psp() -> None:
    """Run the payment provider of the sandbox, which charges nobody. Never in production."""
    from cli.serve_sandbox_psp import serve_sandbox_psp  # noqa: PLC0415 - see above

    serve_sandbox_psp()


@app.command()
def migrate() -> None:
    """Bring the database of DATABASE_URL to the newest schema."""
    from cli.migrate import migrate_database  # noqa: PLC0415 - see above

    migrate_database()


StaffEmail = Annotated[str, typer.Option("--email", prompt="E-mail", help="Their e-mail address.")]


def _password(variable: str) -> Any:
    return typer.Option(
        "--password",
        prompt=True,
        hide_input=True,
        confirmation_prompt=True,
        envvar=variable,
        show_envvar=True,
        help="Asked for when it is not given. On the command line others can see it.",
    )


@app.command("create-support")
def create_support(
    email: StaffEmail, password: Annotated[str, _password("BILLING_SUPPORT_PASSWORD")]
) -> None:
    """Make an account that reads what staff may read, or give an account that exists this role."""
    from cli.admin import create_support as make_support  # noqa: PLC0415 - see above

    make_support(email, password)


@app.command("create-admin")
def create_admin(email: StaffEmail, password: Annotated[str, _password("BILLING_ADMIN_PASSWORD")]) -> None:
    """Make an administrator, or give an account that exists this role and this password."""
    from cli.admin import create_admin as make_admin  # noqa: PLC0415 - see above

    make_admin(email, password)


def main() -> NoReturn:
    """Every command ends here, so that none has to know whether it has used Temporal."""
    try:
        app()
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
            leave(1)
        leave(ended.code or 0)
    leave()


if __name__ == "__main__":
    main()
