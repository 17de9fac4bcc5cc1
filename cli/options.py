"""What commands are asked in common."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="As JSON; money in cents.")]
Reason = Annotated[str, typer.Option(help="Why, for those who look later.")]
Since = Annotated[str | None, typer.Option("--from", help="A date (in UTC) or an instant.")]
Until = Annotated[str | None, typer.Option("--to", help="A date or an instant; what is before it counts.")]
