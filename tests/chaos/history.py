"""What was asked of the product, and what it answered: to be held against the books at the end."""

import json
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.client import Student


class Outcome(StrEnum):
    """`open` is still being asked; `unknown` was given up without an answer: it may have happened, or not."""

    OPEN = "open"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(eq=False)
class Operation:
    """One wish, however often it was asked: always under the same key and trace id.

    `subscription_id` is whose timeline tells of it.
    """

    kind: str
    who: Student
    method: str
    path: str
    body: Any
    key: str | None
    subscription_id: int | None = None
    trace_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    outcome: Outcome = Outcome.OPEN
    status: int = 0
    code: str = ""
    answer: Any = None
    attempts: int = 0

    @property
    def headers(self) -> dict[str, str]:
        keyed = {} if self.key is None else {"Idempotency-Key": self.key}
        return keyed | {"traceparent": f"00-{self.trace_id}-{uuid.uuid4().hex[:16]}-01"}

    def as_line(self) -> str:
        told = {
            "kind": self.kind,
            "user_id": self.who.id,
            "method": self.method,
            "path": self.path,
            "body": self.body if not isinstance(self.body, bytes) else json.loads(self.body),
            "key": self.key,
            "trace_id": self.trace_id,
            "outcome": self.outcome,
            "status": self.status,
            "answer": self.answer,
            "attempts": self.attempts,
        }
        return json.dumps(told)

    def __str__(self) -> str:
        told = f"{self.status} {self.code}".strip()
        return f"{self.kind} ({self.method} {self.path}, trace {self.trace_id}): {self.outcome} {told}"


@dataclass
class History:
    """`met` counts what cost an attempt; `wrong` is what should never be answered."""

    operations: list[Operation] = field(default_factory=list)
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def of(self, *kinds: str, outcome: Outcome | None = None) -> list[Operation]:
        return [
            operation
            for operation in self.operations
            if operation.kind in kinds and outcome in {None, operation.outcome}
        ]

    @property
    def unfinished(self) -> list[Operation]:
        return [operation for operation in self.operations if operation.outcome is Outcome.OPEN]

    def by_kind(self) -> Mapping[str, Counter[Outcome]]:
        counted: dict[str, Counter[Outcome]] = {}
        for operation in self.operations:
            counted.setdefault(operation.kind, Counter())[operation.outcome] += 1
        return counted
