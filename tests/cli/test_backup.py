"""Backups of the embedded database: made under load, whole, and refused where they are not."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command

from goodword.storage import backup as backup_module
from goodword.storage.backup import DATABASE, MANIFEST, SECRET
from goodword.storage.database import _alembic, open_database
from tests.cli.making import SECRET as SECRET_TEXT
from tests.cli.making import Shop, generated_lines, joins, make_shop

WAIT_SECONDS = 60


def filled(shop: Shop) -> Shop:
    shop.events.write_text("\n".join(generated_lines(friends=20)) + "\n")
    shop.done("publish", shop.program)
    shop.run("import", shop.events)
    return shop


def rows(database: Path, table: str = "events") -> dict[str, tuple[object, ...]]:
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return {row[1]: row for row in connection.execute(f"SELECT seq, id, body, answer FROM {table} ORDER BY seq")}


def elsewhere(folder: Path) -> Shop:
    folder.mkdir()
    return Shop(folder, f"sqlite:///{folder / 'restored.db'}")


def test_a_backup_under_load_is_one_moment_and_has_what_was_acknowledged(
    small_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, database = small_shop, tmp_path / "small.db"
    filled(shop)
    busy = make_shop(tmp_path / "busy" if (tmp_path / "busy").mkdir() is None else tmp_path, shop.database)
    busy.secret.write_bytes(shop.secret.read_bytes())
    text = "\n".join(generated_lines(friends=400, seed=3)).replace('"f', '"g').replace("-f", "-g")
    busy.events.write_text(text + "\n")
    # A page at a time: the writer commits many times while the copy is made.
    monkeypatch.setattr(backup_module, "PAGES", 1)
    script = [str(Path(sys.executable).parent / "goodword"), *busy.options, "import", str(busy.events)]
    before_load = len(rows(database))
    with subprocess.Popen(
        script, env=os.environ | {"GOODWORD_BATCH_MAX": "1"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as writer:
        end = time.monotonic() + WAIT_SECONDS
        while len(rows(database)) < before_load + 5:
            assert writer.poll() is None
            assert time.monotonic() < end
        acknowledged = rows(database)
        made = json.loads(shop.done("backup", tmp_path / "b.tar", "--json").stdout)
        after = len(rows(database))
        assert writer.poll() is None, "the load ended before the backup did"
        writer.kill()
    assert after > len(acknowledged), "nothing was written meanwhile"
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600

    target = elsewhere(tmp_path / "new")
    told = target.done("restore", tmp_path / "b.tar").stdout

    restored = rows(target.folder / "restored.db")
    assert acknowledged.items() <= restored.items()
    assert restored.items() <= rows(database).items()
    assert made["tenants"] == [{"tenant": "default", "seq": len(restored)}]
    assert f"tenant default: {len(restored):,} events" in told
    assert "The audit finds no fault." in told
    assert target.done("audit").exit_code == 0
    assert target.secret.read_text() == SECRET_TEXT
    for path in (target.secret, target.folder / "restored.db"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # It works on: the rest of the file is decided with the same codes.
    assert target.run("import", busy.events).exit_code in (0, 1)
    assert target.done("audit").exit_code == 0
    assert not list(tmp_path.glob(".goodword-*"))


def test_nothing_is_overwritten(small_shop: Shop, tmp_path: Path) -> None:
    shop = filled(small_shop)
    file = tmp_path / "b.tar"
    shop.done("backup", file)
    before = file.read_bytes()
    assert shop.run("backup", file).exit_code == 1
    assert file.read_bytes() == before
    shop.events.write_text("\n".join(joins()).replace("join-", "again-"))
    shop.run("import", shop.events)
    later = rows(tmp_path / "small.db")

    refused = shop.run("restore", file)
    assert (refused.exit_code, "--force" in refused.stderr) == (1, True)
    assert rows(tmp_path / "small.db") == later

    with closing(sqlite3.connect(tmp_path / "small.db")) as user:
        user.execute("SELECT COUNT(*) FROM events").fetchone()
        busy = shop.run("restore", file, "--force")
        assert (busy.exit_code, "in use" in busy.stderr) == (1, True)
    done = json.loads(shop.done("restore", file, "--force", "--json").stdout)
    (aside,) = map(Path, done["put_aside"])
    assert rows(aside) == later
    assert len(rows(tmp_path / "small.db")) == done["tenants"][0]["seq"] < len(later)


def test_another_secret_is_not_overwritten(small_shop: Shop, tmp_path: Path) -> None:
    filled(small_shop).done("backup", tmp_path / "b.tar")
    target = elsewhere(tmp_path / "new")
    target.secret.write_text("77" * 32)
    assert "--force" in target.run("restore", tmp_path / "b.tar").stderr
    assert not (target.folder / "restored.db").exists()
    done = json.loads(target.done("restore", tmp_path / "b.tar", "--force", "--json").stdout)
    assert Path(done["put_aside"][0]).read_text() == "77" * 32
    assert target.secret.read_text() == SECRET_TEXT


def test_a_damaged_backup_is_refused(small_shop: Shop, tmp_path: Path) -> None:
    filled(small_shop).done("backup", tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    middle = whole.index(b"CREATE TABLE") + 50
    harmed = {
        "empty": b"",
        "a head": whole[:700],
        "cut off in the database": whole[: len(whole) // 2],
        "cut off in the secret": whole[: whole.rindex(SECRET.encode()) + 520],
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "no backup": b"PK" + os.urandom(5000),
    }
    target = elsewhere(tmp_path / "new")
    for name, content in harmed.items():
        file = tmp_path / f"harmed {name}"
        file.write_bytes(content)
        result = target.run("restore", file)
        assert result.exit_code == 1, name
        assert len(result.stderr.strip().splitlines()) == 1, (name, result.stderr)
        assert "damaged" in result.stderr or "cut off" in result.stderr, (name, result.stderr)
        assert list(target.folder.iterdir()) == [], name


def repacked(source: Path, target: Path, change: dict[str, bytes]) -> None:
    """A backup whose members somebody exchanged, with the manifest left as it is."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for info in old:
            path = target.with_suffix(".member")
            content = old.extractfile(info)
            assert content is not None
            path.write_bytes(change.get(info.name, content.read()))
            new.add(path, arcname=info.name)


