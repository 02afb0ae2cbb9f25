"""A database and its secret belong together: a secret that is missing or another one is refused and never made anew."""

import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from goodword.cli import server
from goodword.storage import tables
from goodword.storage.database import _alembic, open_database
from tests.cli.making import SECRET, Shop, joins
from tests.faults.processes import free_port

OTHER = "77" * 32
COMMANDS = ["serve", "publish", "worker", "edge", "keys", "audit", "import"]


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that goes too far fails instead of serving until somebody stops it."""

    def run(*_: Any) -> None:
        raise AssertionError("it started")

    monkeypatch.setattr(server.web, "serve", run)
    monkeypatch.setattr(server, "Batcher", run)


def started(shop: Shop) -> Shop:
    """A shop to which something has happened."""
    shop.events.write_text("\n".join(joins()) + "\n")
    shop.done("publish", shop.program)
    shop.done("import", shop.events)
    return shop


def refused(shop: Shop, name: str) -> str:
    more = {"publish": [shop.program], "import": [shop.events], "keys": ["list"]}.get(name, [])
    result = shop.run(name, *more, env={"GOODWORD_PORT": str(free_port())})
    assert result.exit_code == 1, result.output
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    return result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_missing_secret_is_not_made_anew(shop: Shop, name: str) -> None:
    started(shop).secret.unlink()
    told = refused(shop, name)
    assert str(shop.secret) in told
    assert "goodword.key" in told
    assert not shop.secret.exists()


@pytest.mark.parametrize("name", COMMANDS)
def test_another_secret_is_refused(shop: Shop, name: str) -> None:
    started(shop).secret.write_text(OTHER)
    told = refused(shop, name)
    assert f"{shop.secret} holds another secret" in told
    shop.secret.write_text(SECRET)
    shop.done("audit")


def test_a_new_database_gets_a_secret(shop: Shop) -> None:
    shop.secret.unlink()
    shop.done("publish", shop.program)
    made = shop.secret.read_text()
    assert len(bytes.fromhex(made)) == 32
    shop.done("migrate")
    shop.done("publish", shop.program)
    assert shop.secret.read_text() == made


def test_a_new_tenant_does_not_get_a_secret_of_its_own(shop: Shop) -> None:
    started(shop).secret.unlink()
    told = shop.run("--tenant", "north", "publish", shop.program)
    assert (told.exit_code, str(shop.secret) in told.stderr) == (1, True)
    assert not shop.secret.exists()


@pytest.mark.parametrize("name", ["worker", "edge"])
def test_those_who_help_never_make_a_secret(shop: Shop, name: str) -> None:
    """Not even beside a database that is empty."""
    shop.done("migrate")
    shop.secret.unlink()
    told = shop.run(name, env={"GOODWORD_PORT": str(free_port())})
    assert (told.exit_code, f"there is no {shop.secret}" in told.stderr) == (1, True)
    assert not shop.secret.exists()


def test_a_database_of_an_older_release_keeps_the_secret_of_its_first_start(shop: Shop) -> None:
    with closing(open_database(shop.database)) as database:
        with _alembic() as config, database._begin_writing("goodword:migrate") as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "0005")
        row = "('default', 0, 0, 0, 1)"
        with database.write("default") as connection:
            connection.exec_driver_sql(f"INSERT INTO tenants (tenant, seq, clock_ms, live, created_ms) VALUES {row}")
        text = shop.secret.read_text()
        shop.secret.unlink()
        assert "there is no" in shop.run("publish", shop.program).stderr
        assert database.revision() == "0005"
        shop.secret.write_text(text)
        shop.done("publish", shop.program)
        with database.read() as connection:
            assert len(connection.execute(sa.select(tables.tenants.c.fingerprint)).scalar_one()) == 32
    shop.secret.write_text(OTHER)
    assert "another secret" in shop.run("publish", shop.program).stderr


def test_the_secret_comes_back_out_of_a_backup(small_shop: Shop, tmp_path: Path) -> None:
    started(small_shop).done("backup", tmp_path / "b.tar")
    small_shop.secret.unlink()
    with tarfile.open(tmp_path / "b.tar") as tar:
        member = tar.extractfile("goodword.key")
        assert member is not None
        small_shop.secret.write_bytes(member.read())
    small_shop.done("import", small_shop.events)


def test_a_backup_with_another_secret_is_not_made(small_shop: Shop, tmp_path: Path) -> None:
    started(small_shop).secret.write_text(OTHER)
    told = small_shop.run("backup", tmp_path / "b.tar")
    assert (told.exit_code, "another secret" in told.stderr) == (1, True)
    assert not (tmp_path / "b.tar").exists()
