"""`italiano plan`: moves those who run at an older price."""

from typing import Annotated

import typer

from cli.options import AsJson

group = typer.Typer(help="What is sold, and at which price.", no_args_is_help=True)


@group.command("migrate")
def plan_migrate(
    code: Annotated[str, typer.Argument(help="The plan's code.")],
    *,
    to_version: Annotated[str, typer.Option(help="A version of its price, or `latest`.")],
    apply: Annotated[bool, typer.Option("--apply/--dry-run", help="Do it, or only count.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Move at most so many.")] = None,
    reason: Annotated[
        str | None, typer.Option(help="Why, for those who look later. Needed by --apply.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move who runs at an older price to this one: each at their next renewal, with a notice ahead of it."""
    from cli.plan import migrate_plan  # noqa: PLC0415 - see cli/main.py

    migrate_plan(code, to_version, limit=limit, is_dry=not apply, reason=reason, as_json=as_json)
