"""Somebody who signs up and logs in."""

import secrets
from dataclasses import dataclass

from cli.demo.caller import Caller


@dataclass(frozen=True)
class Student:
    user_id: int
    bearer: dict[str, str]


def sign_up(caller: Caller) -> Student:
    # An address under example.test belongs to nobody.
    credentials = {
        "email": f"demo-{secrets.token_hex(4)}@example.test",
        "password": f"tre tigri {secrets.token_hex(6)}",
    }
    user = caller.call("POST", "/auth/signup", 201, json=credentials).json()
    caller.tell(f"user {user['id']}: {user['email']}, {user['role']}")
    session = caller.call("POST", "/auth/login", 200, json=credentials).json()
    caller.tell(f"an access token for {session['expires_in'] // 60} minutes")
    return Student(user["id"], {"Authorization": f"Bearer {session['access_token']}"})
