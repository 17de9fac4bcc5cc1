import subprocess
import sys
from pathlib import Path

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def test_rooms_import_downwards_only() -> None:
    lint = subprocess.run([LINT_IMPORTS, "--no-cache"], capture_output=True, text=True, check=False)

    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert " 0 broken" in lint.stdout
