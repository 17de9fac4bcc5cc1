"""The whole life of a subscription as somebody sees it who is told of its events, and of nothing else."""

from tests.client import Student
from tests.deadline import eventually
from tests.event_endpoint import Endpoint
from tests.event_receiver import EventReceiver, Received, answer
from tests.lives import World
from tests.scenarios.lived import Lived

FACTS = [
    "subscription.created",
    "invoice.finalized",
    "invoice.paid",
    "subscription.activated",
    "invoice.finalized",
    "invoice.paid",
    "subscription.renewed",
    "invoice.finalized",
    "invoice.payment_failed",
    "subscription.past_due",
    "invoice.paid",
    "subscription.recovered",
    "subscription.cancel_scheduled",
    "subscription.canceled",
]


ANNOUNCED = 2
"""Renewals that were coming: that of the last period was canceled before it was announced."""


async def test_a_life_as_it_is_told(world: World, admin: Student, receiver: EventReceiver) -> None:
    """The receiver is away now and then, and forgetful: what comes twice has the same id."""
    endpoint = await Endpoint.make(admin, receiver.url)

    def moody(_: Received) -> bytes:
        moods = (answer(500), answer(503), answer(200), answer(204))
        return moods[len(receiver.received) % len(moods)]

    receiver.says = moody
    lived = await Lived.begin(world, admin, card="tok_ok")
    await lived.until_day(31)
    await lived.life.store_card("tok_decline_1_then_ok")
    await lived.until_day(61)
    await lived.until_day(65)
    await lived.life.post("cancel")
    await lived.until_day(91)
    subscription_id = lived.life.subscription_id
    count = len(FACTS) + ANNOUNCED

    async def all_came() -> bool:
        return receiver.sequences_of(subscription_id) == list(range(1, count + 1))

    await eventually(all_came)
    came = receiver.of(subscription_id)
    assert len({(each.event["sequence"], each.headers["webhook-id"]) for each in came}) == count, (
        "one id each"
    )
    assert all(each.is_signed_with(endpoint.secret) for each in receiver.received)
    by_sequence = {each.event["sequence"]: each.event for each in came}
    facts = [event for _, event in sorted(by_sequence.items()) if event["type"] != "renewal.upcoming"]
    assert [event["type"] for event in facts] == FACTS
    assert [event["timestamp"] for event in facts] == sorted(event["timestamp"] for event in facts)
    paid = [event["data"]["invoice_id"] for event in facts if event["type"] == "invoice.paid"]
    assert len(set(paid)) == len(paid) == 3
    assert facts[-1]["data"]["change"] == "ended"
    await admin.delete(endpoint.path)
