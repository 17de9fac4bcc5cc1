"""Reports as no provider sends them: unsigned, altered, or rightly signed and wrong all the same."""

import json
import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from payments import signed_webhook, stripe_webhook

LARGEST_BODY = 64 * 1024
HEX = "0123456789abcdef"
FORGED = "whsec-of-somebody-else"
JSON = "application/json"
OTHER_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/xml",
    "",
)
WRONG: tuple[Any, ...] = (
    None,
    True,
    [],
    {},
    "",
    "x",
    -1,
    1.5,
    "\0",
    "9" * 400,
    10**30,
    ["SUCCEEDED"],
    {"$gt": 0},
)

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Mutant:
    path: str
    body: bytes
    signatures: Headers
    media_type: str = JSON

    @property
    def headers(self) -> Headers:
        return [*self.signatures, (b"Content-Type", self.media_type.encode())]


class Provider(ABC):
    """One endpoint: how it is told of a payment, and how that is signed. `marker` is in every body."""

    path: str
    fields: tuple[str, ...]
    """What no body can do without."""
    closed: tuple[str, ...]
    """Of these what takes no other word: an event of a kind that is unknown is none of our business."""

    def __init__(self, secret: str, payment_id: int) -> None:
        self.secret = secret
        self.payment_id = payment_id
        self.marker = uuid.uuid4().hex

    @abstractmethod
    def report(self) -> dict[str, Any]: ...

    @abstractmethod
    def signed(self, body: bytes, *, secret: str, at: int) -> Headers: ...

    def good(self) -> Mutant:
        body = json.dumps(self.report()).encode()
        return Mutant(self.path, body, self.signed(body, secret=self.secret, at=int(time.time())))


class Signed(Provider):
    path = "/payments/webhook"
    fields = closed = ("payment_id", "status", "provider")

    def report(self) -> dict[str, Any]:
        event_id = f"{self.marker}-{uuid.uuid4().hex}"
        return {
            "payment_id": self.payment_id,
            "status": "SUCCEEDED",
            "provider": "mock",
            "event_id": event_id,
        }

    def signed(self, body: bytes, *, secret: str, at: int) -> Headers:
        signature = signed_webhook.sign(secret, body, str(at))
        return [(b"X-Signature", signature.encode()), (b"X-Timestamp", str(at).encode())]


class Stripes(Provider):
    path = "/payments/webhook/stripe"
    fields = ("id", "type", "created", "livemode", "data")
    closed = ("id", "created", "livemode", "data")

    def report(self) -> dict[str, Any]:
        told = {
            "id": "pi_1",
            "status": "succeeded",
            "amount": 1990,
            "amount_received": 1990,
            "currency": "eur",
            "created": 1_767_225_600,
            "metadata": {"payment_id": str(self.payment_id)},
        }
        return {
            "id": f"evt_{self.marker}_{uuid.uuid4().hex}",
            "type": "payment_intent.succeeded",
            "created": 1_767_225_600,
            "livemode": False,
            "data": {"object": told},
        }

    def signed(self, body: bytes, *, secret: str, at: int) -> Headers:
        return [(b"Stripe-Signature", stripe_webhook.sign(secret, body, at).encode())]


