"""A bug as a careless colleague would make it: one edit of one file, and who would feel it."""

from dataclasses import dataclass
from pathlib import Path


class BugDoesNotFitError(Exception):
    """The text that it replaces is not there once: the code has moved on, and the bug has to follow it."""


@dataclass(frozen=True)
class Bug:
    """`cost` is what would go wrong. `near` are the tests that are asked first."""

    name: str
    file: str
    old: str
    new: str
    cost: str
    near: tuple[str, ...]
    is_reserve: bool = False

    def put_into(self, tree: Path) -> None:
        """Raises `BugDoesNotFitError`, and `FileNotFoundError`."""
        path = tree / self.file
        path.write_text(self._changed(path.read_text()))

    def _changed(self, text: str) -> str:
        if text.count(self.old) != 1 or self.new == self.old:
            raise BugDoesNotFitError(f"{self.name}: {self.file} has its text {text.count(self.old)} times")
        return text.replace(self.old, self.new)
