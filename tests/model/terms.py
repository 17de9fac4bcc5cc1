"""What is sold: plans and promo codes. And when their periods begin."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

DAYS_A_MONTH = 30.44
MICROSECOND = timedelta(microseconds=1)


class RefusedError(Exception):
    """The rules say no, with this code, and nothing has changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def refuse_if(condition: object, code: str) -> None:
    if condition:
        raise RefusedError(code)


def share(cents: int, part: timedelta, whole: timedelta) -> int:
    """Rounded once, half up."""
    return (2 * cents * (part // MICROSECOND) + whole // MICROSECOND) // (2 * (whole // MICROSECOND))


@dataclass(frozen=True)
class Plan:
    """Of `months` or of `days`. After the last of `retry_days` comes the `final_action`."""

    code: str
    cents: int
    months: int = 0
    days: int = 0
    seats: int = 1
    trial_days: int = 0
    grace_days: int = 7
    freeze_days: int = 30
    retry_days: tuple[int, ...] = (2, 7, 14, 21)
    final_action: str = "cancel"

    def boundary(self, anchor: datetime, day: int, n: int) -> datetime:
        """anchor + n × interval on this day of the month, or on its last one: never the end before + one."""
        if self.days:
            return anchor + n * timedelta(days=self.days)
        year, month = divmod(anchor.year * 12 + anchor.month - 1 + n * self.months, 12)
        last = monthrange(year, month + 1)[1]
        return anchor.replace(year=year, month=month + 1, day=min(day, last))

    def has_interval_of(self, other: "Plan") -> bool:
        return (self.months, self.days) == (other.months, other.days)

    @property
    def days_on_average(self) -> float:
        return self.days or self.months * DAYS_A_MONTH

    @property
    def reminder(self) -> timedelta:
        """How long before the boundary whoever pays by hand is asked."""
        return timedelta(days=7 if self.days_on_average >= 6 * DAYS_A_MONTH else 3)

    def is_up_from(self, present: "Plan") -> bool:
        """More seats, else a longer interval, else a higher price."""
        return (self.seats, self.days_on_average, self.cents) > (
            present.seats,
            present.days_on_average,
            present.cents,
        )


@dataclass(frozen=True)
class Promo:
    """`percent` or `cents` off each of the next `periods` billing periods (`None`: of all)."""

    code: str
    percent: int = 0
    cents: int = 0
    periods: int | None = None
    plan_codes: tuple[str, ...] = ()

    def is_for(self, plan: Plan) -> bool:
        return not self.plan_codes or plan.code in self.plan_codes

    def off(self, plan: Plan) -> int:
        """What it takes off a whole period of the plan."""
        if not self.is_for(plan):
            return 0
        return (plan.cents * self.percent + 50) // 100 if self.percent else min(self.cents, plan.cents)


@dataclass(eq=False)
class PromoCode:
    """What was published. `held` counts the starts that hold it, or have paid with it."""

    promo: Promo
    most: int | None = None
    held: int = 0