class Mutator:
    """The same mutants for the same seed, but for their event ids and the time."""

    def __init__(self, provider: Provider, other: Provider, seed: int) -> None:
        self._provider = provider
        self._other = other
        self._chance = random.Random(seed)  # noqa: S311 - no secret

    def mutants(self, count: int) -> Iterator[tuple[str, Mutant]]:
        """Each with the way in which it came about, all ways in turn."""
        ways: list[Callable[[], Mutant]] = [
            self.unsigned,
            self.signature_with_a_flaw,
            self.signed_by_another,
            self.signed_for_the_other_endpoint,
            self.signed_twice,
            self.body_with_flipped_bits,
            self.body_cut_off,
            self.body_with_more,
            self.body_laid_out_anew,
            self.signed_at_another_time,
            self.time_that_was_not_signed,
            self.too_large,
            self.of_another_type,
            self.bomb,
            self.name_twice,
            self.wrong_value,
            self.field_missing,
            self.no_text,
        ]
        for number in range(count):
            way = ways[number % len(ways)]
            yield way.__name__, way()

    def unsigned(self) -> Mutant:
        return replace(self._provider.good(), signatures=[])

    def signature_with_a_flaw(self) -> Mutant:
        """In one hex digit, in its case, in its length, or in what stands around it."""
        good = self._provider.good()
        (name, value), *others = good.signatures
        at = len(value) - 1 - self._chance.randrange(64)
        digit = self._chance.choice(HEX.replace(chr(value[at]), "")).encode()
        flawed = self._chance.choice(
            (
                value[:at] + digit + value[at + 1 :],
                value[:at] + value[at + 1 :],
                value + digit,
                value[:-64] + value[-64:].upper() + b"A",
                value[-64:],
                value[:at] + b"\xff" + value[at + 1 :],
                value[:-64] + b"0" * 64,
                b"",
                b"=" * 4_000,
            )
        )
        return replace(good, signatures=[(name, flawed), *others])

    def signed_by_another(self) -> Mutant:
        secret = self._chance.choice((FORGED, "", self._other.secret, self._provider.secret[:-1]))
        return self._signed(self._provider.good().body, secret=secret)

    def signed_for_the_other_endpoint(self) -> Mutant:
        """What one provider has rightly said is taken to the other, or signed as the other one does."""
        theirs = self._other.good()
        if self._chance.random() < 0.5:
            return replace(theirs, path=self._provider.path)
        mine = self._provider.good()
        now = int(time.time())
        return replace(mine, signatures=self._other.signed(mine.body, secret=self._provider.secret, at=now))

    def signed_twice(self) -> Mutant:
        good = self._provider.good()
        second = self._signed(good.body, secret=self._chance.choice((self._provider.secret, FORGED)))
        both = [*good.signatures, *second.signatures]
        self._chance.shuffle(both)
        return replace(good, signatures=both)

    def body_with_flipped_bits(self) -> Mutant:
        good = self._provider.good()
        body = bytearray(good.body)
        for at in self._chance.sample(range(len(body)), self._chance.choice((1, 1, 1, 2, 8))):
            body[at] ^= 1 << self._chance.randrange(8)
        return replace(good, body=bytes(body))

    def body_cut_off(self) -> Mutant:
        """Signed as a whole; or the rest alone is signed, and is no JSON."""
        good = self._provider.good()
        cut = good.body[: self._chance.randrange(len(good.body))]
        return self._chance.choice((replace(good, body=cut), self._signed(cut)))

    def body_with_more(self) -> Mutant:
        good = self._provider.good()
        more = self._chance.choice((b" ", b"\n", b"\0", b"}", b"{}", good.body))
        return replace(good, body=self._chance.choice((good.body + more, more + good.body)))

    def body_laid_out_anew(self) -> Mutant:
        """The same report to whoever parses it before looking at the signature."""
        good = self._provider.good()
        report = json.loads(good.body)
        anew = self._chance.choice(
            (
                json.dumps(report, indent=1),
                json.dumps(report, separators=(",", ":")),
                json.dumps(dict(reversed(report.items()))),
                json.dumps(report).replace("S", "\\u0053").replace("s", "\\u0073"),
            )
        )
        return replace(good, body=anew.encode())

    def signed_at_another_time(self) -> Mutant:
        away = self._chance.choice((400, 3_600, 86_400, 10**8)) * self._chance.choice((-1, 1))
        return self._signed(self._provider.good().body, at=int(time.time()) + away)

    def time_that_was_not_signed(self) -> Mutant:
        good = self._provider.good()
        now = str(int(time.time()))
        other = self._chance.choice(
            (str(int(now) - 1), str(int(now) + 2), f"{now}.0", "soon", "-1", "9" * 30)
        )
        altered = [(name, value.replace(now.encode(), other.encode())) for name, value in good.signatures]
        return replace(good, signatures=altered if altered != good.signatures else [])

    def too_large(self) -> Mutant:
        size = LARGEST_BODY + self._chance.choice((1, 2, 1_000, LARGEST_BODY))
        return self._signed(self._provider.good().body.ljust(size))

    def of_another_type(self) -> Mutant:
        return replace(self._provider.good(), media_type=self._chance.choice(OTHER_TYPES))

    def bomb(self) -> Mutant:
        """Rightly signed, and small: what it costs is to read it."""
        deep = self._chance.randrange(1_000, 10_000)
        bombs = (
            "[" * deep + "]" * deep,
            '{"a":' * deep + "1" + "}" * deep,
            "[" * LARGEST_BODY,
            "9" * (LARGEST_BODY // 2),
            "1e" + "9" * 1_000,
            "[" + ",".join("0" * 20_000) + "]",
            '"' + "\\u0000" * 5_000 + '"',
        )
        bomb = self._chance.choice(bombs)
        return self._signed((bomb if self._chance.random() < 0.3 else self._with_field(bomb)).encode())

    def name_twice(self) -> Mutant:
        name = self._chance.choice(self._provider.fields)
        report = self._provider.report()
        repeated = json.dumps({name: report[name]})[1:-1]
        told = json.dumps(report)
        return self._signed(
            self._chance.choice((f"{{{repeated}, {told[1:]}", f"{told[:-1]}, {repeated}}}")).encode()
        )

    def wrong_value(self) -> Mutant:
        return self._signed(self._with_field(json.dumps(self._chance.choice(WRONG))).encode())

    def field_missing(self) -> Mutant:
        report = self._provider.report()
        del report[self._chance.choice(self._provider.fields)]
        return self._signed(json.dumps(report).encode())

    def no_text(self) -> Mutant:
        """Rightly signed, in an encoding that JSON has not, or with bytes that are no text."""
        report = json.dumps(self._provider.report())
        encodings = [report.encode(encoding) for encoding in ("utf-16", "utf-32", "utf-7")]
        return self._signed(
            self._chance.choice((*encodings[:2], report.encode().replace(b":", b":\xff"), b"\x1f\x8b"))
        )

    def _with_field(self, value: str) -> str:
        """A report with this text in the place of something that it needs."""
        name = self._chance.choice(self._provider.closed)
        report = self._provider.report() | {name: "PLACE"}
        return json.dumps(report).replace('"PLACE"', value)

    def _signed(self, body: bytes, *, secret: str | None = None, at: int | None = None) -> Mutant:
        secret = self._provider.secret if secret is None else secret
        now = int(time.time()) if at is None else at
        return Mutant(self._provider.path, body, self._provider.signed(body, secret=secret, at=now))
