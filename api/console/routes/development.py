"""What only a system that charges nobody has: its clock, and a card that does what it is told."""

from fastapi import Request
from starlette.responses import RedirectResponse

from api.console.forms import PostedFormDep
from api.console.pages import HOME, go_to
from api.console.route import pages_router
from api.console.sandbox_card import Behavior, change_card
from api.problems import Problem
from api.routes.clock import turn_clock
from api.schemas.base import RowId
from api.schemas.clock import AdvanceBody

clock_router = pages_router()
"""Where the virtual clock is enabled."""

card_router = pages_router()
"""Where the sandbox payment provider is configured."""


@clock_router.post("/subscriptions/{subscription_id}/clock")
async def turn(request: Request, subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    """Lets the time of this one subscription pass. No reason is asked for: no customer has this clock."""
    body = posted.read(AdvanceBody, advance=posted.text("advance"))
    await posted.carry_out(
        lambda asked: turn_clock(subscription_id, body, request, asked.user, asked.key, asked.context)
    )
    return go_to(f"{HOME}/subscriptions/{subscription_id}?done=clock")


@card_router.post("/subscriptions/{subscription_id}/card")
async def switch_card(subscription_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    """For all who are charged to the same test card, from its next charge on. Twice is once."""
    try:
        behavior = Behavior(posted.text("behavior") or "")
    except ValueError:
        raise Problem(422, "validation_failed", "Choose how the card is to behave.") from None
    await change_card(posted.asked.context, subscription_id, behavior)
    return go_to(f"{HOME}/subscriptions/{subscription_id}?done=card")
