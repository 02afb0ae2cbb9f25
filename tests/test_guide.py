"""The guide for a first program works as it stands: its pieces of file are put together, its commands run, its outputs appear."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "guides" / "your-first-program.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^(\w+):", re.MULTILINE)


def sections(text: str) -> dict[str, str]:
    """The top-level keys of a piece of file, each with its lines."""
    starts = [*(found.start() for found in SECTION.finditer(text)), len(text)]
    parts = [text[start:end] for start, end in pairwise(starts)]
    return {part.partition(":")[0]: part for part in parts}


def run(script: str, folder: Path) -> str:
    """What the commands of a block print. Each of them has to succeed."""
    commands = f"set -e\ngoodword() {{ '{ROOT}/.venv/bin/goodword' \"$@\"; }}\n{script}"
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_the_guide_works_as_it_stands(tmp_path: Path) -> None:
    program: dict[str, str] = {}
    printed = ""
    told = {"yaml": 0, "sh": 0, "text": 0}
    for kind, text in BLOCK.findall(GUIDE.read_text(encoding="utf-8")):
        told[kind] += 1
        if kind == "yaml":
            program |= sections(text)
            (tmp_path / "tea.yaml").write_text("".join(program.values()), encoding="utf-8")
        elif kind == "sh":
            printed = run(text, tmp_path)
        else:
            missing = [line for line in text.splitlines() if line not in printed]
            assert missing == [], printed
    assert min(told.values()) > 5
