"""Every way to make a token that is not ours, against the one that is."""

import gc
import hashlib
import hmac
import random
import string
import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from api.auth.tokens import (
    AUDIENCE,
    ISSUER,
    AccessClaims,
    RefreshClaims,
    TokenIssuer,
    TokenRefusedError,
    new_token_id,
)
from tests import jwt_by_hand
from tests.jwt_by_hand import base64url, encoded

SECRET = "s" * 64  # as many bytes as the longest of the hashes
OTHER_SECRET = "o" * 64
ACCESS = "at+jwt"

issuer = TokenIssuer((SECRET,), "HS256")


def access_token(of: TokenIssuer = issuer, *, lives: timedelta = timedelta(minutes=15)) -> str:
    now = datetime.now(UTC)
    return of.issue_access(AccessClaims(7, "student"), issued_at=now, expires_at=now + lives)


def claims(**changes: Any) -> dict[str, Any]:
    """Good claims, changed; a claim that becomes None is left out."""
    now = int(datetime.now(UTC).timestamp())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "7",
        "role": "student",
        "jti": new_token_id(),
        "iat": now,
        "exp": now + 900,
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def signed(payload: Any, secret: str | bytes = SECRET, *, digest: str = "sha256", **header: Any) -> str:
    return jwt_by_hand.signed(payload, secret, digest=digest, **header)


def refusal(token: str, of: TokenIssuer = issuer) -> str:
    with pytest.raises(TokenRefusedError) as refused:
        of.read_access(token)
    return refused.value.code


def test_a_token_says_what_was_put_in() -> None:
    assert issuer.read_access(access_token()) == AccessClaims(7, "student")
    assert issuer.read_access(signed(claims())) == AccessClaims(7, "student")

    now = datetime.now(UTC)
    refresh = RefreshClaims(7, new_token_id())
    token = issuer.issue_refresh(refresh, issued_at=now, expires_at=now + timedelta(days=1))
    assert issuer.read_refresh(token) == refresh


def test_no_two_tokens_are_the_same() -> None:
    assert access_token() != access_token()


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", None, 0, [], ["HS256"], "hs256"])
def test_unsigned_tokens_are_refused(alg: Any) -> None:
    head, body = encoded({"alg": alg, "typ": ACCESS}), encoded(claims())
    for token in (f"{head}.{body}.", f"{head}.{body}", signed(claims(), alg=alg)):
        assert refusal(token) == "token_invalid"


@pytest.mark.parametrize(("alg", "digest"), [("HS384", "sha384"), ("HS512", "sha512")])
def test_another_hmac_under_the_right_secret_is_refused(alg: str, digest: str) -> None:
    token = signed(claims(), digest=digest, alg=alg)
    assert refusal(token) == "token_invalid"
    assert TokenIssuer((SECRET,), alg).read_access(token) == AccessClaims(7, "student")


def test_rsa_is_refused_also_when_the_public_key_is_the_secret() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    by_rsa = jwt.encode(claims(), private, algorithm="RS256", headers={"typ": ACCESS})
    by_public_key = signed(claims(), public)
    assert refusal(by_rsa) == "token_invalid"
    assert refusal(by_public_key) == "token_invalid"


@pytest.mark.parametrize(
    "header",
    [
        {"kid": "../../dev/null"},
        {"kid": 1},
        {"jku": "https://attacker.example/keys"},
        {"jwk": {"kty": "oct", "k": base64url(OTHER_SECRET.encode())}},
        {"x5u": "https://attacker.example/certificate"},
        {"crit": ["exp"]},
        {"b64": False, "crit": ["b64"]},
        {"zip": "DEF"},
    ],
)
def test_headers_that_choose_a_key_or_a_rule_are_refused(header: dict[str, Any]) -> None:
    assert refusal(signed(claims(), **header)) == "token_invalid"
    assert refusal(signed(claims(), OTHER_SECRET, **header)) == "token_invalid"


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "aud", "iss", "jti", "role"])
def test_every_claim_is_required(claim: str) -> None:
    assert refusal(signed(claims(**{claim: None}))) == "token_invalid"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "somebody-else"},
        {"iss": [ISSUER]},
        {"aud": "another-api"},
        {"aud": [AUDIENCE]},
        {"sub": 7},
        {"sub": ""},
        {"sub": "0"},
        {"sub": "-7"},
        {"sub": "seven"},
        {"sub": "٧"},
        {"sub": str(2**63)},
        {"sub": "9" * 5000},
        {"role": 1},
        {"jti": 1},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"iat": datetime.now(UTC).timestamp() + 86_400},
        {"iat": "now"},
        {"nbf": datetime.now(UTC).timestamp() + 86_400},
        {"nbf": []},
    ],
)
def test_claims_that_are_not_ours_are_refused(changes: dict[str, Any]) -> None:
    assert refusal(signed(claims(**changes))) == "token_invalid"


