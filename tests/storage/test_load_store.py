"""What is stored is what is loaded again, with a number of statements that does not grow."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from goodword.engine.events import Order, Person
from goodword.engine.state import (
    COLLECTIONS,
    ENTRIES,
    FIRST_ORDERS_MAX,
    KEPT_PAGE,
    QUEUE_PAGE,
    WAITING_PAGE,
    DueRow,
    Entry,
    OrderRow,
    ProgramRow,
    Row,
    State,
    TenantRow,
)
from goodword.storage import tables
from goodword.storage.database import Database, create_tenant
from goodword.storage.dialect import dialect_of, write_rows
from goodword.storage.load import (
    DEPTH_MAX,
    UnknownTenant,
    load,
    load_dues,
    load_known,
    load_live_programs,
    load_program_texts,
    load_tenant,
    tenants_due,
)
from goodword.storage.rows import MAPPERS
from goodword.storage.store import Batch, TenantMoved, park, store, store_program
from tests.storage.making import FULL, NOON, REFERRAL, REWARD, TENANT, fetch, keep, outbox, record


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    """The statements that run meanwhile, without those that begin and lock."""
    statements: list[str] = []

    def listen(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        if "advisory" not in statement and not statement.startswith("BEGIN"):
            statements.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", listen)
    yield statements
    sa.event.remove(database.engine, "before_cursor_execute", listen)


# -- rows as they were


def test_every_stored_collection_has_a_mapper_and_an_example() -> None:
    stored = {collection.name for collection in COLLECTIONS if collection.stored}
    assert set(MAPPERS) == stored == set(FULL)


@pytest.mark.parametrize("collection", FULL)
def test_a_row_comes_back_as_it_was(database: Database, collection: str) -> None:
    keep(database, {collection: FULL[collection]})
    assert fetch(database, **{collection: FULL[collection]})[collection] == FULL[collection]


def test_a_row_replaces_the_one_before(database: Database) -> None:
    keep(database, FULL)
    keep(database, {"referrals": {"r1": REFERRAL}, "counters": {"cap|ann|n": 3}})
    rows = fetch(database, referrals=["r1"], counters=["cap|ann|n"])
    assert rows["referrals"] == {"r1": REFERRAL}
    assert rows["counters"] == {"cap|ann|n": 3}


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
INTEGER = st.integers(-(2**63), 2**63 - 1)


def rows_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that rows are made of."""
    origin, arguments = getattr(kind, "__origin__", None), getattr(kind, "__args__", ())
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return st.builds(kind, **{field.name: rows_of(field.type) for field in fields(kind)})
    if kind in (str, int, bool, type(None)):
        return {str: TEXT, int: INTEGER, bool: st.booleans(), type(None): st.none()}[kind]
    if origin is dict:
        return st.dictionaries(TEXT, rows_of(arguments[1]), max_size=2)
    if origin is tuple and arguments[-1] is ...:
        return st.lists(rows_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(rows_of, arguments))
    if getattr(kind, "__metadata__", None):
        return rows_of(origin)
    if all(isinstance(argument, str) for argument in arguments):
        return st.sampled_from(arguments)
    return st.one_of(*map(rows_of, arguments))


KINDS = {name: type(row) for name, rows in FULL.items() for row in rows.values() if isinstance(row, Row)}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("collection", KINDS)
def test_any_row_comes_back_as_it_was(database: Database, collection: str, data: st.DataObject) -> None:
    row = data.draw(rows_of(KINDS[collection]))
    mapper, state = MAPPERS[collection], State()
    key = getattr(row, mapper.key)
    with database.engine.connect() as connection:  # and nothing committed
        write_rows(connection, dialect_of(connection).upsert(mapper.table), TENANT, [mapper.pack(key, row)])
        load(connection, TENANT, state, {collection: {key}})
    assert state.rows[collection] == {key: row}


@pytest.mark.parametrize("collection", KINDS)
def test_the_examples_have_a_value_in_every_field(collection: str) -> None:
    for row in FULL[collection].values():
        defaults = {field.name: field.default for field in fields(row)}
        assert [name for name, default in defaults.items() if getattr(row, name) in (default, {}, ())] == []


