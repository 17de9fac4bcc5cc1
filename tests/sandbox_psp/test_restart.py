"""What the provider's book holds after `kill -9`."""

import httpx2
import pytest

from tests.deadline import eventually
from tests.psp import SandboxPsp
from tests.sandbox_psp.requests import a_body, a_key, charge, read
from tests.webhook_receiver import WebhookReceiver


async def test_everything_survives_being_killed(own_psp: SandboxPsp, own_receiver: WebhookReceiver) -> None:
    await own_receiver.close()
    lost, key = a_body("tok_answer_lost"), a_key()
    with pytest.raises(httpx2.RemoteProtocolError):
        await own_psp.post("/v1/charges", lost, key=key)
    answers_soon = await charge(own_psp, "tok_3ds_ok", subscription_id=lost["subscription_id"])
    run = await charge(own_psp, "tok_decline_2_then_ok")
    refund = {"charge_key": key, "amount_cents": 500, "currency": "EUR"}
    refunded = (await own_psp.post("/v1/refunds", refund, key="refund:1")).json()
    await own_psp.behave("tok_ok-x", "tok_closed")
    await own_psp.outage(on=True)
    own_psp.kill()
    await own_receiver.open()
    await own_psp.start()

    assert (await own_psp.get("/v1/charges")).status_code == 503
    await own_psp.outage(on=False)
    repeated = (await own_psp.post("/v1/charges", lost, key=key)).json()
    assert (repeated["status"], repeated["refunded_cents"]) == ("succeeded", 500)
    assert (await own_psp.post("/v1/charges", lost | {"amount_cents": 1}, key=key)).status_code == 422
    assert (await own_psp.post("/v1/refunds", refund, key="refund:1")).json() == refunded
    again = await charge(own_psp, "tok_decline_2_then_ok", subscription_id=run["subscription_id"])
    recovered = await charge(own_psp, "tok_decline_2_then_ok", subscription_id=run["subscription_id"])
    assert (again["status"], recovered["status"]) == ("failed", "succeeded")
    assert (await charge(own_psp, "tok_ok-x"))["decline_code"] == "closed_account"

    async def all_is_told() -> bool:
        return await own_psp.pending(lost["subscription_id"]) == 0

    await eventually(all_is_told)
    assert (await read(own_psp, answers_soon))["status"] == "succeeded"
    assert [r["status"] for r in own_receiver.taken_of(lost["payment_id"])] == ["SUCCEEDED"]
    assert [r["status"] for r in own_receiver.taken_of(answers_soon["payment_id"])] == ["SUCCEEDED"]
    assert len(await own_psp.charges(lost["subscription_id"])) == 2


async def test_asked_to_stop_it_ends_with_0(own_psp: SandboxPsp) -> None:
    await charge(own_psp, "tok_ok")

    assert await own_psp.stop() == 0