def test_what_was_exchanged_is_noticed(small_shop: Shop, tmp_path: Path) -> None:
    filled(small_shop).done("backup", tmp_path / "b.tar")
    target = elsewhere(tmp_path / "new")
    for name in (SECRET, DATABASE, MANIFEST):
        repacked(tmp_path / "b.tar", tmp_path / f"{name}.tar", {name: b"66" * 32})
        assert target.run("restore", tmp_path / f"{name}.tar").exit_code == 1
    assert list(target.folder.iterdir()) == []


def test_books_that_do_not_add_up_are_not_restored(small_shop: Shop, tmp_path: Path) -> None:
    filled(small_shop)
    with closing(sqlite3.connect(tmp_path / "small.db")) as connection, connection:
        connection.execute("UPDATE balances SET amount = amount + 1")
    small_shop.done("backup", tmp_path / "b.tar")
    target = elsewhere(tmp_path / "new")
    result = target.run("restore", tmp_path / "b.tar")
    assert (result.exit_code, "audit" in result.stderr) == (1, True)
    assert not (target.folder / "restored.db").exists()


def test_an_older_backup_is_migrated_by_the_next_start(tmp_path: Path) -> None:
    old = make_shop(tmp_path, f"sqlite:///{tmp_path / 'old.db'}")
    database = open_database(old.database)
    with _alembic() as config, database._begin_writing("goodword:migrate") as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with database.write("default") as connection:
        row = "('default', 0, 0, 0, 1)"
        connection.exec_driver_sql(f"INSERT INTO tenants (tenant, seq, clock_ms, live, created_ms) VALUES {row}")
    database.close()
    old.done("backup", tmp_path / "b.tar")
    target = elsewhere(tmp_path / "new")

    told = target.done("restore", tmp_path / "b.tar").stdout

    assert "older than this release" in told
    target.done("migrate")
    assert target.done("audit").exit_code == 0


def test_a_backup_of_a_newer_release_is_refused(small_shop: Shop, tmp_path: Path) -> None:
    filled(small_shop)
    with closing(sqlite3.connect(tmp_path / "small.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    small_shop.done("backup", tmp_path / "b.tar")
    target = elsewhere(tmp_path / "new")
    assert "a newer one migrated it" in target.run("restore", tmp_path / "b.tar").stderr
    assert not (target.folder / "restored.db").exists()


def test_postgresql_is_told_its_own_tools(small_shop: Shop, tmp_path: Path) -> None:
    shop = Shop(tmp_path, "postgresql://nobody@127.0.0.1:1/nothing")
    for name in ("backup", "restore"):
        result = shop.run(name, tmp_path / "b.tar")
        assert (result.exit_code, "pg_dump" in result.stderr) == (1, True)


def test_a_log_that_outlived_its_database_is_put_aside(small_shop: Shop, tmp_path: Path) -> None:
    filled(small_shop).done("backup", tmp_path / "b.tar")
    target = elsewhere(tmp_path / "new")
    stray = target.folder / "restored.db-wal"
    stray.write_bytes(b"an old log")
    assert "restored.db-wal exists" in target.run("restore", tmp_path / "b.tar").stderr
    done = json.loads(target.done("restore", tmp_path / "b.tar", "--force", "--json").stdout)
    assert [Path(path).read_bytes() for path in done["put_aside"]] == [b"an old log"]
    assert target.done("audit").exit_code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files for somebody else")
def test_what_root_restores_belongs_to_the_service(small_shop: Shop, tmp_path: Path) -> None:
    filled(small_shop).done("backup", tmp_path / "b.tar")
    target = elsewhere(tmp_path / "new")
    os.chown(target.folder, 10001, 10001)
    target.done("restore", tmp_path / "b.tar")
    found = {path.name: path.stat() for path in target.folder.iterdir()}
    assert found.keys() == {"restored.db", "secret.key"}
    for about in found.values():
        assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (10001, 10001, 0o600)
