"""The secrets of a local stack: made once, kept in its home, unless the environment gives them."""

import os
import secrets
from dataclasses import asdict, dataclass

from cli.dev.home import Home

FILE = "secrets.json"


@dataclass(frozen=True)
class KeptSecrets:
    jwt_secret: str
    webhook_secret: str
    psp_api_key: str
    admin_password: str


def secrets_of(home: Home) -> KeptSecrets:
    made = {
        "jwt_secret": secrets.token_hex(32),
        "webhook_secret": secrets.token_hex(32),
        "psp_api_key": secrets.token_hex(16),
        "admin_password": secrets.token_urlsafe(15),
    }
    kept = KeptSecrets(**(made | home.read(FILE)))
    home.write(FILE, asdict(kept))
    return KeptSecrets(
        jwt_secret=os.environ.get("JWT_SECRET") or kept.jwt_secret,
        webhook_secret=os.environ.get("PAYMENTS_WEBHOOK_SECRET") or kept.webhook_secret,
        psp_api_key=os.environ.get("BILLING_PSP_API_KEY") or kept.psp_api_key,
        admin_password=os.environ.get("BILLING_ADMIN_PASSWORD") or kept.admin_password,
    )
