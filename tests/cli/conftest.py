"""A shop with a program, on each kind of database or on none."""

from pathlib import Path

import pytest

from tests.cli.making import Shop, make_shop


@pytest.fixture
def shop(tmp_path: Path, empty_database_url: str) -> Shop:
    """On each kind of database, in which there is nothing yet: the first command makes its tables."""
    return make_shop(tmp_path, empty_database_url)


@pytest.fixture
def small_shop(tmp_path: Path) -> Shop:
    """On a SQLite file that is not made yet."""
    return make_shop(tmp_path, f"sqlite:///{tmp_path / 'small.db'}")
