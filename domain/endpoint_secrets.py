"""The secrets that outgoing events are signed with: derived, shown once, and stored nowhere."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

PREFIX: Final = "whsec_"
"""By Standard Webhooks: the rest is base64."""

OLD_SECRET_LIVES: Final = timedelta(hours=24)
"""How long what is sent is signed with both, so that a receiver can change over."""


@dataclass(frozen=True, repr=False)
class EndpointSecrets:
    """`key` makes all secrets: with another one every receiver needs a new secret."""

    key: bytes

    def of(self, endpoint_id: int, version: int) -> str:
        """Such as `whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD`: the same one for the same version."""
        made = hmac.digest(self.key, f"webhook endpoint {endpoint_id} {version}".encode(), "sha256")
        return PREFIX + base64.b64encode(made).decode("ascii")

    def in_force(
        self, endpoint_id: int, version: int, old_until: datetime | None, now: datetime
    ) -> tuple[str, ...]:
        """The newest first, and the one before while it is accepted."""
        newest = self.of(endpoint_id, version)
        if old_until is None or old_until <= now or version == 1:
            return (newest,)
        return newest, self.of(endpoint_id, version - 1)