def test_a_key_may_hold_what_lists_are_written_with(database: Database) -> None:
    keys = ["", "a,b", '"', "{}", "\\", '\\"', "NULL", "a\nb", "'", " c "]
    keep(database, {"counters": dict.fromkeys(keys, 1)})
    assert fetch(database, counters=[*keys, "d"])["counters"] == {**dict.fromkeys(keys, 1), "d": None}


def test_another_tenant_sees_nothing(database: Database) -> None:
    keep(database, FULL)
    state = State()
    with database.write("other") as connection:
        create_tenant(connection, "other", 1)
        load(connection, "other", state, FULL)
    assert {row for name in FULL for row in state.rows[name].values()} == {None}


# -- statements


def test_loading_takes_one_query_for_a_collection_however_many_keys(database: Database) -> None:
    keep(database, FULL)
    for count in (1, 500):
        wants = {collection.name: {f"k{number}|x" for number in range(count)} for collection in COLLECTIONS}
        wants[ENTRIES.name] = {"k|x"}  # a page of a draw is always one
        state = State()
        with database.read() as connection, counting(database) as statements:
            load(connection, TENANT, state, wants)
            first = len(statements)
            load(connection, TENANT, state, wants)
        assert first == len(COLLECTIONS)
        assert len(statements) == first, "loaded keys are not asked for again"


def test_storing_takes_one_statement_for_a_table_however_many_rows(database: Database) -> None:
    counts = []
    for size in (1, 300):
        orders = {f"o{number}": OrderRow(f"o{number}", "bob", number) for number in range(size)}
        counters = {f"c{number}": number for number in range(size)}
        entry = Entry("cost:p", "USD", 1)
        people = [(f"p{number}", Person(name="x")) for number in range(size)]
        with counting(database) as statements:
            keep(database, {"orders": orders, "counters": counters}, size, people, entries=[entry] * size,
                 outbox=outbox("a"), references=("r1",))  # fmt: skip
        counts.append(len(statements))
    # load the tenant, move it, four for records, two collections, people, parked
    assert counts == [10, 10]


def test_an_empty_batch_writes_only_the_tenant(database: Database) -> None:
    with database.write(TENANT) as connection, counting(database) as statements:
        store(connection, TENANT, Batch(TenantRow(0, 77, True), [], {"orders": {}}))
        assert len(statements) == 1
        assert load_tenant(connection, TENANT) == TenantRow(0, 77, True)


# -- what is loaded is never replaced


def test_loading_does_not_replace_what_the_state_has(database: Database) -> None:
    keep(database, {"referrals": {"r1": REFERRAL}})
    state = State()
    newer = replace(REFERRAL, status="converted")
    state.rows["referrals"]["r1"] = newer
    with database.read() as connection:
        load(connection, TENANT, state, {"referrals_of": {"bob"}})
    assert state.rows["referrals_of"] == {"bob": ("r1",)}
    assert state.rows["referrals"]["r1"] is newer


# -- indexes


def test_indexes_name_their_rows_in_order_and_bring_them(database: Database) -> None:
    first, second = replace(REFERRAL, id="r9", claimed_ms=1, status="expired"), REFERRAL
    paid = replace(REWARD, id="w9", granted_ms=1, code_hash="h9", side="friend")
    keep(database, {"referrals": {"r1": second, "r9": first}, "rewards": {"w1": REWARD, "w9": paid},
                    "handles": FULL["handles"]})  # fmt: skip
    rows = fetch(
        database,
        referrals_of=["bob"],
        rewards_of=["r1"],
        handles_of=["ann", "bob"],
        reward_codes=["h9", "h0"],
    )
    assert rows["referrals_of"] == {"bob": ("r9", "r1")}
    assert rows["rewards_of"] == {"r1": ("w9", "w1")}
    assert rows["handles_of"] == {"ann": ("ANN",), "bob": ()}
    assert rows["reward_codes"] == {"h9": "w9", "h0": None}
    assert rows["referrals"] == {"r1": second, "r9": first}
    assert rows["rewards"] == {"w1": REWARD, "w9": paid}
    assert rows["handles"] == FULL["handles"]


