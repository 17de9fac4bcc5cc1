"""The load of `italiano bench overload`: starts, a webhook for each that is paid by hand, and reads."""

from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cli.bench import operations
from cli.bench.answers import Answers, Connections, answered
from cli.bench.students import BenchStudent

READS = ("/me/subscription", operations.LESSONS)
READS_A_TURN = 10

Send = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Start:
    student: BenchStudent
    body: bytes

    @property
    def is_by_card(self) -> bool:
        return self.body == operations.BY_CARD


@dataclass
class Load:
    """What came back, and who was told what: it has to be true afterwards.

    `paid` are those of whom a webhook was taken.
    """

    starts: Answers = field(default_factory=Answers)
    webhooks: Answers = field(default_factory=Answers)
    reads: Answers = field(default_factory=Answers)
    started: list[Start] = field(default_factory=list)
    refused: list[Start] = field(default_factory=list)
    paid: list[BenchStudent] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, Answers]:
        return {"start": self.starts, "webhook": self.webhooks, "read": self.reads}

    @property
    def wrong(self) -> list[str]:
        return [f"{kind}: {each}" for kind, answers in self.kinds.items() for each in answers.wrong]


class Mix:
    """Each of the `students` starts once; `readers` have access already."""

    def __init__(
        self,
        connections: Connections,
        webhook_secret: str,
        students: Iterator[BenchStudent],
        readers: Sequence[BenchStudent],
    ) -> None:
        self.load = Load()
        self._connections = connections
        self._webhook_secret = webhook_secret
        self._students = students
        self._readers = readers
        self._unpaid: deque[BenchStudent] = deque()

    def turn(self, number: int) -> list[Send]:
        """What is to be sent: one start, by card every other time, and the reads; then a webhook."""
        reads = [partial(self._read, number + each) for each in range(READS_A_TURN)]
        if number % 2:
            return [partial(self._start, operations.BY_HAND), *reads, self._pay]
        return [partial(self._start, operations.BY_CARD), *reads]

    async def _start(self, body: bytes) -> None:
        student = next(self._students)
        send = partial(operations.send_start, student=student, body=body)
        start = Start(student, body)
        if not await answered(self.load.starts, self._connections, send):
            self.load.refused.append(start)
            return
        self.load.started.append(start)
        if not start.is_by_card:
            self._unpaid.append(student)

    async def _pay(self) -> None:
        """Whoever has waited longest; one that was not taken comes again, as a provider sends it."""
        if not self._unpaid:
            return
        student = self._unpaid.popleft()
        send = partial(operations.send_report, student=student, secret=self._webhook_secret)
        if await answered(self.load.webhooks, self._connections, send):
            self.load.paid.append(student)
        else:
            self._unpaid.append(student)

    async def _read(self, number: int) -> None:
        student = self._readers[number % len(self._readers)]
        path = READS[number % len(READS)]
        await answered(self.load.reads, self._connections, lambda http: http.get(path, student.token))
