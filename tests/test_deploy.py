"""What stands in `deploy/` agrees with the code, and the locks agree with each other."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from goodword.settings import SETTINGS
from goodword.web.serve import KILL_SECONDS

ROOT = Path(__file__).parents[1]
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
FILES = [path for path in (ROOT / "deploy").rglob("*") if path.is_file()]


def pins(name: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+(?:\[\w+\])?==\S+)", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_only_settings_that_exist_are_named(path: Path) -> None:
    named = set(re.findall(r"\bGOODWORD_\w+", path.read_text()))
    assert named <= {setting.variable for setting in SETTINGS}


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_service_has_the_time_to_work_off_its_queue(path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    unit.optionxform = str  # type: ignore[method-assign,assignment]
    unit.read(path)
    service = unit["Service"]
    assert int(service["TimeoutStopSec"]) > KILL_SECONDS
    assert service["KillMode"] == "mixed"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    # With the strict file system only this folder can be written: the database and the secret have to stand in it.
    assert f"/var/lib/{service['StateDirectory']}" in service["WorkingDirectory"]


@pytest.mark.parametrize("name", ["dev.txt", "run.txt", "build.txt", "uv.txt"])
def test_a_lock_has_hashes_and_no_addresses(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    assert len(pins(name)) == len(re.findall(r"^[\w.-]+.*==", text, re.MULTILINE)) > 0
    assert text.count("--hash=sha256:") >= len(pins(name))
    assert "://" not in text


def test_what_runs_is_what_was_tested() -> None:
    assert pins("run.txt") <= pins("dev.txt")
    assert pins("build.txt") <= pins("dev.txt")
    assert {"pytest", "ruff"}.isdisjoint(pin.partition("==")[0] for pin in pins("run.txt"))