def test_first_orders_are_the_first_counted_ones(database: Database) -> None:
    orders = {
        f"o{number:03}": OrderRow(f"o{number:03}", "bob", 1000 - number, state="placed" if number % 2 else "cancelled")
        for number in range(100)
    }
    orders["same"] = OrderRow("same", "bob", 901, state="placed")
    orders["other"] = OrderRow("other", "ann", 5, state="placed")
    keep(database, {"orders": orders})
    rows = fetch(database, first_orders=["bob", "ann", "cid"])
    counted = sorted((o.placed_ms or 0, o.id) for o in orders.values() if o.participant == "bob" and o.counted)
    assert rows["first_orders"]["bob"] == tuple(counted[:FIRST_ORDERS_MAX])
    assert rows["first_orders"]["ann"] == ((5, "other"),)
    assert rows["first_orders"]["cid"] == ()


def test_watched_rewards_come_a_page_at_a_time_behind_the_one_that_is_named(database: Database) -> None:
    ids = [f"w{n:03}" for n in range(KEPT_PAGE + 5)]
    watches = {f"ann>{id}": id for id in ids} | {"ann0>w0": "w0", "an>w7": "w7", "bob>w1": "w1"}
    keep(database, {"watches": watches})
    rows = fetch(database, kept_of=["ann>", f"ann>{ids[KEPT_PAGE - 1]}", "bob>", "carl>"])
    assert rows["kept_of"] == {
        "ann>": tuple(ids[:KEPT_PAGE]),
        f"ann>{ids[KEPT_PAGE - 1]}": tuple(ids[KEPT_PAGE:]),
        "bob>": ("w1",),
        "carl>": (),
    }


