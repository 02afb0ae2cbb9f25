"""Members of the staff: PINs that nobody can read or guess, limits that two tills at once do not pass, a log that stands."""

import threading

import pytest
import sqlalchemy as sa
from msgspec.structs import replace

from goodword.program.duration import DAY_MS, HOUR_MS, MINUTE_MS
from goodword.storage import tables
from goodword.storage.counter_log import Detail, Entry, Full, all_entries, begin_entry, entries_of, finish_entry
from goodword.storage.database import Database
from goodword.storage.sessions import list_sessions, open_session
from goodword.storage.staff import (
    LOCK_MS,
    TRIES_MAX,
    CounterLimits,
    Member,
    NameTaken,
    UnknownMember,
    add_member,
    disable_member,
    find_member,
    forget_tries,
    is_pin,
    need_member,
    renew_pin,
    set_limits,
    take_try,
)
from tests.storage.making import TENANT

NOW = 1_800_000_000_000


@pytest.fixture
def maria(database: Database) -> tuple[Member, str]:
    with database.write(TENANT) as connection:
        return add_member(connection, TENANT, "Maria  Pop", NOW)


@pytest.mark.parametrize("typed", ["Maria Pop", "maria pop", " MARIA   POP "])
def test_a_member_is_found_however_the_name_is_typed(database: Database, maria: tuple[Member, str], typed: str) -> None:
    with database.read() as connection:
        assert find_member(connection, TENANT, typed) == maria[0]
        assert find_member(connection, TENANT, maria[0].id) == maria[0]
        assert find_member(connection, "other", typed) is None
        with pytest.raises(UnknownMember):
            need_member(connection, TENANT, "Mariana")


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\u202eb", "tab\x00"])
def test_a_name_that_cannot_be_read_is_refused(database: Database, name: str) -> None:
    with database.write(TENANT) as connection, pytest.raises(ValueError, match="a name has"):
        add_member(connection, TENANT, name, NOW)


def test_a_name_belongs_to_one_member_for_good(database: Database, maria: tuple[Member, str]) -> None:
    with database.write(TENANT) as connection:
        disable_member(connection, TENANT, maria[0].id, NOW)
        with pytest.raises(NameTaken):
            add_member(connection, TENANT, "MARIA pop", NOW)


def test_the_pin_is_not_stored(database: Database, maria: tuple[Member, str]) -> None:
    with database.read() as connection:
        row = connection.execute(sa.select(tables.staff)).one()
    assert maria[1] not in str(row)
    assert len(maria[1]) == 8


@pytest.mark.parametrize(
    ("typed", "right"),
    [("{pin}", True), ("{pin} ", True), ("{arabic}", True), ("", False), ("12345678", False), ("{pin}1", False)],
)
def test_a_pin_is_compared_as_people_type_it(
    database: Database, maria: tuple[Member, str], typed: str, right: bool
) -> None:
    arabic = maria[1].translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    with database.write_aside() as connection:
        attempt = take_try(connection, TENANT, "maria pop", NOW)
    assert is_pin(attempt.hash, typed.format(pin=maria[1], arabic=arabic)) is right


@pytest.mark.parametrize("name", ["maria pop", "nobody at all"])
def test_tries_are_counted_and_locked_alike_whether_somebody_has_the_name_or_not(
    database: Database, maria: tuple[Member, str], name: str
) -> None:
    def locked(at_ms: int, typed: str = name) -> bool:
        with database.write_aside() as connection:
            return take_try(connection, TENANT, typed, at_ms).locked

    assert [locked(NOW + number) for number in range(TRIES_MAX + 1)] == [False] * TRIES_MAX + [True]
    assert locked(NOW + LOCK_MS - 1, name.upper())
    assert not locked(NOW + LOCK_MS)


def test_both_names_of_a_member_are_one_count(database: Database, maria: tuple[Member, str]) -> None:
    with database.write_aside() as connection:
        for _ in range(TRIES_MAX):
            take_try(connection, TENANT, maria[0].id, NOW)
        assert take_try(connection, TENANT, "Maria Pop", NOW).locked
        forget_tries(connection, TENANT, maria[0])
        assert not take_try(connection, TENANT, "Maria Pop", NOW).locked


