"""Sessions: a login opens a family of refresh tokens, each use spends one and gives the next.

A spent token that comes again was stolen, or its successor was: the family dies. Everything here runs
in the caller's transaction, under the lock of the user's row.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import structlog

from api.auth.tokens import AccessClaims, RefreshClaims, TokenIssuer, new_token_id
from db.database import Connection
from db.queries import password_resets, refresh_tokens, users
from db.queries.refresh_tokens import Family
from db.queries.users import Account
from ops.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Session:
    access_token: str
    refresh_token: str
    expires_in: int


class Sessions:
    def __init__(self, settings: Settings, tokens: TokenIssuer) -> None:
        self._tokens = tokens
        self._access_lifetime = timedelta(minutes=settings.access_token_minutes)
        self._refresh_lifetime = timedelta(days=settings.refresh_token_days)
        self._family_lifetime = timedelta(days=settings.refresh_family_days)

    async def open(self, connection: Connection, account: Account) -> Session | None:
        """A new family for this account, or None when it was changed since it was read."""
        if await users.lock_account(connection, account.id) != account:
            return None
        now = _now()
        await refresh_tokens.delete_expired_tokens(connection, account.id, now)
        family = Family(str(uuid4()), now + self._family_lifetime)
        return await self._continue(connection, account, family, now)

    async def renew(self, connection: Connection, claims: RefreshClaims) -> Session | None:
        """The next session of the token's family; None, and no family is left, when the token is not good."""
        account = await users.lock_account(connection, claims.user_id)
        if account is None:
            return None
        now = _now()
        family = await refresh_tokens.spend_refresh_token(connection, _hash(claims), now)
        if family is None:
            is_reused = await refresh_tokens.is_spent(connection, _hash(claims))
            family_id = await refresh_tokens.revoke_family_of(connection, _hash(claims), now)
            if is_reused:
                log.warning("refresh_token_reused", user_id=claims.user_id, family_id=family_id)
            else:  # expired, logged out or unknown
                log.info("refresh_token_refused", user_id=claims.user_id, family_id=family_id)
            return None
        return await self._continue(connection, account, family, now)

    async def find_account(self, connection: Connection, claims: RefreshClaims) -> Account | None:
        """Whose session it is, as long as its token is not spent, revoked or over. Holds nothing."""
        user_id = await refresh_tokens.find_holder(connection, _hash(claims), _now())
        return None if user_id is None else await users.find_account(connection, user_id)

    async def close(self, connection: Connection, claims: RefreshClaims) -> None:
        await users.lock_account(connection, claims.user_id)
        family_id = await refresh_tokens.revoke_family_of(connection, _hash(claims), _now())
        log.info("logged_out", user_id=claims.user_id, family_id=family_id)

    async def close_all(self, connection: Connection, user_id: int) -> None:
        """And voids what was asked for to reset the password. The caller holds the user's row."""
        await refresh_tokens.revoke_user_tokens(connection, user_id, _now())
        await password_resets.void_resets(connection, user_id, _now())

    async def _continue(
        self, connection: Connection, account: Account, family: Family, now: datetime
    ) -> Session:
        refresh = RefreshClaims(account.id, new_token_id())
        expires_at = min(now + self._refresh_lifetime, family.expires_at)
        await refresh_tokens.insert_refresh_token(
            connection, _hash(refresh), family, user_id=account.id, issued_at=now, expires_at=expires_at
        )
        return Session(
            access_token=self._tokens.issue_access(
                AccessClaims(account.id, account.role, account.token_version),
                issued_at=now,
                expires_at=now + self._access_lifetime,
            ),
            refresh_token=self._tokens.issue_refresh(refresh, issued_at=now, expires_at=expires_at),
            expires_in=int(self._access_lifetime.total_seconds()),
        )


def _hash(claims: RefreshClaims) -> bytes:
    """What is stored: the token's random id carries all its secrecy, and has one spelling only."""
    return sha256(claims.token_id.encode()).digest()


def _now() -> datetime:
    """Tokens count in whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
