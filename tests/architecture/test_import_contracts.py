import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def test_rooms_import_downwards_only() -> None:
    lint = subprocess.run([LINT_IMPORTS, "--no-cache"], capture_output=True, text=True, check=False)

    assert lint.returncode == 0, lint.stdout + lint.stderr
    assert " 0 broken" in lint.stdout


def test_every_activity_is_kept_apart() -> None:
    """From the API, and from each other: their files are named one by one."""
    written = {
        f"activities.{file.stem}"
        for file in (ROOT / "activities").glob("*.py")
        if "@activity.defn" in file.read_text() and not file.stem.endswith("contracts")
    }
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    contracts = {contract["name"]: contract for contract in tools["importlinter"]["contracts"]}

    assert len(written) >= 13
    assert set(contracts["The API never imports activity implementations"]["forbidden_modules"]) == written
    assert set(contracts["Activities do not call each other"]["modules"]) == written