def test_what_stands_in_a_queue_comes_a_page_at_a_time_the_oldest_first(database: Database) -> None:
    held = replace(REWARD, status="issued", remaining=3, unit="points")
    ids = [f"w{n:03}" for n in range(QUEUE_PAGE + 5)]
    rewards = {id: replace(held, id=id, occurrence=n, granted_ms=n // 2) for n, id in enumerate(ids)}
    rewards["used"] = replace(held, id="used", occurrence=900, status="redeemed", remaining=0)
    rewards["money"] = replace(held, id="money", occurrence=901, unit="USD")
    waits = replace(REWARD, id="waits", occurrence=902, budget="budget:dropbox:main", unfunded=5)
    keep(database, {"rewards": rewards | {"waits": waits}})
    rows = fetch(database, queues=["ann|dropbox|points", "ann|dropbox|USD", "budget:dropbox:main"])
    assert rows["queues"] == {
        "ann|dropbox|points": tuple((n // 2, id) for n, id in enumerate(ids))[:QUEUE_PAGE],
        "ann|dropbox|USD": (),
        "budget:dropbox:main": ((30, "waits"),),
    }
    assert rows["rewards"]["w000"] == rewards["w000"]


def test_waiting_rewards_come_a_page_at_a_time(database: Database) -> None:
    waiting = replace(REWARD, status="approved", reason="waiting_for_condition")
    rewards = {f"w{n:03}": replace(waiting, id=f"w{n:03}", occurrence=n) for n in range(WAITING_PAGE + 5)}
    rewards["a"] = replace(REWARD, id="a", occurrence=999)
    keep(database, {"rewards": rewards})
    rows = fetch(database, waiting_of=["ann", "bob"])
    assert rows["waiting_of"] == {"ann": tuple(sorted(rewards)[1 : WAITING_PAGE + 1]), "bob": ()}
    assert rows["rewards"]["w000"] == rewards["w000"]


# -- parents


def chain(length: int) -> dict[str, Any]:
    """p0 was referred by p1, that one by p2 and so on."""
    return {
        f"r{number}": replace(REFERRAL, id=f"r{number}", friend=f"p{number}", advocate=f"p{number + 1}")
        for number in range(length)
    }


def test_parents_are_loaded_within_their_group(database: Database) -> None:
    """Who was won for a group has his advocates there, and others in the program and in other groups."""
    of_group = {f"g{id}": replace(row, id=f"g{id}", group="gr_1", per_group=True) for id, row in chain(2).items()}
    elsewhere = replace(REFERRAL, id="x", friend="p2", advocate="p9", group="gr_2", per_group=True)
    keep(database, {"referrals": {**chain(1), **of_group, "x": elsewhere}})
    rows = fetch(database, parents=["dropbox|p0", "gr_1|p0", "gr_2|p0"])
    assert rows["parents"] == {
        "dropbox|p0": "p1",
        "dropbox|p1": None,
        "gr_1|p0": "p1",
        "gr_1|p1": "p2",
        "gr_1|p2": None,
        "gr_2|p0": None,
    }


def test_parents_are_loaded_up_to_the_top(database: Database) -> None:
    dead = replace(REFERRAL, id="x", friend="p3", advocate="p9", status="superseded")
    keep(database, {"referrals": {**chain(3), "x": dead}})
    rows = fetch(database, parents=["dropbox|p0", "dropbox|p2", "dropbox|nobody", "other|p0"])
    assert rows["parents"] == {
        "dropbox|p0": "p1",
        "dropbox|p1": "p2",
        "dropbox|p2": "p3",
        "dropbox|p3": None,
        "dropbox|nobody": None,
        "other|p0": None,
    }


def test_what_lies_beyond_the_depth_limit_stays_unloaded(database: Database) -> None:
    keep(database, {"referrals": chain(DEPTH_MAX + 10)})
    parents = fetch(database, parents=["dropbox|p0"])["parents"]
    assert parents[f"dropbox|p{DEPTH_MAX - 1}"] == f"p{DEPTH_MAX}"
    assert f"dropbox|p{DEPTH_MAX}" not in parents
    assert len(fetch(database, parents=["dropbox|p0", "dropbox|p50"])["parents"]) == DEPTH_MAX + 11


def test_a_chain_of_exactly_the_depth_limit_ends_unloaded(database: Database) -> None:
    keep(database, {"referrals": chain(DEPTH_MAX)})
    assert f"dropbox|p{DEPTH_MAX}" not in fetch(database, parents=["dropbox|p0"])["parents"]


def test_a_circle_does_not_hold_loading_up(database: Database) -> None:
    there, back = chain(1)["r0"], replace(REFERRAL, id="back", friend="p1", advocate="p0")
    keep(database, {"referrals": {"r0": there, "back": back}})
    assert fetch(database, parents=["dropbox|p0"])["parents"] == {"dropbox|p0": "p1", "dropbox|p1": "p0"}


# -- one live referral, one live reward


def test_a_friend_has_one_live_referral_in_a_program(database: Database) -> None:
    keep(database, {"referrals": {"r1": REFERRAL}})
    with pytest.raises(sa.exc.IntegrityError):
        keep(database, {"referrals": {"r2": replace(REFERRAL, id="r2")}})
    keep(database, {"referrals": {"r2": replace(REFERRAL, id="r2", program="other")}})


def test_a_friend_changes_hands_in_one_batch(database: Database) -> None:
    keep(database, {"referrals": {"r1": REFERRAL}})
    loser = replace(REFERRAL, status="superseded")
    for dirty in (
        {"r0": replace(REFERRAL, id="r0"), "r1": loser},
        {"r1": REFERRAL, "r0": replace(loser, id="r0")},
    ):
        keep(database, {"referrals": dirty})
        assert fetch(database, referrals=dirty)["referrals"] == dirty


def test_a_reward_is_live_once(database: Database) -> None:
    keep(database, {"rewards": {"w1": REWARD}})
    again = replace(REWARD, id="w2")
    with pytest.raises(sa.exc.IntegrityError):
        keep(database, {"rewards": {"w2": again}})
    keep(database, {"rewards": {"w2": again, "w1": replace(REWARD, status="cancelled")}})


# -- events


def test_seqs_continue_without_a_gap(database: Database) -> None:
    keep(database, records=2)
    with database.write(TENANT) as connection:
        for batch in (
            Batch(TenantRow(2), [record(2)]),
            Batch(TenantRow(4), [record(4)]),
            Batch(TenantRow(4), [record(3), record(3)]),
            Batch(TenantRow(1), [record(1)]),
        ):
            with pytest.raises(TenantMoved):
                store(connection, TENANT, batch)
    keep(database, records=1)


def test_an_event_id_is_stored_once(database: Database) -> None:
    keep(database, records=1)
    twice = dataclasses.replace(record(2), sealed=record(1).sealed)
    with database.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
        store(connection, TENANT, Batch(TenantRow(2), [twice]))


def test_known_events_give_their_content_and_answer(database: Database) -> None:
    keep(database, records=3)
    with database.read() as connection:
        assert load_known(connection, TENANT, ["e2", "e9"]) == {"e2": ("content2", '{"event":"e2"}')}
        assert load_known(connection, TENANT, []) == {}


def test_an_event_is_stored_as_it_was_sealed(database: Database) -> None:
    order = Order(
        id="e1",
        occurred_at=NOON,
        order="o1",
        person=Person(id="h"),
        total=5,
        currency="USD",
        fields={"a": True},
    )
    keep(database, records=1, event=order, entries=[Entry("a", "USD", 5, "w1"), Entry("b", "USD", -5)],
         outbox=outbox("x", "y"), references=("r1", "o1", "r1"))  # fmt: skip
    with database.read() as connection:
        event = connection.execute(sa.select(tables.events)).one()
        entries = connection.execute(sa.select(tables.entries)).all()
        traces = connection.execute(sa.select(tables.traces.c.reference)).scalars().all()
        waiting = connection.execute(sa.select(tables.outbox.c.id, tables.outbox.c.doc)).all()
    assert msgspec.json.decode(event.body, type=Order) == order
    assert (event.seq, event.id, event.type, event.history) == (1, "e1", "order", 0)
    assert [tuple(row) for row in entries] == [
        (TENANT, 1, 0, "a", "USD", 5, "w1"),
        (TENANT, 1, 1, "b", "USD", -5, None),
    ]
    assert sorted(traces) == ["o1", "r1"]
    assert [row.id for row in waiting] == [1000, 1001]


def test_an_unknown_tenant_is_an_error(database: Database) -> None:
    with database.read() as connection, pytest.raises(UnknownTenant):
        load_tenant(connection, "nobody")


# -- dues, parked events, people, programs


def test_dues_come_in_order_and_go(database: Database) -> None:
    dues = {f"d{n}": DueRow(f"d{n}", due_ms, "mature", "w") for n, due_ms in enumerate([30, 10, 20, 10])}
    keep(database, {"dues": dues})
    with database.read() as connection:
        assert [due.id for due in load_dues(connection, TENANT, 20, 10)] == ["d1", "d3", "d2"]
        assert [due.id for due in load_dues(connection, TENANT, 99, 2)] == ["d1", "d3"]
        assert tenants_due(connection, 9) == []
        assert tenants_due(connection, 10) == [TENANT]
    keep(database, {"dues": {"d1": None, "d0": dues["d0"], "never": None}})
    assert fetch(database, dues=["d0", "d1"])["dues"] == {"d0": dues["d0"], "d1": None}


def test_a_parked_event_leaves_once_it_is_decided(database: Database) -> None:
    def parked() -> list[tuple[str, str]]:
        with database.read() as connection:
            return [(row.id, row.error) for row in connection.execute(sa.select(tables.parked))]

    for error in ("first", "second"):
        with database.write(TENANT) as connection:
            park(connection, TENANT, record(1).sealed, error)
    assert parked() == [("e1", "second")]
    keep(database, records=1)
    assert parked() == []


def test_what_is_told_about_a_person_adds_up(database: Database) -> None:
    keep(database, people=[("ann", Person(id="1", email="a@x", device="secret")), ("bob", Person(name="Bob"))])
    keep(database, people=[("ann", Person(name="Ann")), ("ann", Person(name="Anne", email="b@x"))])
    with database.read() as connection:
        docs = {row.participant: msgspec.json.decode(row.doc) for row in connection.execute(sa.select(tables.people))}
    assert docs == {"ann": {"id": "1", "email": "b@x", "name": "Anne"}, "bob": {"name": "Bob"}}


def test_programs_the_highest_priority_first_and_their_texts(database: Database) -> None:
    rows: dict[str, ProgramRow] = {}
    with database.write(TENANT) as connection:
        for name, version, priority in (("late", 1, 9), ("first", 1, 5), ("first", 2, 1)):
            words = {"digest": "d", "program_text": f"{name} {version}"}
            store_program(connection, TENANT, name, version, published_ms=1, **words)
            rows[name] = ProgramRow(name, version, priority)
    keep(database, {"programs": rows | {"planned": ProgramRow("planned", planned=1)}})
    with database.read() as connection:
        assert list(load_live_programs(connection, TENANT).items()) == [("late", 1), ("first", 2)]
        wanted = {("first", 1), ("late", 1), ("late", 2)}
        assert load_program_texts(connection, TENANT, wanted) == {
            ("first", 1): "first 1",
            ("late", 1): "late 1",
        }
        assert load_program_texts(connection, TENANT, set()) == {}
