"""A warehouse holds what the database holds: however often it is copied, interrupted, or by how many."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from goodword.pipeline.intake import decode_event, seal
from goodword.pipeline.tenant import Tenants
from goodword.program.duration import DAY_MS, iso
from goodword.program.loader import load_program
from goodword.recipes import read_recipe
from goodword.storage import facts as source
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant
from goodword.storage.hits import CountKey, forget_hits, lock_spool, move_spool, store_hits
from goodword.warehouse import copying
from goodword.warehouse.copying import Copier, CopyRaced
from goodword.warehouse.duck import Duck
from goodword.warehouse.facts import FACTS
from goodword.warehouse.folder import GRACE_MS, Folder, Manifest
from tests.properties.worlds import KEYRING, START_MS, play, program_files, wishes

NUMBERS = itertools.count()
NOW_MS = START_MS + 10**10


def tenant_with(database: Database, text: str) -> str:
    """A new tenant with a program in force."""
    tenant = f"t{next(NUMBERS)}"
    with database.write(tenant) as connection:
        create_tenant(connection, tenant, 1)
    Tenants(database, KEYRING).publish(tenant, text, 0)
    return tenant


def copied(database: Database, tenant: str, root: Path, now_ms: int = NOW_MS) -> Manifest:
    return Copier(database, tenant, Folder(root, tenant), lambda: now_ms).copy()


def held(root: Path, tenant: str, manifest: Manifest) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all facts, in one order."""
    found = {}
    with duckdb.connect() as engine:
        for name, fact in FACTS.items():
            paths = [str(root / f"tenant={tenant}" / path) for path in manifest.paths(name)]
            if paths:
                columns = ", ".join(fact.columns)
                query = f"SELECT {columns} FROM read_parquet({paths}, hive_partitioning = false) ORDER BY ALL"
                found[name] = engine.execute(query).fetchall()
    return {name: rows for name, rows in found.items() if rows}


def test_however_often_it_is_copied_it_holds_the_same(database: Database, tmp_path: Path) -> None:
    numbers = itertools.count()

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(program_files(), wishes(), st.lists(st.integers(0, 200), max_size=3))
    def check(text: str, wished: Any, cuts: list[int]) -> None:
        tenant = tenant_with(database, text)
        events = play(load_program(text, 1), wished)
        root, places = tmp_path / f"often{next(numbers)}", sorted({cut % (len(events) + 1) for cut in cuts})
        tenants = Tenants(database, KEYRING)
        for begin, end in itertools.pairwise([0, *places, len(events)]):
            tenants.decide_all(tenant, events[begin:end])
            often = copied(database, tenant, root)
        once = copied(database, tenant, tmp_path / f"once{next(numbers)}")
        assert often.seq == once.seq
        assert often.rows == {name: often.rows.get(name, 0) for name in once.rows} == once.rows
        assert held(root, tenant, often) == held(Path(tmp_path / f"once{next(numbers) - 1}"), tenant, once)
        assert {name: len(rows) for name, rows in held(root, tenant, often).items()} == {
            name: count for name, count in once.rows.items() if count
        }
        with database.read() as connection:
            for name in ("participants", "referrals", "rewards", "handles"):
                table = tables.metadata.tables[name]
                stored = connection.execute(sa.select(sa.func.count()).where(table.c.tenant == tenant)).scalar_one()
                assert once.rows.get(name, 0) == stored

    check()


def told(database: Database, tenant: str, *bodies: dict[str, Any]) -> None:
    """Events, as a shop tells them."""
    events = []
    for number, body in enumerate(bodies):
        at = iso(START_MS + next(NUMBERS) * 1000 + number)
        raw = decode_event(msgspec.json.encode({"id": f"e{next(NUMBERS)}", "occurred_at": at} | body))
        events.append(seal(raw, KEYRING, NOW_MS, history=True))
    outcome = Tenants(database, KEYRING).decide_all(tenant, events)
    assert outcome is not None


def person(name: str) -> dict[str, Any]:
    return {"id": name, "email": f"{name}@example.com", "country": "RO", "language": "ro"}


def shop(database: Database) -> str:
    """A tenant with an advocate, whose friend bought, and somebody else."""
    tenant = tenant_with(database, read_recipe("bombas"))
    order = {"type": "order", "total": 9000, "currency": "USD"}
    told(
        database,
        tenant,
        order | {"order": "1", "person": person("ana")},
        {"type": "join", "id": "join-ana", "person": person("ana"), "program": "bombas"},
    )
    code = KEYRING.handle("join-ana", 0)
    told(
        database,
        tenant,
        {"type": "share", "code": code, "channel": "whatsapp"},
        {"type": "ask", "program": "bombas", "place": "order_done", "person": person("ana")},
        order | {"order": "2", "person": person("bob"), "code": code},
        order | {"order": "3", "person": person("eve")},
    )
    return tenant


