"""Which passwords are refused: by length and by how soon they are guessed, never by composition rules."""

import re
from math import prod
from threading import Lock
from typing import Final

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE, relevant_l33t_subtable

MAX_LENGTH: Final = 128
ENOUGH_GUESSES: Final = 10**8  # far above what the login limits let through in a year
JUDGED_LENGTH: Final = 24  # the estimate's cost grows steeply with the length
MOST_READINGS: Final = 16  # and with this: 25 ms at worst, 500 ms without a bound
PRODUCT_WORDS: Final = ("italiano", "italian", "billing", "subscription", "student", "lezioni")

_ONE_AT_A_TIME = Lock()  # the estimator keeps the words of a call in a module global


def find_weakness(password: str, email: str, min_length: int) -> str | None:
    """A sentence for the person, or None for a password that will do."""
    if len(password) < min_length:
        return f"The password needs at least {min_length} characters."
    if len(password) > MAX_LENGTH:
        return f"The password may have at most {MAX_LENGTH} characters."
    if _is_soon_guessed(password[:JUDGED_LENGTH], email):
        return "This password is too easy to guess. A sentence of a few unrelated words is a good one."
    return None


def _is_soon_guessed(beginning: str, email: str) -> bool:
    """What follows the beginning never makes it weaker, so the beginning is enough to accept it."""
    if _readings(beginning) > MOST_READINGS:
        return False  # so many different symbols are no word in disguise
    name, _, _ = email.partition("@")
    words = [email, name, *re.split(r"[\W_]+", email), *PRODUCT_WORDS]
    known = [word[:JUDGED_LENGTH] for word in words if word]
    with _ONE_AT_A_TIME:
        guesses = float(zxcvbn(beginning, user_inputs=known)["guesses"])
    return guesses < ENOUGH_GUESSES


def _readings(password: str) -> int:
    """In how many ways its digits and symbols can be read as letters."""
    return prod(len(symbols) for symbols in relevant_l33t_subtable(password, L33T_TABLE).values())
