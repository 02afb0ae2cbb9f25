"""As many files as a process may open: connections leave some for the database."""

import subprocess
import sys

import pytest

from goodword.web.serve import FILES_KEPT

ASK = """\
import resource, sys
from goodword.web.serve import connections_max
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
print(connections_max(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "files"),
    [
        (300, 1024, 1024 - FILES_KEPT, 1024),
        (100, 100, 1, 100),
    ],
)
def test_connections_leave_files_for_the_rest(soft: int, hard: int, connections: int, files: int) -> None:
    done = subprocess.run([sys.executable, "-c", ASK, str(soft), str(hard)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(connections), str(files)]