def test_what_was_told_and_posted_is_a_fact(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    rows = held(tmp_path, tenant, copied(database, tenant, tmp_path))
    assert sorted(row[2] for row in rows["events"]) == ["ask", "order", "order", "order", "share"]
    names = list(FACTS["events"].columns)
    share = next(row for row in rows["events"] if row[2] == "share")
    assert share[names.index("channel")] == "whatsapp"
    strangers = [row for row in rows["events"] if row[names.index("reason")] == "no_referral"]
    assert len(strangers) == 2
    assert sum(row[list(FACTS["entries"].columns).index("amount")] for row in rows["entries"]) == 0
    assert [row[:4] for row in rows["rules"]] == [
        ("bombas", 1, "advocate_credit", ""),
        ("bombas", 1, "friend_discount", ""),
    ]


def test_a_copy_that_is_interrupted_leaves_what_was(database: Database, tmp_path: Path, monkeypatch: Any) -> None:
    tenant = shop(database)
    before = copied(database, tenant, tmp_path)
    facts = held(tmp_path, tenant, before)
    told(database, tenant, {"type": "order", "order": "4", "person": person("ana"), "total": 100, "currency": "USD"})
    with monkeypatch.context() as patched:

        def fail(*_: object) -> bool:
            raise KeyboardInterrupt

        patched.setattr(source, "move_copy", fail)
        with pytest.raises(KeyboardInterrupt):
            copied(database, tenant, tmp_path)
    assert held(tmp_path, tenant, before) == facts
    after = copied(database, tenant, tmp_path)
    assert after.generation == before.generation + 1
    assert after.rows["orders"] == 4
    assert len(held(tmp_path, tenant, after)["orders"]) == 4
    assert not any((tmp_path / f"tenant={tenant}" / ".staging").iterdir())


def test_of_two_that_copy_at_once_one_holds(database: Database, tmp_path: Path, monkeypatch: Any) -> None:
    tenant = shop(database)
    copied(database, tenant, tmp_path)
    told(database, tenant, {"type": "order", "order": "4", "person": person("ana"), "total": 100, "currency": "USD"})
    real = Copier._commit
    meanwhile: list[Any] = []

    def commit(self: Copier, *arguments: Any) -> Manifest:
        if not meanwhile:
            meanwhile.append(None)
            meanwhile[0] = copied(database, tenant, tmp_path)
        return real(self, *arguments)

    monkeypatch.setattr(Copier, "_commit", commit)
    with pytest.raises(CopyRaced):
        copied(database, tenant, tmp_path)
    manifest = copied(database, tenant, tmp_path)
    assert manifest == meanwhile[0]
    assert len(held(tmp_path, tenant, manifest)["orders"]) == 4


def clicked(database: Database, tenant: str, spool: str, place: int, end: int) -> None:
    """A click whose line begins at one byte of its spool and ends before another, as it is drained."""
    with database.write_aside() as connection:
        lock_spool(connection, tenant, spool, NOW_MS)
        hit = (spool, place, "CODE", "bombas", START_MS, "whatsapp", None, f"c{place}")
        store_hits(connection, tenant, [hit], {CountKey("bombas", "", 20_000, "person"): 1})
        move_spool(connection, tenant, spool, end, NOW_MS, done=False)


def test_clicks_come_each_once(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    # A line begins where the one before ends; the first one of a spool behind its header, or at its beginning.
    for spool, place, end in (("s1", 10, 15), ("s1", 15, 25), ("s2", 0, 7), ("s1", 25, 26), ("s2", 7, 9)):
        clicked(database, tenant, spool, place, end)
        manifest = copied(database, tenant, tmp_path)
    rows = held(tmp_path, tenant, manifest)
    assert sorted(row[:2] for row in rows["clicks"]) == [("s1", 10), ("s1", 15), ("s1", 25), ("s2", 0), ("s2", 7)]
    assert rows["click_counts"] == [("bombas", "person", 5, 20_000)]


def test_a_day_that_is_written_in_parts_is_one_file(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = shop(database)
    days = [START_MS, START_MS + DAY_MS, START_MS + 2 * DAY_MS]
    hits = [("s1", place, "CODE", "bombas", days[place % 3], None, None, f"c{place}") for place in range(9000)]
    with database.write_aside() as connection:
        store_hits(connection, tenant, hits, {})
    monkeypatch.setattr(copying, "BATCH_ROWS", 2048)
    manifest = copied(database, tenant, tmp_path)
    assert [len(paths) for paths in manifest.files["clicks"].values()] == [1, 1, 1]
    assert sorted(row[1] for row in held(tmp_path, tenant, manifest)["clicks"]) == list(range(9000))


def forget_clicks(database: Database, tenant: str, spool: str, before_ms: int) -> None:
    """What the drain does with clicks that are too old."""
    with database.write_aside() as connection:
        assert forget_hits(connection, tenant, spool, before_ms, 1000)


def in_an_older_layout(folder: Path, manifest: Manifest) -> None:
    """Files as an older release may have written them: a column of clicks was not known yet, another one is known no more."""
    for path in manifest.paths("clicks"):
        table = pq.read_table(folder / path).drop_columns(["channel"])
        pq.write_table(table.append_column("gone", pa.array(["x"] * len(table))), folder / path)
    (stated,) = folder.glob(f"manifest-{manifest.generation:08d}-*.json")
    stated.write_bytes(msgspec.json.encode(replace(manifest, layout=0)))


@pytest.mark.parametrize("why", ["layout", "a lost file", "far behind"])
@pytest.mark.parametrize("left", [0, 1])
def test_clicks_that_the_database_keeps_no_more_stay_when_all_is_copied_anew(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str, left: int
) -> None:
    tenant = shop(database)
    folder = tmp_path / f"tenant={tenant}"
    hits = [
        ("s1", place, "CODE", "bombas", START_MS + place * DAY_MS // 2, "x", None, f"c{place}") for place in (0, 1, 2)
    ]
    with database.write_aside() as connection:
        lock_spool(connection, tenant, "s1", NOW_MS)
        store_hits(connection, tenant, hits, {})
        move_spool(connection, tenant, "s1", 3, NOW_MS, done=False)
    first = copied(database, tenant, tmp_path)
    before = held(tmp_path, tenant, first)
    forget_clicks(database, tenant, "s1", START_MS + (1 if left else 2) * DAY_MS)
    if why == "layout":
        in_an_older_layout(folder, first)
    elif why == "a lost file":
        (folder / first.paths("orders")[0]).unlink()
    else:
        monkeypatch.setattr(copying, "REBUILD_EVENTS", 0)
        told(database, tenant, {"type": "ask", "program": "bombas", "place": "x", "person": person("ana")})
    again = copied(database, tenant, tmp_path)
    rows = held(tmp_path, tenant, again)
    channel = list(FACTS["clicks"].columns).index("channel")
    found = {row[1]: row[channel] for row in rows["clicks"]}
    kept = None if why == "layout" else "x"
    assert found == {place: "x" if place == 2 and left else kept for place in (0, 1, 2)}
    assert len(rows["clicks"]) == again.rows["clicks"] == 3
    assert not set(again.all_paths()) & set(first.all_paths())
    assert rows["orders"] == before["orders"]


@pytest.mark.parametrize("rest", [b"", b"PAR1 half of it", None])
def test_clicks_of_a_file_that_cannot_be_read_are_lost_and_no_others(
    database: Database, tmp_path: Path, rest: bytes | None
) -> None:
    tenant = shop(database)
    clicked(database, tenant, "s1", 0, 1)
    with database.write_aside() as connection:
        store_hits(connection, tenant, [("s1", 1, "CODE", "bombas", START_MS + DAY_MS, None, None, "c1")], {})
        move_spool(connection, tenant, "s1", 2, NOW_MS, done=False)
    first = copied(database, tenant, tmp_path)
    forget_clicks(database, tenant, "s1", START_MS + 2 * DAY_MS)
    folder = tmp_path / f"tenant={tenant}"
    (folder / first.paths("orders")[0]).unlink()
    lost = folder / first.paths("clicks")[1]
    lost.unlink() if rest is None else lost.write_bytes(rest)
    again = copied(database, tenant, tmp_path)
    assert [row[1] for row in held(tmp_path, tenant, again)["clicks"]] == [0]
    assert copied(database, tenant, tmp_path) == again


def test_clicks_of_another_database_stay_its_own(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    clicked(database, tenant, "s1", 0, 1)
    copied(database, tenant, tmp_path)
    forget_clicks(database, tenant, "s1", START_MS + DAY_MS)
    with database.write_aside() as connection:  # one that never copied into this folder
        connection.execute(sa.delete(tables.copies).where(tables.copies.c.tenant == tenant))
    assert "clicks" not in held(tmp_path, tenant, copied(database, tenant, tmp_path))


def test_the_first_copy_has_clicks_of_spools_that_are_over(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    clicked(database, tenant, "over", 3, 9)
    with database.write_aside() as connection:
        connection.execute(sa.delete(tables.spools).where(tables.spools.c.tenant == tenant))
    clicked(database, tenant, "new", 3, 9)
    first = copied(database, tenant, tmp_path)
    assert len(held(tmp_path, tenant, first)["clicks"]) == 2
    assert first.spools == {"new": 9}


def test_where_something_happens_all_the_time_a_copy_ends(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = shop(database)
    copied(database, tenant, tmp_path)
    real, numbers = Copier._step, itertools.count()

    def step(self: Copier, *arguments: Any) -> Manifest:
        number = next(numbers)
        assert number < 5, "it goes after what happens meanwhile"
        body = {"type": "order", "order": f"busy{number}", "person": person("ana"), "total": 5, "currency": "USD"}
        told(database, tenant, body)
        clicked(database, tenant, "busy", number, number + 1)
        return real(self, *arguments)

    monkeypatch.setattr(Copier, "_step", step)
    told(database, tenant, {"type": "order", "order": "x", "person": person("ana"), "total": 5, "currency": "USD"})
    copied(database, tenant, tmp_path)
    monkeypatch.undo()
    last = copied(database, tenant, tmp_path)
    assert len(held(tmp_path, tenant, last)["orders"]) == last.rows["orders"] == 5
    assert len(held(tmp_path, tenant, last)["clicks"]) == 1


def test_what_holds_is_published_also_after_a_crash(database: Database, tmp_path: Path, monkeypatch: Any) -> None:
    tenant = shop(database)
    folder = tmp_path / f"tenant={tenant}"
    copied(database, tenant, tmp_path)
    told(database, tenant, {"type": "order", "order": "x", "person": person("ana"), "total": 5, "currency": "USD"})
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "publish", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            copied(database, tenant, tmp_path)
    assert json.loads((folder / "manifest.json").read_bytes())["generation"] == 1
    assert copied(database, tenant, tmp_path).generation == 2
    assert json.loads((folder / "manifest.json").read_bytes())["generation"] == 2


def test_an_empty_file_is_none(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    first = copied(database, tenant, tmp_path)
    (tmp_path / f"tenant={tenant}" / first.paths("orders")[0]).write_bytes(b"")
    again = copied(database, tenant, tmp_path)
    assert len(held(tmp_path, tenant, again)["orders"]) == 3


def test_an_apostrophe_in_a_path_is_one(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    root = tmp_path / "shop's"
    manifest = copied(database, tenant, root)
    engine = Duck(root / f"tenant={tenant}", manifest)
    assert engine.rows("SELECT count(*) AS n FROM orders") == [{"n": 3}]
    engine.close()


def test_who_is_erased_disappears_also_from_older_files(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    before = copied(database, tenant, tmp_path)
    totals = {name: len(rows) for name, rows in held(tmp_path, tenant, before).items()}
    told(database, tenant, {"type": "erase", "person": person("bob")})
    after = copied(database, tenant, tmp_path)
    rows = held(tmp_path, tenant, after)
    # Nobody's country and language are known but those of the two who are left.
    assert sorted(row[2] or "" for row in rows["participants"]) == ["", "RO", "RO"]
    assert {name: len(rows[name]) for name in ("orders", "referrals", "rewards")} == {
        name: totals[name] for name in ("orders", "referrals", "rewards")
    }
    gone = [path for path, _ in after.retired]
    assert any(path.startswith("participants/") for path in gone)
    last = copied(database, tenant, tmp_path, NOW_MS + GRACE_MS)
    assert not last.retired
    assert not any((tmp_path / f"tenant={tenant}" / path).exists() for path in gone)


def test_a_restored_database_is_copied_anew(database: Database, tmp_path: Path) -> None:
    tenant = shop(database)
    first = copied(database, tenant, tmp_path)
    for path in first.paths("orders"):
        (tmp_path / f"tenant={tenant}" / path).unlink()
    again = copied(database, tenant, tmp_path)
    assert again.rows == first.rows
    assert len(held(tmp_path, tenant, again)["orders"]) == 3


def test_steps_are_small_where_much_came(database: Database, tmp_path: Path, monkeypatch: Any) -> None:
    tenant = shop(database)
    copied(database, tenant, tmp_path / "steps")
    for number in range(7):
        body = {"type": "order", "order": f"n{number}", "person": person(f"n{number}"), "total": 5, "currency": "USD"}
        told(database, tenant, body)
    monkeypatch.setattr(copying, "CHUNK_EVENTS", 2)
    monkeypatch.setattr(copying, "PAGE_ROWS", 3)
    steps = copied(database, tenant, tmp_path / "steps")
    once = copied(database, tenant, tmp_path / "once")
    assert held(tmp_path / "steps", tenant, steps) == held(tmp_path / "once", tenant, once)
    assert steps.generation >= 4
