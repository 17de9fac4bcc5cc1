"""What the doctor says of one thing: whether it is well, and how to mend it."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """`says` is a line for a person, without a secret in it; `mend` is what to do where it is not well."""

    name: str
    health: Health
    says: str
    mend: str = ""


def well(name: str, says: str) -> Finding:
    return Finding(name, Health.OK, says)


def warn(name: str, says: str, mend: str) -> Finding:
    return Finding(name, Health.WARN, says, mend)


def fail(name: str, says: str, mend: str) -> Finding:
    return Finding(name, Health.FAIL, says, mend)
