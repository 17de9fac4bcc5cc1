"""Tokens for another password: the same for the same request, unlike any other, known by their hash alone."""

import re

from hypothesis import given
from hypothesis import strategies as st

from domain.reset_tokens import NONCE_BYTES, ResetTokens, hash_of_token

TOKENS = ResetTokens(b"a secret of thirty-two bytes, no less")
OTHERS = ResetTokens(b"another secret of thirty-two bytes...")
SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)


@given(NONCES, NONCES)
def test_one_token_for_one_request_and_one_secret(nonce: bytes, other: bytes) -> None:
    token = TOKENS.of(nonce)

    assert SHAPE.fullmatch(token)
    assert token == TOKENS.of(nonce)
    assert token != OTHERS.of(nonce)
    assert (token == TOKENS.of(other)) is (nonce == other)
    assert (hash_of_token(token) == hash_of_token(TOKENS.of(other))) is (nonce == other)


def test_what_is_stored_does_not_say_the_token() -> None:
    token = TOKENS.of(b"n" * NONCE_BYTES)

    assert len(hash_of_token(token)) == 32
    assert token.encode() not in hash_of_token(token)
    assert token not in repr(TOKENS)


def test_a_token_that_was_sent_stays_what_it_is() -> None:
    """Whoever has one in a letter sets their password during a release, too."""
    token = TOKENS.of(b"n" * NONCE_BYTES)

    assert token == "FFDaw137kWgIyvP2PaIvpLdcnuJwmvs2jMAPFwiM-Ug"
    assert hash_of_token(token).hex() == "558c98ec42f6d3cabe2609b9e191af373902b43721d52544d579550383355d63"
