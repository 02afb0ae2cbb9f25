"""What pages read: filtered, newest first, and complete however it is cut into pages."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from goodword.engine.events import Person
from goodword.engine.state import Entry, OrderRow, Participant, ProgramRow
from goodword.storage import reads
from goodword.storage.database import Database
from goodword.storage.reads import BadCursor, Page
from goodword.storage.store import store_program
from tests.storage.making import NOON, REFERRAL, REWARD, TENANT, keep, outbox

REFERRALS = {
    f"r{n}": replace(REFERRAL, id=f"r{n}", friend=f"f{n}", claimed_ms=n // 2, status="expired" if n % 3 else "started")
    for n in range(10)
}
REWARDS = {
    f"w{n}": replace(REWARD, id=f"w{n}", occurrence=n, granted_ms=n, referral=f"r{n % 2}", side="friend")
    for n in range(6)
}


def everything(read: Callable[..., Page[Any]], *arguments: Any, **options: Any) -> list[Any]:
    """All pages of a list, two rows a page."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        page = read(*arguments, cursor=cursor, limit=2, **options)
        assert 0 <= len(page.items) <= 2
        items += page.items
        if page.next is None:
            return items
        cursor = page.next


def test_referrals_by_filter(database: Database) -> None:
    keep(database, {"referrals": REFERRALS})
    with database.read() as c:
        ids = [row.id for row in everything(reads.referrals, c, TENANT)]
        assert ids == sorted(REFERRALS, reverse=True)
        live = [row.id for row in everything(reads.referrals, c, TENANT, status="started", program="dropbox")]
        assert live == ["r9", "r6", "r3", "r0"]
        assert everything(reads.referrals, c, TENANT, friend="f3") == [REFERRALS["r3"]]
        assert len(everything(reads.referrals, c, TENANT, advocate="ann")) == 10
        assert reads.referrals(c, TENANT, advocate="nobody") == Page([], None)
        assert reads.referrals(c, "other") == Page([], None)
        assert reads.referral_counts(c, TENANT) == {"dropbox": {"expired": 6, "started": 4}}


def test_rewards_by_filter(database: Database) -> None:
    keep(database, {"rewards": REWARDS})
    with database.read() as c:
        assert everything(reads.rewards, c, TENANT) == [REWARDS[f"w{n}"] for n in range(5, -1, -1)]
        assert [row.id for row in everything(reads.rewards, c, TENANT, referral="r1")] == ["w5", "w3", "w1"]
        assert len(everything(reads.rewards, c, TENANT, participant="ann", status="pending", program="dropbox")) == 6
        assert reads.reward_counts(c, TENANT) == {"dropbox": {"pending": 6}}


def test_participants_and_what_is_known_about_them(database: Database) -> None:
    rows = {f"p{n}": Participant(f"p{n}", n) for n in range(5)}
    keep(database, {"participants": rows}, people=[("p1", Person(name="Ann"))])
    with database.read() as c:
        assert everything(reads.participants, c, TENANT) == [rows[f"p{n}"] for n in range(4, -1, -1)]
        assert reads.people(c, TENANT, ["p1", "p2"]) == {"p1": {"name": "Ann"}}


def test_orders_of_a_participant(database: Database) -> None:
    rows = {f"o{n}": OrderRow(f"o{n}", "bob", n, state="placed" if n else "cancelled") for n in range(3)}
    keep(database, {"orders": {**rows, "x": OrderRow("x"), "y": OrderRow("y", "ann", 1)}})
    with database.read() as c:
        assert [row.id for row in everything(reads.orders, c, TENANT, "bob")] == ["o2", "o1", "o0"]


def test_events_with_their_answers(database: Database) -> None:
    for _ in range(5):
        keep(
            database,
            records=1,
            references=("r1",),
            entries=[Entry("a", "USD", 1, "w1"), Entry("b", "USD", -1)],
        )
    keep(database, records=1, outbox=outbox("a.b", "c.d"))
    with database.read() as c:
        assert [event.seq for event in everything(reads.answers, c, TENANT, "r1")] == [5, 4, 3, 2, 1]
        assert [event.id for event in reads.events(c, TENANT, after_seq=3, limit=2)] == ["e4", "e5"]
        event = reads.event(c, TENANT, "e2")
        assert event is not None
        assert (event.seq, event.type, event.history) == (2, "sign_up", False)
        assert msgspec.json.decode(event.answer) == {"event": "e2"}
        assert msgspec.json.decode(msgspec.json.encode(event))["body"]["occurred_at"] == NOON.strftime("%FT%TZ")
        assert reads.event(c, TENANT, "nothing") is None
        assert [(line.seq, line.entry.account) for line in reads.entries(c, TENANT, "w1")] == [
            (seq, "a") for seq in range(1, 6)
        ]
        assert [(row.id, row.row.topic) for row in reads.undelivered(c, TENANT)] == [
            (6000, "a.b"),
            (6001, "c.d"),
        ]


def test_balances_of_a_participant(database: Database) -> None:
    keep(database, {"balances": {"balance:ann|USD": -5, "balance:ann|MB": 7, "balance:anna|MB": 1}})
    with database.read() as c:
        assert reads.balances(c, TENANT, "ann") == {"MB": 7, "USD": -5}


def test_programs_and_versions(database: Database) -> None:
    with database.write(TENANT) as c:
        for version in (1, 2, 3):
            words = {"digest": f"d{version}", "program_text": f"text {version}"}
            store_program(c, TENANT, "dropbox", version, published_ms=version, **words)
    keep(database, {"programs": {"dropbox": ProgramRow("dropbox", 2, 3, planned=3, planned_ms=9)}})
    with database.read() as c:
        versions = reads.program_versions(c, TENANT)
        assert [(v.version, v.digest, v.current, v.priority, v.planned_ms) for v in versions] == [
            (3, "d3", False, 3, 9),
            (2, "d2", True, 3, None),
            (1, "d1", False, 3, None),
        ]
        assert reads.program_versions(c, TENANT, "other") == []
        assert reads.program_text(c, TENANT, "dropbox", 1) == "text 1"
        assert reads.program_text(c, TENANT, "dropbox", 9) is None


@pytest.mark.parametrize("cursor", ["", "x", "-5", "1e3-x", "٣-x", "9" * 40])
def test_a_cursor_that_no_page_gave_is_refused(database: Database, cursor: str) -> None:
    with database.read() as c:
        with pytest.raises(BadCursor):
            reads.rewards(c, TENANT, cursor=cursor)
        with pytest.raises(BadCursor):
            reads.answers(c, TENANT, "r1", cursor=cursor)
