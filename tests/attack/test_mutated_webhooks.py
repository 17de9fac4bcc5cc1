"""Five thousand reports that nobody has sent so: none is believed, and none is kept."""

import asyncio
import itertools
from collections import Counter

import httpx2
import pytest
from sqlalchemy import text

from tests.attack.mutation import Mutant, Mutator, Provider, Signed, Stripes
from tests.client import refusal
from tests.lives import Life, World
from tests.local_stripe import LocalStripe

FOR_EACH_PROVIDER = 2_500
AT_ONCE = 20
REFUSED = {
    (400, "invalid_json"),
    (401, "signature_missing"),
    (401, "signature_invalid"),
    (401, "signature_expired"),
    (413, "body_too_large"),
    (415, "unsupported_media_type"),
    (422, "invalid_payload"),
    (422, "unsupported_status"),
}


@pytest.fixture
async def unpaid(world: World) -> Life:
    return await Life.begin(world)


@pytest.fixture
def providers(unpaid: Life, absent_stripe: LocalStripe) -> list[Provider]:
    """Both tell of the same payment, which is the first one's to tell of."""
    return [
        Signed(unpaid.world.stack.webhook_secret, unpaid.payment_id),
        Stripes(absent_stripe.webhook_secret, unpaid.payment_id),
    ]


async def send(http: httpx2.AsyncClient, mutant: Mutant) -> httpx2.Response:
    return await http.post(mutant.path, content=mutant.body, headers=mutant.headers)


async def test_none_of_five_thousand_is_believed(
    http: httpx2.AsyncClient, unpaid: Life, providers: list[Provider]
) -> None:
    before = await unpaid.book()
    for provider, other in (providers, reversed(providers)):
        seen = await refused(http, Mutator(provider, other, seed=20260301))
        assert {code for way in seen.values() for code in way} == REFUSED - unknown_to(provider)
        assert sum(way.total() for way in seen.values()) == FOR_EACH_PROVIDER

    assert await unpaid.book() == before
    assert await kept(unpaid, providers) == 0
    taken = [await send(http, provider.good()) for provider in providers]
    assert [answer.json() for answer in taken] == [{"ok": True}, {"ok": True, "ignored": True}]
    assert await kept(unpaid, providers) == len(providers)
    await unpaid.becomes("active")


async def refused(http: httpx2.AsyncClient, mutator: Mutator) -> dict[str, Counter[tuple[int, str]]]:
    """What each way was refused with. Fails at what is not."""
    seen: dict[str, Counter[tuple[int, str]]] = {}

    async def try_it(way: str, mutant: Mutant) -> None:
        answer = await send(http, mutant)
        assert answer.status_code in {status for status, _ in REFUSED}, f"{way}: {mutant}"
        seen.setdefault(way, Counter())[refusal(answer)] += 1

    mutants = mutator.mutants(FOR_EACH_PROVIDER)
    while batch := list(itertools.islice(mutants, AT_ONCE)):  # signed when it is sent
        await asyncio.gather(*(try_it(*mutant) for mutant in batch))
    return seen


def unknown_to(provider: Provider) -> set[tuple[int, str]]:
    """Stripe's statuses are words of events, and an event of another kind is none of ours."""
    return {(422, "unsupported_status")} if isinstance(provider, Stripes) else set()


async def kept(life: Life, providers: list[Provider]) -> int:
    """Rows of the inbox that are about the payment, or hold a part of what was sent."""
    query = text(
        "SELECT count(*) FROM webhook_inbox WHERE payment_id = :payment_id"
        " OR position(:first in raw_body) > 0 OR position(:second in raw_body) > 0"
    )
    first, second = (provider.marker.encode() for provider in providers)
    async with life.world.database.read() as connection:
        found = await connection.execute(
            query, {"payment_id": life.payment_id, "first": first, "second": second}
        )
        count: int = found.scalar_one()
        return count
