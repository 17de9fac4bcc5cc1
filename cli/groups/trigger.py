"""`italiano trigger`: makes the sandbox payment provider do what real ones do on bad days."""

from collections.abc import Callable
from typing import Annotated

import typer

from cli.options import LARGEST_ID

group = typer.Typer(
    help="Make the sandbox payment provider do something. Refused where none is configured.",
    no_args_is_help=True,
)

CARDS = {
    "payment.succeeded": ("tok_ok", "From the next charge on its card is charged."),
    "payment.failed": ("tok_insufficient_funds", "From the next charge on its card is declined softly."),
    "payment.stolen": ("tok_stolen", "From the next charge on its card is declined for good."),
    "payment.action_required": ("tok_3ds", "From the next charge on its customer has to confirm each."),
    "payment.answer_lost": (
        "tok_answer_lost",
        "From the next charge on it is charged and the answer is lost: unknown, then looked up.",
    ),
}
"""What its card behaves like, and what that means. A card stays so until another of these is triggered."""

ANSWERS = {
    "payment.confirmed": ("succeeded", "Its customer confirms the charge that waits for it."),
    "payment.refused": ("failed", "Its customer refuses the charge that waits for it."),
}

OUTAGES = {
    "provider.down": (True, "The provider answers everything with 503, until it is up again."),
    "provider.up": (False, "The provider works again."),
}

WEBHOOKS = {
    "webhooks.muted": (True, "What happens from now on is never reported: reconciliation has to find it."),
    "webhooks.normal": (False, "Reports are sent as usual again."),
}

OfWhich = Annotated[int, typer.Argument(min=1, max=LARGEST_ID, help="The subscription's id.")]


def _card(like: str) -> Callable[[int], None]:
    def change(subscription_id: OfWhich) -> None:
        from cli.trigger import change_card  # noqa: PLC0415 - see cli/main.py

        change_card(subscription_id, like)

    return change


def _answer(outcome: str) -> Callable[[int], None]:
    def answer(subscription_id: OfWhich) -> None:
        from cli.trigger import answer_for_customer  # noqa: PLC0415 - see cli/main.py

        answer_for_customer(subscription_id, outcome)

    return answer


def _outage(*, on: bool) -> Callable[[], None]:
    def switch() -> None:
        from cli.trigger import switch_outage  # noqa: PLC0415 - see cli/main.py

        switch_outage(on=on)

    return switch


def _webhooks(*, muted: bool) -> Callable[[], None]:
    def switch() -> None:
        from cli.trigger import switch_webhooks  # noqa: PLC0415 - see cli/main.py

        switch_webhooks(muted=muted)

    return switch


for _name, (_like, _does) in CARDS.items():
    group.command(_name, help=_does)(_card(_like))
for _name, (_outcome, _does) in ANSWERS.items():
    group.command(_name, help=_does)(_answer(_outcome))
for _name, (_on, _does) in OUTAGES.items():
    group.command(_name, help=_does)(_outage(on=_on))
for _name, (_on, _does) in WEBHOOKS.items():
    group.command(_name, help=_does)(_webhooks(muted=_on))


@group.command("chargeback")
def trigger_chargeback(
    subscription_id: OfWhich,
    amount: Annotated[str | None, typer.Argument(help="How much, `12.50`; else all of the charge.")] = None,
) -> None:
    """Have the bank take the newest charge of it back."""
    from cli.trigger import charge_back  # noqa: PLC0415 - see cli/main.py

    charge_back(subscription_id, amount)
