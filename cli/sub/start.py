"""`italiano sub start`: a subscription for a user, as their own start would be."""

from dataclasses import asdict

import typer

from activities.contracts import StartAnswer
from api.on_behalf import OnBehalf
from api.payment_methods import OfferedMethod
from api.start_on_behalf import StartForUser
from cli.amounts import shown_cents
from cli.sub.commands import act
from cli.terminal import print_json


def parse_card(text: str) -> OfferedMethod:
    """`provider:token`. Raises `typer.BadParameter`."""
    provider, _, token = text.partition(":")
    if not provider or not token:
        raise typer.BadParameter(f"{text!r} is not a provider and its token, as sandbox:tok_ok is")
    return OfferedMethod(provider, token)


def start(user_id: int, wanted: StartForUser, reason: str, *, as_json: bool) -> None:
    """The first payment is asked for at once."""

    async def way(behalf: OnBehalf, command_id: str) -> StartAnswer:
        return (await behalf.start(user_id, wanted, command_id)).answer

    answer = act(reason, way)
    if as_json:
        print_json(asdict(answer))
        return
    print(f"subscription {answer.subscription_id} of user {user_id} is {answer.status}")
    if answer.invoice_id is not None:
        due = shown_cents(answer.amount_cents, answer.currency)
        print(f"  invoice {answer.invoice_id}: {due} to be paid, payment {answer.payment_id or '-'}")
