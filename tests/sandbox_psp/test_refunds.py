import asyncio

from tests.psp import SandboxPsp
from tests.sandbox_psp.requests import a_key, charge, read


async def test_twenty_at_once_never_get_more_than_was_charged(psp: SandboxPsp) -> None:
    charged = await charge(psp, "tok_ok", amount_cents=1000)
    body = {"charge_key": charged["idempotency_key"], "amount_cents": 150, "currency": "EUR"}

    answers = await asyncio.gather(*(psp.post("/v1/refunds", body, key=a_key()) for _ in range(20)))

    refused = [answer.json()["code"] for answer in answers if answer.status_code != 201]
    assert len(answers) - len(refused) == 6
    assert set(refused) == {"not_refundable"}
    assert (await read(psp, charged))["refunded_cents"] == 900


async def test_one_key_used_by_twenty_at_once_is_one_refund(psp: SandboxPsp) -> None:
    charged = await charge(psp, "tok_ok", amount_cents=1000)
    body, key = {"charge_key": charged["idempotency_key"], "amount_cents": 150, "currency": "EUR"}, a_key()

    answers = await asyncio.gather(*(psp.post("/v1/refunds", body, key=key) for _ in range(20)))

    assert len({answer.text for answer in answers}) == 1
    assert (await read(psp, charged))["refunded_cents"] == 150
    for other in ({"amount_cents": 151}, {"charge_key": "another"}, {"currency": "USD"}):
        answer = await psp.post("/v1/refunds", body | other, key=key)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_the_list_is_what_was_refunded_page_by_page(psp: SandboxPsp) -> None:
    charged = await charge(psp, "tok_ok")
    body = {"charge_key": charged["idempotency_key"], "amount_cents": 10, "currency": "EUR"}
    made = [(await psp.post("/v1/refunds", body, key=a_key())).json() for _ in range(5)]

    listed, cursor = [], "0"
    while cursor:
        page = (await psp.get("/v1/refunds", limit=2, cursor=cursor)).json()
        listed += [one for one in page["refunds"] if one["charge_key"] == charged["idempotency_key"]]
        cursor = page["next_cursor"]

    assert listed == made
    assert [one["status"] for one in made] == ["succeeded"] * 5
