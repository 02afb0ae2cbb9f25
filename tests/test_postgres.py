"""The databases that the other tests stand on are real, and empty at the start of each test."""

import pytest
import sqlalchemy as sa


def test_the_database_answers_with_its_version(empty_database_url: str) -> None:
    engine = sa.create_engine(empty_database_url)
    function = "version()" if engine.dialect.name == "postgresql" else "sqlite_version()"
    with engine.connect() as connection:
        version = connection.execute(sa.text(f"SELECT {function}")).scalar_one()
    engine.dispose()
    assert version.startswith("PostgreSQL " if engine.dialect.name == "postgresql" else "3.")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_gets_an_empty_database(empty_database_url: str, turn: str) -> None:
    engine = sa.create_engine(empty_database_url)
    assert sa.inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE left_behind (turn text)"))
        connection.execute(sa.text("INSERT INTO left_behind VALUES (:turn)"), {"turn": turn})
    engine.dispose()
