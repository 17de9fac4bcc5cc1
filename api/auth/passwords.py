"""Password hashing with Argon2id, away from the event loop and never more at once than the memory allows."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_urlsafe
from typing import Final, ParamSpec, Self, TypeVar
from unicodedata import normalize

import argon2
from argon2.exceptions import VerifyMismatchError

from api.auth.password_strength import MAX_LENGTH, find_weakness
from api.problems import Problem
from ops.settings import Settings

LONGEST_QUEUE: Final = 100  # with two lanes of 25 ms each, a wait of a little over a second

P = ParamSpec("P")
T = TypeVar("T")


class PasswordHasher:
    def __init__(
        self,
        *,
        time_cost: int,
        memory_kib: int,
        lanes: int,
        min_length: int,
        longest_queue: int = LONGEST_QUEUE,
    ) -> None:
        self._hasher = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=argon2.Type.ID
        )
        self._hash_of_nobody = self._hasher.hash(token_urlsafe())
        self._min_length = min_length
        self._lanes = ThreadPoolExecutor(lanes, thread_name_prefix="passwords")
        self._room = lanes + longest_queue
        self._jobs = 0

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(
            time_cost=settings.argon2_time_cost,
            memory_kib=settings.argon2_memory_kib,
            lanes=settings.argon2_concurrency,
            min_length=settings.password_min_length,
        )

    async def find_weakness(self, password: str, email: str) -> str | None:
        """What makes this password unfit for this person, as a sentence, or None."""
        return await self._run(find_weakness, _normalized(password), email, self._min_length)

    async def hash(self, password: str) -> str:
        return await self._run(self._hasher.hash, _normalized(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the hash's. Without a hash the answer is no, after the same work."""
        return await self._run(self._matches, _normalized(password), password_hash or self._hash_of_nobody)

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the cost was changed in the settings since this hash was made."""
        return self._hasher.check_needs_rehash(password_hash)

    def _matches(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except VerifyMismatchError:
            return False

    async def _run(self, job: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        if self._jobs >= self._room:
            raise Problem(
                503,
                "busy",
                "Too many people are signing in at this moment. Please try again.",
                headers={"Retry-After": "2"},
            )
        self._jobs += 1
        try:
            return await asyncio.wrap_future(self._lanes.submit(job, *arguments, **keywords))
        finally:
            self._jobs -= 1


def _normalized(password: str) -> str:
    """The same password typed on another keyboard is the same (NIST SP 800-63B §3.1.1.2).

    What is too long for one stays as it is: its marks would be put in order in quadratic time, right here on
    the event loop. Composing makes at most four characters one, so nobody's password is as long.
    """
    return password if len(password) > 4 * MAX_LENGTH else normalize("NFKC", password)
