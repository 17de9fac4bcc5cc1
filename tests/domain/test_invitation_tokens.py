"""Tokens are the same for the same key, and nothing that is stored tells of them."""

from domain.gift_codes import GiftCodes
from domain.invitation_tokens import WELL_FORMED, InvitationTokens

TOKENS = InvitationTokens(b"k" * 32)


def test_a_token_is_derived_from_its_key_and_the_secret() -> None:
    token = TOKENS.of("key")

    assert WELL_FORMED.fullmatch(token)
    assert token == TOKENS.of("key")
    assert len({token, TOKENS.of("other key"), InvitationTokens(b"o" * 32).of("key")}) == 3


def test_its_hash_is_another_thing() -> None:
    token = TOKENS.of("key")

    assert TOKENS.hash_of(token) == TOKENS.hash_of(token)
    hashes = {
        TOKENS.hash_of(token),
        TOKENS.hash_of("key"),
        InvitationTokens(b"o" * 32).hash_of(token),
        GiftCodes(b"k" * 32).hash_of(token),
    }
    assert len(hashes) == 4


def test_the_secret_is_not_shown() -> None:
    assert "kkkk" not in repr(TOKENS)


def test_tokens_that_were_sent_stay_what_they_are() -> None:
    """Whoever has one in a letter comes in with the next release, too."""
    assert TOKENS.of("key") == "_pTOLAqgHDNGO97sL3T7ApRBW81k9CvZn9P-OdPfW_Q"
    assert (
        TOKENS.hash_of(TOKENS.of("key")).hex()
        == "f9826f56993959f7759f4334278b778a1802b2d7653901fe956d27f0c7f3ae15"
    )
