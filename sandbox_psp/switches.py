"""What a person or a test has switched on: outages, unreliable webhooks, cards that changed their mind."""

from dataclasses import dataclass

from sandbox_psp.book import Book
from sandbox_psp.tokens import Behavior, behavior_of


@dataclass(frozen=True)
class WebhookSwitches:
    """How reports travel. Each is sent `1 + duplicates` times, `delay_seconds` after the event.

    `shuffle`: each waits a random part of the delay, so that they overtake each other. `drop_first`: so many
    of the coming attempts are lost on the way, and repeated. `muted`: what happens now is never reported.
    """

    duplicates: int = 0
    delay_seconds: float = 0.0
    shuffle: bool = False
    drop_first: int = 0
    muted: bool = False


@dataclass(frozen=True)
class Card:
    """How a token behaves now, and since which charge: earlier ones don't count for a run of declines."""

    behavior: Behavior
    after_charge_id: int


def is_outage(book: Book) -> bool:
    return bool(book.execute("SELECT outage FROM switches").fetchone()["outage"])


def switch_outage(book: Book, *, on: bool) -> None:
    book.execute("UPDATE switches SET outage = ?", (on,))


def webhook_switches(book: Book) -> WebhookSwitches:
    row = book.execute("SELECT * FROM switches").fetchone()
    return WebhookSwitches(
        duplicates=row["duplicates"],
        delay_seconds=row["delay_seconds"],
        shuffle=bool(row["shuffle"]),
        drop_first=row["drop_first"],
        muted=bool(row["muted"]),
    )


def switch_webhooks(book: Book, switches: WebhookSwitches) -> None:
    book.execute(
        "UPDATE switches SET duplicates = ?, delay_seconds = ?, shuffle = ?, drop_first = ?, muted = ?",
        (
            switches.duplicates,
            switches.delay_seconds,
            switches.shuffle,
            switches.drop_first,
            switches.muted,
        ),
    )


def drops_an_attempt(book: Book) -> bool:
    """Uses up one of `drop_first`."""
    return book.execute("UPDATE switches SET drop_first = drop_first - 1 WHERE drop_first > 0").rowcount > 0


def card_of(book: Book, token: str) -> Card | None:
    """`None` for a token that nobody issued."""
    issued = behavior_of(token)
    if issued is None:
        return None
    changed = book.execute("SELECT * FROM changed_tokens WHERE token = ?", (token,)).fetchone()
    if changed is None:
        return Card(issued, after_charge_id=0)
    return Card(behavior_of(changed["behaves_like"]) or issued, changed["after_charge_id"])


def change_token(book: Book, token: str, behaves_like: str) -> None:
    """From its next charge on the token behaves like another one; like itself to undo it."""
    book.execute(
        "INSERT INTO changed_tokens SELECT ?, ?, coalesce(max(id), 0) FROM charges WHERE true "
        "ON CONFLICT (token) DO UPDATE SET behaves_like = excluded.behaves_like, "
        "after_charge_id = excluded.after_charge_id",
        (token, behaves_like),
    )


def loses_request(book: Book, key: str) -> bool:
    """Whether this is the first request of its key: it is the one that gets lost."""
    return book.execute("INSERT OR IGNORE INTO lost_requests VALUES (?)", (key,)).rowcount > 0
