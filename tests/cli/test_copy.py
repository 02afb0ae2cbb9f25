"""Moving from the embedded database to PostgreSQL: everything arrives, and work goes on there with the same answers."""

import json

import pytest
import sqlalchemy as sa
from sqlalchemy import URL

from goodword.storage import tables
from goodword.storage.database import open_database
from tests.cli.making import Shop, generated_lines, joins
from tests.postgres import fresh_database


def rows(address: str, table: sa.Table) -> list[tuple[object, ...]]:
    database = open_database(address)
    with database.read() as connection:
        found = [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))]
    database.close()
    return found


def test_a_shop_moves_and_goes_on(small_shop: Shop, postgres_server: URL) -> None:
    shop = small_shop
    lines = list(generated_lines(friends=30))
    shop.events.write_text("\n".join(lines[:80]) + "\n")
    shop.done("publish", shop.program)
    shop.run("import", shop.events)
    shop.done("keys", "create", "--name", "shop", "--scope", "events")
    shop.done("costs", "add", "--program", "demo", "--kind", "software", "--month", "2026-10", "--amount", "12.50")
    with fresh_database(postgres_server) as url:
        address = url.render_as_string(hide_password=False)

        copied = json.loads(shop.done("copy", "--to", address, "--json").stdout)

        moved = Shop(shop.folder, address)
        for table in tables.metadata.sorted_tables:
            before = rows(shop.database, table)
            assert rows(address, table) == before, table.name
            assert copied["tables"][table.name] == len(before)
        assert copied["tables"]["events"] > 50
        assert copied["tables"]["costs"] == 1
        assert moved.done("audit").exit_code == 0
        shop.events.write_text("\n".join(lines) + "\n")
        there, here = shop.folder / "there", shop.folder / "here"
        moved.run("import", shop.events, "--answers", there)
        shop.run("import", shop.events, "--answers", here)
        assert there.read_bytes() == here.read_bytes()
        refused = shop.run("copy", "--to", address)
        assert (refused.exit_code, "only an empty database" in refused.stderr) == (1, True)
        # And back, for who wants to look at it on one machine.
        back = f"sqlite:///{shop.folder / 'back.db'}"
        moved.done("copy", "--to", back)
        assert rows(back, tables.events) == rows(address, tables.events)


def test_of_a_copy_that_does_not_add_up_nothing_is_kept(small_shop: Shop) -> None:
    shop = small_shop
    shop.events.write_text("\n".join(joins()) + "\n")
    shop.done("publish", shop.program)
    shop.run("import", shop.events)
    database = open_database(shop.database)
    with database.write("default") as connection:
        connection.execute(sa.update(tables.tenants).values(seq=7))
    database.close()
    target = f"sqlite:///{shop.folder / 'target.db'}"

    result = shop.run("copy", "--to", target)

    assert (result.exit_code, "finds a fault" in result.stderr) == (1, True)
    assert rows(target, tables.events) == []


@pytest.mark.parametrize("to", ["nonsense", "mysql://host/x", "postgresql://nobody@127.0.0.1:1/nothing"])
def test_a_wrong_target_is_told_in_one_line(small_shop: Shop, to: str) -> None:
    small_shop.done("publish", small_shop.program)
    result = small_shop.run("copy", "--to", to)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
