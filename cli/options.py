"""What commands are asked in common."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="As JSON; money in cents.")]
Reason = Annotated[str, typer.Option(help="Why, for those who look later.")]
Since = Annotated[str | None, typer.Option("--from", help="A date (in UTC) or an instant.")]
Until = Annotated[str | None, typer.Option("--to", help="A date or an instant; what is before it counts.")]
Limit = Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]

LARGEST_ID = 2**63 - 1
SubscriptionId = Annotated[int, typer.Argument(min=1, max=LARGEST_ID, help="The subscription's id.")]
OfSubscription = Annotated[
    int | None, typer.Option("--subscription", min=1, max=LARGEST_ID, help="Only of this subscription.")
]
OfUser = Annotated[int | None, typer.Option("--user", min=1, max=LARGEST_ID, help="Only of this user.")]
