"""The load of `italiano bench overload`: starts, a webhook for each that is paid by hand, and reads."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from cli.bench import operations
from cli.bench.answers import Answers, Connections, answered
from cli.bench.students import BenchStudent

READS = ("/me/subscription", operations.LESSONS)
READS_A_TURN = 10

Send = Callable[[], Awaitable[None]]


@dataclass
class Load:
    """What came back, and who was told of success: everything that must be there afterwards."""

    starts: Answers = field(default_factory=Answers)
    webhooks: Answers = field(default_factory=Answers)
    reads: Answers = field(default_factory=Answers)
    started: list[BenchStudent] = field(default_factory=list)
    paid: list[BenchStudent] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, Answers]:
        return {"start": self.starts, "webhook": self.webhooks, "read": self.reads}

    @property
    def wrong(self) -> list[str]:
        return [f"{kind}: {each}" for kind, answers in self.kinds.items() for each in answers.wrong]


class Mix:
    """`readers` have access already. Each of the `students` starts once; raises `StopIteration` after the last."""

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
        by_card = number % 2 == 0
        reads = [partial(self._read, number + each) for each in range(READS_A_TURN)]
        return [partial(self._start, by_card), *reads, *([] if by_card else [self._pay])]

    async def _start(self, by_card: bool) -> None:
        student = next(self._students)
        body = operations.BY_CARD if by_card else operations.BY_HAND
        send = partial(operations.send_start, student=student, body=body)
        if await answered(self.load.starts, self._connections, send):
            self.load.started.append(student)
            if not by_card:
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
