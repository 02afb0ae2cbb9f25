"""Making batches for the tests of storage."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from goodword.engine.events import Event, Person, Sealed, SignUp
from goodword.engine.state import (
    Acceptance,
    ActivityRow,
    ClaimRow,
    Closure,
    ConsentState,
    ContestRow,
    DueRow,
    Entry,
    GroupRow,
    Handle,
    Hit,
    MemberRow,
    ObjectionRow,
    OrderRow,
    OutboxRow,
    Participant,
    PayoutRow,
    Place,
    PoolCode,
    ProgramRow,
    Redemption,
    Referral,
    RefundRow,
    Reward,
    Rival,
    Standing,
    State,
    StepState,
    SurveyRow,
    SweepRow,
    TenantRow,
    TierRow,
)
from goodword.storage.database import Database
from goodword.storage.load import load, load_tenant
from goodword.storage.store import Batch, Record, store

TENANT = "acme"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

STANDING = Standing("dropbox|race|ann", "dropbox|race", "ann", 7, 15, 1)
REFERRAL = Referral("r1", "dropbox", 2, "ann", "bob", "ANN", "code", 10, 20)
REWARD = Reward(
    "w1", "dropbox", 2, "credit", "advocate", "ann", "r1", subject="r1", occurrence=1, unit="MB", amount=500,
    granted_ms=30, event="e1",
)  # fmt: skip

FULL: dict[str, dict[str, Any]] = {
    "identities": {"email:abc": "ann"},
    "participants": {
        "ann": Participant(
            id="ann", created_ms=5, country="DE", language="de",
            fields={"plan": "pro", "seats": 3, "paid": True}, signals={"device": ("h1", "h2")},
            signed_up_ms=7, activities={"install": ((8, "e8"), (9, "e9"))}, waiting=2, keeping=1, number=7,
            accepted=(Acceptance("dropbox", 2, "ar", 6, "e1"),), consents={"name": ConsentState(given=True, at_ms=9, language="ar")},
            asked_ms=95, asked=2, surveyed_ms=94, payout_ms=93, erased_ms=96,
        )
    },
    "handles": {"ANN": Handle("ANN", "dropbox", "ann", 5, "A-n-n", "card", "/socks", expires_ms=99, disabled_ms=98, group="g1")},
    "activities": {
        "e8": ActivityRow("e8", "ann", "review", 12, {"stars": 5}, "pending", "w1", {"measure|dropbox|reviews|ann": 1})
    },
    "groups": {"g1": GroupRow("g1", "dropbox", "the Does", "ann", 3, members=1, numbers=2, closed_ms=97)},
    "members": {
        "g1|bob": MemberRow("g1|bob", "g1", "bob", 2, 4, 8, "r1", {"measure|dropbox|size|g1": 1}, 5),
    },
    "programs": {
        "dropbox": ProgramRow("dropbox", 2, 3, 1, 5, 4, 77, "why", 88, (Closure(6, 7), Closure(8, None, ended=True)))
    },
    "sweeps": {"s1": SweepRow("s1", "dropbox", 2, "print", "g1", "2026-05-04", 9, 1, 4, 12)},
    "claims": {"t1": ClaimRow("t1", "ANN", 6, "code", "00ff", "p2")},
    "orders": {
        "o1": OrderRow(
            id="o1", participant="bob", placed_ms=11, total=5000, currency="USD",
            fields={"gift": False, "note": "ünïcode 🎁 'quoted\" \\ \n"}, refunded=100, state="refunded",
            changes=(RefundRow("e3", "refund", None, 1, {"books": 7}),), redemptions=(Redemption("w9", 25),), referral="r1",
            measured={"measure|dropbox|spent@2026-03|bob": 4900}, items={"books": 900}, fact=True,
        )
    },
    "referrals": {
        "r1": Referral(
            id="r1", program="dropbox", version=2, advocate="ann", friend="bob", code="ANN", evidence="code",
            claimed_ms=10, until_ms=20, status="converted", moderation="approved",
            moderation_why=("shared_signal",), converted_ms=15,
            steps={"bought": StepState(Hit("order:o1", 11, "e2"), (Hit("o", 12, "e4"),)), "in": StepState()},
            measured=("friends",), rivals=(Rival("cid", "CID", "claim", 9, "e0", "friend_taken"),), click="00ff",
            promised={"space|friend": "gold"}, again={"space": 2}, group="g1", order="o1", per_group=True,
        )
    },
    "rewards": {
        "w1": Reward(
            id="w1", program="dropbox", version=2, rule="credit", side="advocate", participant="ann",
            referral="r1", subject="r1", occurrence=1, unit="MB", amount=500, granted_ms=30, event="e2",
            status="issued", reason="on_hold", remaining=200, used=150, owed=7, discount=3, mature_ms=40,
            expires_ms=50, noticed=True, order="o1", cap_keys=("cap|a|n",), doubted=("measure|p|stars|ann",), budget="budget:dropbox:main", budget_unit="USD",
            reserved=70, spent=7, code_hash="hash1", key="2026-03", option="mug", chosen=True, answers={"text": "Ann"},
            submission="ev-9", watched=("ann",), kept_ms=77, paid={"w8": 5}, unfunded=6, collected=True,
            pool="films", own_code="sealed:x",
        )
    },
    "contests": {
        "dropbox|race": ContestRow(
            "dropbox|race", "dropbox", "race", 2, "friends", 10, 20, "drawing", "hash", "seed", "hash2", 3, 9, "ann", 7, 40,
            {"0": "ann"}, (Place(1, "ann", 7),), ("w1",),
        )
    },
    "standings": {STANDING.id: STANDING},
    "tiers": {"dropbox|ann": TierRow("dropbox|ann", "dropbox", "ann", "gold", {"gold": "2026"})},
    "payouts": {
        "p1": PayoutRow("p1", "dropbox", "ann", "USD", 2**53 + 1, "2026-10", 5, "e1", "failed", 9, "the bank said no")
    },
    "objections": {
        "ob1": ObjectionRow("ob1", "dropbox", "ann", 7, "r1", "answered", "rejected", 9, "not a new customer")
    },
    "surveys": {"sv1": SurveyRow("sv1", "dropbox", "ann", "friend", 7, 9, 4, 3, "easier")},
    "pool_codes": {"hash9": PoolCode("hash9", "films", 3, "sealed:y", "w1")},
    "counters": {"cap|ann|n": 2**53 + 1},
    "balances": {"balance:ann|MB": -5, "cost:dropbox|sku:refill-pack": 9},
    "watches": {"ann>w1": "w1"},
    "dues": {"d1": DueRow("d1", 99, "mature", "w1")},
}  # fmt: skip
"""A row of every stored collection, with a value in every field."""


def record(seq: int, event: Event | None = None, entries: Sequence[Entry] = (), **more: Any) -> Record:
    """A decided event; its id is ``e`` and its seq."""
    event = event or SignUp(id=f"e{seq}", occurred_at=NOON, person=Person(id="bob"))
    sealed = Sealed(event, occurred_ms=seq * 10, clock_ms=seq * 10, content=f"content{seq}")  # type: ignore[arg-type]
    return Record(seq, sealed, b'{"event":"e%d"}' % seq, entries=entries, **more)


def outbox(*topics: str) -> list[OutboxRow]:
    return [OutboxRow(topic, "r1") for topic in topics]


def keep(
    database: Database,
    dirty: dict[str, dict[str, Any]] | None = None,
    records: int = 0,
    people: Sequence[tuple[str, Person]] = (),
    **of_last: Any,
) -> None:
    """Store rows as one batch of so many events; the last event has what `of_last` says."""
    with database.write(TENANT) as connection:
        before = load_tenant(connection, TENANT)
        seqs = range(before.seq + 1, before.seq + 1 + records)
        made = [record(seq, **(of_last if seq == seqs[-1] else {})) for seq in seqs]
        after = TenantRow(before.seq + records, before.clock_ms + records, before.live)
        store(connection, TENANT, Batch(after, made, dirty or {}, people))


def fetch(database: Database, **wants: Collection[str]) -> dict[str, dict[str, Any]]:
    """The rows of a state into which only this was loaded."""
    state = State()
    with database.read() as connection:
        load(connection, TENANT, state, {name: set(keys) for name, keys in wants.items()})
    return state.rows