def test_expiry_has_no_leeway() -> None:
    now = datetime.now(UTC).timestamp()
    assert refusal(access_token(lives=timedelta(0))) == "token_expired"
    assert refusal(signed(claims(exp=now))) == "token_expired"
    assert refusal(signed(claims(exp=now - 86_400))) == "token_expired"
    assert refusal(signed(claims(exp=-1))) == "token_expired"


def test_a_clock_a_little_ahead_is_forgiven() -> None:
    ahead = signed(claims(iat=datetime.now(UTC).timestamp() + 5))
    assert issuer.read_access(ahead) == AccessClaims(7, "student")
    assert refusal(signed(claims(iat=datetime.now(UTC).timestamp() + 60))) == "token_invalid"


@pytest.mark.parametrize("typ", ["rt+jwt", "JWT", "AT+JWT", "", None, "application/at+jwt", ["at+jwt"]])
def test_another_type_is_refused(typ: Any) -> None:
    assert refusal(signed(claims(), typ=typ)) == "token_wrong_type"


def test_each_type_is_refused_in_the_place_of_the_other() -> None:
    now = datetime.now(UTC)
    refresh = issuer.issue_refresh(
        RefreshClaims(7, new_token_id()), issued_at=now, expires_at=now + timedelta(days=1)
    )
    assert refusal(refresh) == "token_wrong_type"
    with pytest.raises(TokenRefusedError, match="token_wrong_type"):
        issuer.read_refresh(access_token())


def test_a_swapped_payload_or_signature_is_refused() -> None:
    head, body, signature = access_token().split(".")
    promoted = encoded(claims(role="admin"))
    assert refusal(f"{head}.{promoted}.{signature}") == "token_invalid"
    assert refusal(f"{head}.{body}.") == "token_invalid"
    assert refusal(f"{head}.{body}.{base64url(hashlib.sha256(body.encode()).digest())}") == "token_invalid"
    assert refusal(signed(claims(), "")) == "token_invalid"


def test_a_signature_has_one_spelling() -> None:
    """The last of its 43 characters has two bits that nothing reads, and there is room for padding."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    token = access_token()
    bits = alphabet.index(token[-1])
    others = [token[:-1] + alphabet[bits ^ unread] for unread in (1, 2, 3)]

    assert {refusal(other) for other in [*others, f"{token}=", f"{token}=="]} == {"token_invalid"}


def test_a_rotation_logs_nobody_out_and_ends() -> None:
    before = access_token(TokenIssuer((OTHER_SECRET,), "HS256"))
    rotating = TokenIssuer((SECRET, OTHER_SECRET), "HS256")

    assert refusal(before) == "token_invalid"
    assert rotating.read_access(before) == AccessClaims(7, "student")
    assert rotating.read_access(access_token()) == AccessClaims(7, "student")
    assert issuer.read_access(access_token(rotating)) == AccessClaims(7, "student")


def test_a_long_token_is_refused_before_it_is_read() -> None:
    assert len(token := signed(claims(padding="p" * 8192))) > 8192
    assert refusal(token) == "token_invalid"
    assert issuer.read_access(signed(claims(padding="p" * 4096))) == AccessClaims(7, "student")


def test_malformed_tokens_are_refused_and_nothing_else() -> None:
    chance = random.Random(20260301)  # noqa: S311 - the same junk in every run
    good = access_token()

    def malformed() -> str:
        match chance.randrange(5):
            case 0:  # characters of any kind
                return "".join(chr(chance.randrange(1, 0xD7FF)) for _ in range(chance.randrange(200)))
            case 1:  # segments of the right alphabet
                alphabet = string.ascii_letters + string.digits + "-_=."
                return "".join(chance.choices(alphabet, k=chance.randrange(300)))
            case 2:  # a good one cut off
                return good[: chance.randrange(len(good))]
            case 3:  # a good one with one character of its payload or header changed
                at = chance.randrange(good.rindex("."))
                return good[:at] + ("A" if good[at] != "A" else "B") + good[at + 1 :]
            case _:  # rightly signed, and not what a payload is
                junk: list[Any] = [None, 1, "text", [], [[[]]], True, {"exp": {}}, {"sub": [claims()]}]
                return signed(chance.choice(junk))

    codes = {refusal(malformed()) for _ in range(2000)}
    assert codes == {"token_invalid"}


def test_ten_thousand_malformed_tokens_leave_nothing_behind() -> None:
    good = access_token()
    refusal(good[:-1])  # whatever is made once
    tracemalloc.start()
    for number in range(10_000):
        refusal(f"{good[:-9]}{number}")
    gc.collect()
    left_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert left_bytes < 100_000


def test_deeply_nested_json_is_refused() -> None:
    nested = base64url(b'{"a":' * 1000 + b"1" + b"}" * 1000)
    signing_input = f"{encoded({'alg': 'HS256', 'typ': ACCESS})}.{nested}"
    signature = base64url(hmac.digest(SECRET.encode(), signing_input.encode(), "sha256"))
    assert refusal(f"{signing_input}.{signature}") == "token_invalid"
    assert refusal(f"{nested}.{encoded(claims())}.{signature}") == "token_invalid"
