"""The stack's own admin, who turns clocks, makes codes, and gives money back."""

import secrets
from typing import Any

from cli.demo.caller import Caller
from cli.dev.status import Status


class Staff:
    """Logs in when that is told: its requests are lines of the story too."""

    def __init__(self, caller: Caller, stack: Status) -> None:
        self._caller = caller
        self._stack = stack
        self._bearer: dict[str, str] = {}

    def log_in(self) -> None:
        credentials = {"email": self._stack.admin_email, "password": self._stack.admin_password}
        session = self._caller.call("POST", "/auth/login", 200, json=credentials).json()
        self._bearer = {"Authorization": f"Bearer {session['access_token']}"}

    def post(self, path: str, expect: int, order: dict[str, Any]) -> dict[str, Any]:
        """Raises `NotAsToldError` when the answer has another status."""
        headers = self._bearer | {"Idempotency-Key": secrets.token_hex(16)}
        answer = self._caller.call("POST", f"/admin{path}", expect, json=order, headers=headers)
        told: dict[str, Any] = answer.json()
        return told
