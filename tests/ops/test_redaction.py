from typing import Any

import pytest

from ops.redaction import redact


def redacted(**event: Any) -> dict[str, Any]:
    return dict(redact(None, "info", event))


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "PASSWD",
        "jwt_secret",
        "refresh_token",
        "Authorization",
        "set-cookie",
        "X-Signature",
        "email",
        "e_mail",
        "api_key",
        "gift_code",
    ],
)
def test_values_under_telling_names_are_hidden(key: str) -> None:
    assert redacted(**{key: "canary"}) == {key: "[redacted]"}


def test_names_deep_inside_are_hidden_too() -> None:
    assert redacted(body={"user": {"password": "canary", "id": 4}}, items=[{"token": "canary"}]) == {
        "body": {"user": {"password": "[redacted]", "id": 4}},
        "items": [{"token": "[redacted]"}],
    }


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Key (email)=(maria@italiano.example) already exists", "Key (email)=([redacted]) already exists"),
        (
            "postgresql+psycopg://billing:canary@db:5432/italiano",
            "postgresql+psycopg://[redacted]@db:5432/italiano",
        ),
        ("Bearer eyJhbGciOi.eyJzdWIi.c2ln-_ rest", "Bearer [redacted] rest"),
        ("row contains (1, $argon2id$v=19$m=8,t=1$c2FsdA$aGFzaA, en)", "row contains (1, [redacted] en)"),
        ("4 @ 5 euros", "4 @ 5 euros"),
        ("eyJust a word", "eyJust a word"),
    ],
)
def test_secrets_inside_of_text_are_hidden(text: str, clean: str) -> None:
    assert redacted(event=text, nested={"why": [text]}) == {"event": clean, "nested": {"why": [clean]}}


def test_ordinary_values_stay() -> None:
    event = {
        "event": "request",
        "status": 200,
        "duration_ms": 1.5,
        "route": "/plans",
        "user_id": 7,
        "ok": True,
    }

    assert redacted(**event) == event


def test_a_value_that_contains_itself_ends() -> None:
    endless: dict[str, Any] = {"id": 1}
    endless["self"] = endless

    assert "[redacted]" in str(redacted(endless=endless))
