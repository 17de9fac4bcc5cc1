"""A tree of its own to put a bug into: what is committed, and none of what somebody works at."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTALLED = ".venv"


@contextmanager
def checked_out() -> Iterator[Path]:
    """With what is installed here. It is gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="italiano-seeded-") as folder:
        Path(folder).chmod(0o755)  # Postgres refuses to be root: it is started as somebody else
        tree = Path(folder) / "tree"
        _git(ROOT, "worktree", "add", "--quiet", "--detach", str(tree))
        try:
            (tree / INSTALLED).symlink_to(ROOT / INSTALLED)
            yield tree
        finally:
            _git(ROOT, "worktree", "remove", "--force", str(tree))


def undo(tree: Path, file: str) -> None:
    _git(tree, "checkout", "--quiet", "--", file)


def _git(folder: Path, *command: str) -> None:
    subprocess.run(["git", *command], cwd=folder, check=True)
