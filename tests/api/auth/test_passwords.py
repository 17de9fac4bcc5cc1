"""Hashing and strength, at the lowest cost that the settings allow."""

import asyncio
import time

import argon2
import pytest

from api.auth.password_strength import MAX_LENGTH, find_weakness
from api.auth.passwords import PasswordHasher
from api.problems import Problem

EMAIL = "francesca.rossi@example.com"
PASSWORD = "quattro gatti sul tetto"


def hasher(*, time_cost: int = 1, lanes: int = 2, longest_queue: int = 100) -> PasswordHasher:
    return PasswordHasher(
        time_cost=time_cost, memory_kib=8192, lanes=lanes, min_length=12, longest_queue=longest_queue
    )


@pytest.fixture(scope="module")
def passwords() -> PasswordHasher:
    return hasher()


async def test_only_the_password_itself_matches(passwords: PasswordHasher) -> None:
    password_hash = await passwords.hash(PASSWORD)

    assert password_hash.startswith("$argon2id$v=19$m=8192,t=1,p=1$")
    assert await passwords.verify(PASSWORD, password_hash)
    for other in (PASSWORD + " ", PASSWORD.title(), PASSWORD[:-1], "", PASSWORD + "\x00"):
        assert not await passwords.verify(other, password_hash)
    assert await passwords.hash(PASSWORD) != password_hash


async def test_nobody_has_no_password(passwords: PasswordHasher) -> None:
    assert not await passwords.verify(PASSWORD, None)
    assert not await passwords.verify("", None)


async def test_nothing_is_cut_off(passwords: PasswordHasher) -> None:
    long = "è" * 127
    password_hash = await passwords.hash(long + "a")
    assert await passwords.verify(long + "a", password_hash)
    assert not await passwords.verify(long + "b", password_hash)


async def test_the_same_characters_typed_another_way_match(passwords: PasswordHasher) -> None:
    composed, decomposed = "perch\N{LATIN SMALL LETTER E WITH ACUTE}", "perche\N{COMBINING ACUTE ACCENT}"
    assert await passwords.verify(decomposed, await passwords.hash(composed))


async def test_what_is_too_long_for_a_password_costs_no_ordering_of_its_marks(
    monkeypatch: pytest.MonkeyPatch, passwords: PasswordHasher
) -> None:
    """It would take seconds, on the event loop, before anybody is known to be anybody."""
    ordered: list[str] = []

    def noted(_form: str, text: str) -> str:
        ordered.append(text)
        return text

    monkeypatch.setattr("api.auth.passwords.normalize", noted)
    longest, endless = "a" * 4 * MAX_LENGTH, "a" + "\u0301" * 16_000 + "\u0316" * 16_000

    for password in (longest, endless):
        await passwords.verify(password, None)
        assert (
            await passwords.find_weakness(password, EMAIL) == "The password may have at most 128 characters."
        )

    assert ordered == [longest, longest]


async def test_a_hash_made_at_another_cost_is_outdated_and_still_good(passwords: PasswordHasher) -> None:
    dearer = hasher(time_cost=2)
    old = await passwords.hash(PASSWORD)

    assert not passwords.is_outdated(old)
    assert dearer.is_outdated(old)
    assert await dearer.verify(PASSWORD, old)
    assert not dearer.is_outdated(await dearer.hash(PASSWORD))


async def test_what_does_not_fit_the_queue_is_told_to_come_again() -> None:
    passwords = hasher(lanes=1, longest_queue=3)
    answers = await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(10)), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, Problem)]
    assert len([answer for answer in answers if isinstance(answer, str)]) == 4
    assert [(problem.status, problem.code) for problem in refused] == [(503, "busy")] * 6
    assert refused[0].headers == {"Retry-After": "2"}
    assert await passwords.hash(PASSWORD), "the queue is free again"


async def test_who_stops_waiting_frees_the_place() -> None:
    passwords = hasher(lanes=1, longest_queue=2)
    waiting = [asyncio.create_task(passwords.hash(PASSWORD)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    assert len(await asyncio.gather(*(passwords.hash(PASSWORD) for _ in range(3)))) == 3


async def test_an_unknown_account_costs_the_same_work_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counted, not timed: one comparison each, of a hash made at the same cost."""
    compared: list[str] = []

    def compare(self: argon2.PasswordHasher, password_hash: str, password: str) -> bool:
        compared.append(password_hash)
        return really_compare(self, password_hash, password)

    really_compare = argon2.PasswordHasher.verify
    monkeypatch.setattr(argon2.PasswordHasher, "verify", compare)
    dearer = hasher(time_cost=2)
    for stored in (await dearer.hash(PASSWORD), None):
        assert not await dearer.verify("not the password", stored)

    wrong, unknown = (argon2.extract_parameters(password_hash) for password_hash in compared)
    assert wrong == unknown


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "passwordpassword",
        "p4ssw0rd!p4ssw0rd!",
        "qwertyuiop12",
        "123456789012",
        "aaaaaaaaaaaaaaaaaaaa",
        "a" * 128,
        "abcdefghijkl",
        "francesca1990",
        "Francesca.Rossi",
        "francesca.rossi@example.com",
        "italiano2026",
        "Subscription1",
    ],
)
def test_what_is_soon_guessed_is_refused(password: str) -> None:
    assert find_weakness(password, EMAIL, 12) == (
        "This password is too easy to guess. A sentence of a few unrelated words is a good one."
    )


@pytest.mark.parametrize(
    "password",
    [
        "quattro gatti sul tetto",
        "correcthorsebattery",
        "xK9#mQ2$vL5&",
        "tredici mele",
        "пароль с пробелами",
        "雨が降る日は本を読むことにします",
        "🦊🐢🦉🐝🐙🦔🐳🐞🦩🐌🦥🐺",
        "quattro gatti sul tetto " * 5,
    ],
)
def test_no_rule_asks_for_kinds_of_characters(password: str) -> None:
    assert find_weakness(password, EMAIL, 12) is None


def test_length_is_counted_in_characters() -> None:
    eleven, twelve = "xK9#mQ2$vL5", "xK9#mQ2$vL5&"
    assert find_weakness(eleven, EMAIL, 12) == "The password needs at least 12 characters."
    assert find_weakness(twelve, EMAIL, 12) is None
    assert find_weakness(twelve, EMAIL, 15) == "The password needs at least 15 characters."
    assert find_weakness(twelve + "è" * 116, EMAIL, 12) is None
    assert find_weakness(twelve + "è" * 117, EMAIL, 12) == "The password may have at most 128 characters."


async def test_typed_another_way_it_is_not_longer(passwords: PasswordHasher) -> None:
    decomposed = "xK9#mQ2$" + "e\N{COMBINING ACUTE ACCENT}" * 2
    assert len(decomposed) == 12
    assert await passwords.find_weakness(decomposed, EMAIL) == "The password needs at least 12 characters."


def test_judging_is_cheap_for_any_input() -> None:
    started = time.thread_time()
    for password in ("a4@8({[<361|!790$5+72%il" * 6, "l479[{7$[$!$|[<|%+@14947{(604+$@" * 4, "ab" * 64):
        find_weakness(password[:128], "x" * 200 + "@example.com", 12)
    assert time.thread_time() - started < 1
