"""`italiano`: every command of the product.

What a command needs is imported when it runs: the image holds no engines, and a worker needs no HTTP server.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cli.groups import bench, billing, clock, event, plan, report, sub, trigger, webhook
from cli.options import AsJson
from ops.leaving import leave

app = typer.Typer(
    name="italiano",
    help="Subscriptions to online Italian lessons: run the product and look after it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for name, group in (
    ("sub", sub.group),
    ("invoice", billing.invoices),
    ("payment", billing.payments),
    ("dunning", billing.dunning),
    ("clock", clock.group),
    ("report", report.group),
    ("plan", plan.group),
    ("webhook", webhook.group),
    ("event", event.group),
    ("trigger", trigger.group),
    ("bench", bench.group),
):
    app.add_typer(group, name=name)


@app.command()
def dev(
    *,
    with_parent: Annotated[bool, typer.Option(help="Stop when the process that started this ends.")] = False,
) -> None:
    """Run the whole product here, until Ctrl-C: Postgres, Temporal, sandbox PSP, API, worker."""
    from cli.dev.command import run_dev  # noqa: PLC0415 - see above

    run_dev(with_parent=with_parent)


@app.command()
def status(*, as_json: AsJson = False) -> None:
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


@app.command()
def chaos(
    *,
    seed: Annotated[int | None, typer.Option(min=0, help="The same faults and wishes once more.")] = None,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long there are faults.")] = 8.0,
    keep: Annotated[
        Path | None, typer.Option(file_okay=False, help="A folder for logs and history, to look at them.")
    ] = None,
) -> None:
    """Break every part of a whole stack of its own, under load, and check that all came right: 1 if not."""
    from cli.chaos import run_chaos  # noqa: PLC0415 - see above

    run_chaos(seed=seed, minutes=minutes, keep=keep)


@app.command()
def reconcile(
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Put right what can be; else nothing is written.")
    ] = False,
    rule: Annotated[list[str] | None, typer.Option(help="Ask only this rule; may be repeated.")] = None,
    young: Annotated[
        bool, typer.Option("--young", help="What is young, too: while neither API nor worker runs.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Hold books, workflows and providers against each other: 1 is the exit code when something is found."""
    from cli.reconcile import reconcile_books  # noqa: PLC0415 - see above

    reconcile_books(rule or (), mends=fix, young=young, as_json=as_json)


@app.command()
def ordered(
    *,
    since: Annotated[str, typer.Option(help="A date (in UTC) or an instant: when the backup was made.")],
    again: Annotated[
        bool, typer.Option("--again", help="Begin each anew from its row, and order it once more.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what was ordered of subscriptions since then, by Temporal's memory: for after a restore."""
    from cli.ordered import show_ordered  # noqa: PLC0415 - see above

    show_ordered(since, again=again, as_json=as_json)


@app.command("replay-check")
def replay_check(
    histories: Annotated[
        Path | None, typer.Argument(help="A folder of recorded histories.", exists=True, file_okay=False)
    ] = None,
    *,
    from_namespace: Annotated[
        bool, typer.Option("--from-namespace", help="Workflows that are open now, from TEMPORAL_ADDRESS.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many of each type and status.")] = 50,
    query: Annotated[str, typer.Option(help="Only those of Temporal's list that this is true of.")] = "",
    as_json: AsJson = False,
) -> None:
    """Replay with this code what earlier code began, before it is deployed: exit code 1 when it cannot."""
    from cli.replay_check import check_replays  # noqa: PLC0415 - see above

    check_replays(histories, from_namespace=from_namespace, limit=limit, query=query, as_json=as_json)


@app.command()
def doctor(*, as_json: AsJson = False) -> None:
    """Tell what is configured and reachable, and how to mend what is not: 1 when something fails."""
    from cli.doctor.command import see_doctor  # noqa: PLC0415 - see above

    see_doctor(as_json=as_json)


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


@app.command("trace-collector")
def trace_collector(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 4318 is where exporters look.")] = 4318,
    quiet_seconds: Annotated[
        float, typer.Option("--quiet", help="Print a trace when nothing of it has come for so many seconds.")
    ] = 6.0,
) -> None:
    """Take traces by OTLP/HTTP, and print each as a tree. For development: docs/tracing.md."""
    from cli.traces.command import run_trace_collector  # noqa: PLC0415 - see above

    run_trace_collector(host, port, quiet_seconds)


@app.command()
def migrate() -> None:
    """Bring the database of DATABASE_URL to the newest schema."""
    from cli.migrate import migrate_database  # noqa: PLC0415 - see above

    migrate_database()


StaffEmail = Annotated[str, typer.Option("--email", prompt="E-mail", help="Their e-mail address.")]
StaffReason = Annotated[str | None, typer.Option(help="Why, for those who look later. May be left out.")]


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
    email: StaffEmail,
    password: Annotated[str, _password("BILLING_SUPPORT_PASSWORD")],
    *,
    reason: StaffReason = None,
) -> None:
    """Make an account that reads what staff may read, or give an account that exists this role."""
    from cli.admin import create_support as make_support  # noqa: PLC0415 - see above

    make_support(email, password, reason)


@app.command("create-admin")
def create_admin(
    email: StaffEmail,
    password: Annotated[str, _password("BILLING_ADMIN_PASSWORD")],
    *,
    reason: StaffReason = None,
) -> None:
    """Make an administrator, or give an account that exists this role and this password."""
    from cli.admin import create_admin as make_admin  # noqa: PLC0415 - see above

    make_admin(email, password, reason)


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