def test_who_was_switched_off_or_has_a_new_pin_is_signed_out_everywhere(
    database: Database, maria: tuple[Member, str]
) -> None:
    member, pin = maria

    def sessions() -> int:
        with database.write_aside() as connection:
            open_session(connection, TENANT, "staff", member.id, NOW, confirmed=True, agent="")
            other = open_session(connection, TENANT, "participant", member.id, NOW, confirmed=True, agent="")
        assert other
        with database.read() as connection:
            return len(list_sessions(connection, TENANT, "staff", member.id))

    assert sessions() == 1
    with database.write(TENANT) as connection:
        fresh = renew_pin(connection, TENANT, member.id)
        assert list_sessions(connection, TENANT, "staff", member.id) == []
        attempt = take_try(connection, TENANT, member.name, NOW)
        assert (is_pin(attempt.hash, pin), is_pin(attempt.hash, fresh)) == (False, True)
    assert sessions() == 1
    with database.write(TENANT) as connection:
        disable_member(connection, TENANT, member.id, NOW + 5)
        assert list_sessions(connection, TENANT, "staff", member.id) == []
        assert len(list_sessions(connection, TENANT, "participant", member.id)) == 2
        gone = take_try(connection, TENANT, member.name, NOW)
        assert gone.member is None
        assert not is_pin(gone.hash, fresh)


def entry(id: str, at_ms: int = NOW, **more: object) -> Entry:
    given = {"id": id, "staff": "st_1", "kind": "new", "at_ms": at_ms, "received_ms": at_ms, "offline": False} | more
    return Entry(**given)  # type: ignore[arg-type]


def begin(database: Database, one: Entry, limits: CounterLimits) -> Entry | Full | None:
    with database.write_aside(f"counter:{one.staff}") as connection:
        return begin_entry(connection, TENANT, one, limits)


LIMITS = CounterLimits(new_hour=2, new_day=3, redeem_hour=1, redeem_day=9)
# What is pressed one after another: when, what, by whom; and what says no.
PRESSES = [
    (0, "new", "st_1", None),
    (1, "new", "st_1", None),
    (2, "new", "st_1", "hour"),
    (2, "redeem", "st_1", None),  # each kind has its own limit
    (3, "redeem", "st_1", "hour"),
    (3, "new", "st_2", None),  # and each member
    (HOUR_MS + 1, "new", "st_1", None),  # the first two are an hour old
    (2 * HOUR_MS + 5, "new", "st_1", "day"),
    (DAY_MS + 2, "new", "st_1", None),
]


def test_limits_by_hour_and_by_day(database: Database) -> None:
    for number, (after_ms, kind, staff, full) in enumerate(PRESSES):
        found = begin(database, entry(f"e{number}", NOW + after_ms, kind=kind, staff=staff), LIMITS)
        assert (found.period if isinstance(found, Full) else found) == full, number


def test_what_was_refused_takes_no_place(database: Database) -> None:
    for number in range(5):
        one = entry(f"e{number}")
        assert begin(database, one, LIMITS) is None
        with database.write_aside() as connection:
            finish_entry(connection, TENANT, replace(one, outcome="refused", reason="unknown_code"))


def test_a_day_is_not_stretched_by_telling_it_backwards(database: Database) -> None:
    """Entries of an outage come with the time at which they were pressed; told the latest first, the bound is the same."""
    told = [
        begin(database, entry(f"e{n}", NOW - n * 2 * HOUR_MS, received_ms=NOW, offline=True), LIMITS) for n in range(5)
    ]
    assert [isinstance(one, Full) for one in told] == [False, False, False, True, True]


def test_the_same_entry_again_is_what_stands_there(database: Database) -> None:
    one = entry("e1")
    assert begin(database, one, LIMITS) is None
    assert begin(database, replace(one, at_ms=NOW + MINUTE_MS), LIMITS) == one
    done = replace(one, outcome="accepted", detail=Detail(program="coffee-shop", events=("a", "b")))
    with database.write_aside() as connection:
        finish_entry(connection, TENANT, done)
    assert begin(database, one, CounterLimits(new_hour=0)) == done


def test_two_tills_at_once_pass_no_limit(database: Database) -> None:
    found: list[Entry | Full | None] = []

    def press(till: int) -> None:
        found.extend(begin(database, entry(f"till{till}-{number}"), CounterLimits(new_hour=7)) for number in range(5))

    threads = [threading.Thread(target=press, args=(till,)) for till in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(None) == 7
    assert len(found) == 20


def test_the_log_is_read_newest_first(database: Database) -> None:
    for number in range(3):
        begin(database, entry(f"e{number}", NOW + number, staff=f"st_{number % 2}"), CounterLimits())
    with database.read() as connection:
        assert [one.id for one in all_entries(connection, TENANT)] == ["e2", "e1", "e0"]
        assert [one.id for one in all_entries(connection, TENANT, staff="st_0", limit=1)] == ["e2"]
        assert [one.id for one in entries_of(connection, TENANT, "st_0", NOW)] == ["e2"]
        assert all_entries(connection, "other") == []


@pytest.mark.parametrize("limits", [CounterLimits(new_hour=-1), CounterLimits(offline_max=100_001)])
def test_a_limit_that_is_none(database: Database, maria: tuple[Member, str], limits: CounterLimits) -> None:
    with database.write(TENANT) as connection, pytest.raises(ValueError, match="a limit is"):
        set_limits(connection, TENANT, maria[0].id, limits)
