"""`italiano bench`: how fast it is."""

from typing import Annotated

import typer

from cli.options import AsJson

group = typer.Typer(
    help="Measure how fast the product is, against baselines of the same run.", no_args_is_help=True
)


@group.command("all")
def bench_all(
    *,
    rounds: Annotated[int, typer.Option(min=1, help="How often everything is measured.")] = 5,
    count: Annotated[int, typer.Option(min=4, help="Starts of each kind, in a round.")] = 48,
    renewals: Annotated[int, typer.Option(min=6, help="Renewals; at least six for each client.")] = 24,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each read is repeated.")] = 1.0,
    clients: Annotated[str, typer.Option(help="How many clients at once, one run of each.")] = "1,16",
    as_json: AsJson = False,
) -> None:
    """Everything in one table: medians of some rounds with their spread, beside bare Temporal in each."""
    from cli.bench.all_command import Size, run_all_bench  # noqa: PLC0415 - see cli/main.py
    from cli.bench.around import client_numbers  # noqa: PLC0415 - see cli/main.py

    run_all_bench(Size(rounds, count, renewals, seconds, client_numbers(clients)), as_json=as_json)


@group.command("start")
def bench_start(
    *,
    count: Annotated[
        int, typer.Option(min=2, help="Starts for each number of clients; half as many webhooks.")
    ] = 400,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each read is repeated.")] = 5.0,
    clients: Annotated[str, typer.Option(help="How many clients at once, one run of each.")] = "1,16",
    as_json: AsJson = False,
) -> None:
    """Start, pay and read under load: rates, latencies, CPU, and the ratio to bare Temporal."""
    from cli.bench.start_command import run_bench  # noqa: PLC0415 - see cli/main.py

    run_bench(starts=count, seconds=seconds, clients=clients, as_json=as_json)


@group.command("renew")
def bench_renew(
    *,
    count: Annotated[int, typer.Option(min=1, help="Renewals for each number of clients.")] = 400,
    clients: Annotated[str, typer.Option(help="How many clients at once, one run of each.")] = "1,16",
    as_json: AsJson = False,
) -> None:
    """Renew under load, on turned clocks: rate, CPU per renewal, and the ratio to a bare loop workflow."""
    from cli.bench.renew_command import run_renew_bench  # noqa: PLC0415 - see cli/main.py

    run_renew_bench(renewals=count, clients=clients, as_json=as_json)


@group.command("finalize")
def bench_finalize(
    *,
    count: Annotated[int, typer.Option(min=1, help="Invoices of each kind.")] = 5_000,
    clients: Annotated[int, typer.Option(min=1, help="How many writers at once.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Number invoices without gaps under load: rate, and the ratio to plain inserts."""
    from cli.bench.finalize_command import run_finalize_bench  # noqa: PLC0415 - see cli/main.py

    run_finalize_bench(count=count, clients=clients, as_json=as_json)


@group.command("size")
def bench_size(
    *,
    count: Annotated[int, typer.Option(min=1, help="Subscriptions.")] = 40,
    periods: Annotated[int, typer.Option(min=1, max=11, help="Renewals of each.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Measure what a start and a renewal leave in Postgres and in Temporal, in bytes, rows and commits."""
    from cli.bench.size_command import run_size_bench  # noqa: PLC0415 - see cli/main.py

    run_size_bench(subscriptions=count, periods=periods, as_json=as_json)


@group.command("overload")
def bench_overload(
    *,
    turns: Annotated[int, typer.Option(min=1, help="Turns of the mix to find out what is carried.")] = 100,
    times: Annotated[float, typer.Option(min=1, help="So many times what is carried is sent.")] = 4.0,
    seconds: Annotated[float, typer.Option(min=0.5, help="How long it is sent.")] = 20.0,
    recovery: Annotated[
        float, typer.Option(min=0, help="So many seconds later it has to be as before.")
    ] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Send more than is carried: what is refused, how soon it is as before, and whether anything is lost."""
    from cli.bench.overload_command import Size, run_overload_bench  # noqa: PLC0415 - see cli/main.py

    run_overload_bench(Size(turns, times, seconds, recovery), as_json=as_json)


@group.command("growth")
def bench_growth(
    *,
    open_subscriptions: Annotated[
        str, typer.Option("--open", help="How many are open: each number after the one before it.")
    ] = "1000,10000",
    count: Annotated[int, typer.Option(min=4, help="Starts of each kind at each number.")] = 20,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long each read is repeated.")] = 4.0,
    clients: Annotated[int, typer.Option(min=1, help="How many read, and renew, at once.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Memory, storage, latencies and renewals while so many are open. They stay on the stack."""
    from cli.bench.growth import Size  # noqa: PLC0415 - see cli/main.py
    from cli.bench.growth_command import run_growth_bench, sizes  # noqa: PLC0415 - see cli/main.py

    run_growth_bench(Size(sizes(open_subscriptions), count, seconds, clients), as_json=as_json)
