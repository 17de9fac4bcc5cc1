"""Two thousand tokens that nobody has given out: each is a 401, wherever it is shown."""

import asyncio
import itertools
from collections import Counter

import httpx2
import pytest

from tests.attack.forgery import Forger, Own
from tests.client import Student, refusal
from tests.jwt_by_hand import signed
from tests.stack import JWT_SECRET

COUNT = 2_000
AT_ONCE = 20
PLACES = (
    ("GET", "/auth/me"),
    ("GET", "/me/subscription"),
    ("GET", "/admin/users"),
    ("GET", "/auth/me/export"),
    ("DELETE", "/me/payment-methods/1"),
)
REFUSED = {"token_invalid", "token_expired", "token_wrong_type"}


@pytest.fixture
async def forger(student: Student, admin: Student) -> Forger:
    return Forger(Own(student.access_token, student.refresh_token, admin.id), JWT_SECRET, seed=20260301)


async def test_none_of_two_thousand_opens_anything(
    http: httpx2.AsyncClient, forger: Forger, student: Student
) -> None:
    seen: Counter[str] = Counter()

    async def show(way: str, token: str, method: str, path: str) -> None:
        answer = await http.request(method, path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, f"{way}: {token}"
        assert refusal(answer)[1] in REFUSED, f"{way}: {token}"
        seen[way] += 1

    shown = list(zip(forger.tokens(COUNT), itertools.cycle(PLACES), strict=False))
    for first in range(0, COUNT, AT_ONCE):
        await asyncio.gather(*(show(*token, *place) for token, place in shown[first : first + AT_ONCE]))

    assert seen.total() == COUNT
    assert min(seen.values()) >= COUNT // len(seen)
    assert (await student.get("/auth/me")).status_code == 200
    renewed = await http.post("/auth/refresh", headers={"Authorization": f"Bearer {student.refresh_token}"})
    assert renewed.status_code == 200


async def test_the_forger_could_make_a_good_one(http: httpx2.AsyncClient, forger: Forger) -> None:
    """So that what is refused is refused for what is wrong with it."""
    good = signed(forger._claims(), JWT_SECRET)
    assert (await http.get("/admin/users", headers={"Authorization": f"Bearer {good}"})).status_code == 200
