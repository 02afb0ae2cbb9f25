"""The session in the README works when pasted."""

from __future__ import annotations

import re
import socket
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_the_session_works_when_pasted(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text()
    session = readme.partition("## A session")[2].partition("\n## ")[0]
    lines = re.findall(r"^    (.*)$", session, re.MULTILINE)
    assert len(lines) > 10
    script = "\n".join(["trap 'kill %1' EXIT", *lines]).replace("8088", str(free_port()))
    for name in (".venv", "programs"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    assert '"code":"referral_converted"' in done.stdout
    assert "32:3" in done.stdout
    assert "نجحت الإحالة" in done.stdout
    assert "0 findings" in done.stdout
