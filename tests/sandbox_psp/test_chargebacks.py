"""What a payer's bank takes back: once, as far as it was not refunded, and it is reported."""

import asyncio

import pytest

from tests.deadline import eventually
from tests.psp import SandboxPsp
from tests.sandbox_psp.requests import a_key, charge, read
from tests.webhook_receiver import WebhookReceiver


@pytest.mark.parametrize(("amount_cents", "taken_cents"), [(None, 1990), (500, 500)])
async def test_it_is_in_the_book_and_reported(
    psp: SandboxPsp, receiver: WebhookReceiver, amount_cents: int | None, taken_cents: int
) -> None:
    charged = await charge(psp, "tok_ok")

    answer = await psp.charge_back(charged["id"], amount_cents)

    async def is_told() -> bool:
        return len(receiver.taken_of(charged["payment_id"])) == 2

    await eventually(is_told)
    assert answer == await read(psp, charged) == charged | {"charged_back_cents": taken_cents}
    told, reversal = receiver.taken_of(charged["payment_id"])
    assert reversal == told | {
        "status": "CHARGEBACK",
        "amount_cents": taken_cents,
        "event_id": reversal["event_id"],
        "occurred_at": reversal["occurred_at"],
    }
    assert reversal["event_id"] != told["event_id"]


async def test_what_was_refunded_is_not_taken_back(psp: SandboxPsp) -> None:
    charged = await charge(psp, "tok_ok", amount_cents=1000)
    refund = {"charge_key": charged["idempotency_key"], "amount_cents": 400, "currency": "EUR"}
    assert (await psp.post("/v1/refunds", refund, key=a_key())).status_code == 201

    assert (await refused(psp, charged["id"], 601)) == (409, "not_chargeable_back")
    assert (await psp.charge_back(charged["id"]))["charged_back_cents"] == 600
    assert (await psp.post("/v1/refunds", refund | {"amount_cents": 1}, key=a_key())).status_code == 422


async def test_only_what_succeeded_is_taken_back_and_only_once(psp: SandboxPsp) -> None:
    declined, waiting = await charge(psp, "tok_stolen"), await charge(psp, "tok_3ds")
    charged = await charge(psp, "tok_ok")

    answers = await asyncio.gather(
        *(psp.post(f"/v1/control/charges/{charged['id']}/charge-back", {}) for _ in range(10))
    )

    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 9]
    for other in (declined, waiting, charged):
        assert await refused(psp, other["id"]) == (409, "not_chargeable_back")
    assert await refused(psp, "ch_unknown") == (404, "charge_not_found")


@pytest.mark.parametrize("amount_cents", [0, -1, "all"])
async def test_an_amount_is_an_amount(psp: SandboxPsp, amount_cents: object) -> None:
    charged = await charge(psp, "tok_ok")

    assert await refused(psp, charged["id"], amount_cents) == (422, "invalid_request")


async def refused(psp: SandboxPsp, reference: str, amount_cents: object = None) -> tuple[int, str]:
    body = {} if amount_cents is None else {"amount_cents": amount_cents}
    answer = await psp.post(f"/v1/control/charges/{reference}/charge-back", body)
    return answer.status_code, answer.json()["code"]
