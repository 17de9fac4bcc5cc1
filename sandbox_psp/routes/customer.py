"""The page on which a customer confirms a charge. Who knows its address is the customer."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from sandbox_psp import charges
from sandbox_psp.charge import Charge
from sandbox_psp.clock import now
from sandbox_psp.context import Context, ContextDep
from sandbox_psp.problems import RefusalError

router = APIRouter(prefix="/3ds")

SEE_OTHER = 303
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox bank</title>
<body style="font: 1.2rem sans-serif; max-width: 30rem; margin: 4rem auto">
<h1>Sandbox bank</h1><p>{amount} for payment {payment}: <b>{status}</b></p>{buttons}</body></html>"""
BUTTONS = """<form method="post" action="/3ds/{reference}/succeeded"><button>Confirm</button></form>
<form method="post" action="/3ds/{reference}/failed"><button>Refuse</button></form>"""


@router.get("/{reference}", response_class=HTMLResponse)
async def show_charge(reference: str, context: ContextDep) -> str:
    charge = _charge(context, reference)
    return PAGE.format(
        amount=f"{charge.amount_cents / 100:.2f} {charge.currency}",
        payment=charge.payment_id,
        status=charge.status,
        buttons=BUTTONS.format(reference=reference) if charge.status == "pending" else "",
    )


@router.post("/{reference}/{outcome}")
async def answer(
    reference: str, outcome: Literal["succeeded", "failed"], context: ContextDep
) -> RedirectResponse:
    charges.complete_action(context.book, _charge(context, reference), outcome, now())
    context.wake()
    return RedirectResponse(f"/3ds/{reference}", SEE_OTHER)


def _charge(context: Context, reference: str) -> Charge:
    charge = charges.find_by_reference(context.book, reference)
    if charge is None:
        raise RefusalError(404, "charge_not_found", "There is no such charge.")
    return charge
