"""The engine's rows as rows of tables, and back: the one place where they are converted.

A column takes the field of the same name (or the one its ``info`` names); *derived* columns are computed
and never read back; the fields that are left go to ``doc``. What is read is validated, so that a row nobody
can read stops loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import FieldInfo, fields
from sqlalchemy import Table

from goodword.engine.state import (
    ActivityRow,
    ClaimRow,
    ContestRow,
    DueRow,
    GroupRow,
    Handle,
    MemberRow,
    ObjectionRow,
    OrderRow,
    Participant,
    PayoutRow,
    PoolCode,
    ProgramRow,
    Referral,
    Reward,
    Row,
    Standing,
    SurveyRow,
    SweepRow,
    TierRow,
)
from goodword.storage import tables
from goodword.storage.dialect import columns_of


@dataclass(frozen=True, slots=True)
class Mapper:
    """How the rows of a stored collection stand in its table."""

    table: Table
    key: str
    """The column by which rows are looked up."""
    columns: tuple[str, ...]
    """The columns that `unpack` reads, in its order."""
    pack: Callable[[str, Any], list[object]]
    """A key and its row as the values of the table's columns, without the tenant."""
    unpack: Callable[[Sequence[Any]], tuple[str, Any]]
    """The values of `columns` as a key and its row."""


def referral_live_key(scope: str, friend: str) -> str:
    """What a live referral holds alone: its friend in its program, or for its group. It is also the key in `parents`."""
    return f"{scope}|{friend}"


def held_by(row: Referral) -> str:
    """What a referral holds alone in its scope: its friend, or the one order that it is about."""
    return row.friend if row.order is None else f"order:{row.order}"


def reward_live_key(row: Reward) -> str:
    """What a live reward holds alone."""
    subject = f"{row.subject}#{row.key}" if row.key else row.subject
    return f"{row.program}|{row.rule}|{subject}|{row.side}|{row.occurrence}"


def is_waiting(row: Reward) -> bool:
    """Whether the reward is approved and waits for a condition on its recipient."""
    return row.status == "approved" and row.reason == "waiting_for_condition"


DERIVATIONS: dict[str, Callable[[Any], object]] = {
    "participants.page": lambda row: row.page,
    "members.page": lambda row: row.page,
    "orders.counted": lambda row: int(row.counted),
    "referrals.live_key": lambda row: referral_live_key(row.scope, held_by(row)) if row.live else None,
    "referrals.per_order": lambda row: int(row.order is not None),
    "rewards.live_key": lambda row: reward_live_key(row) if row.live else None,
    "standings.behind": lambda row: ~row.score,  # as a minus would be, and below zero for every number
    "rewards.queue": lambda row: row.queue,
    "rewards.waiting": lambda row: int(is_waiting(row)),
    "rewards.answered": lambda row: len(row.answers) or None,
}


def _struct_mapper(table: Table, kind: type[Row], key: str) -> Mapper:
    """The mapper of a collection whose rows are Structs, from the table's columns and the Struct's fields."""
    stored = columns_of(table)
    read = tuple(column for column in stored if not column.info.get("derived"))
    names = [str(column.info.get("field", column.name)) for column in read]
    derived = [DERIVATIONS[str(column)] for column in stored if column.info.get("derived")]
    place_of_key = [column.name for column in read].index(key)
    names.remove("doc")  # `doc` is the last column of every table that has one, derived ones stand just before it
    in_columns = attrgetter(*names)
    document_of = _documents(kind, names)

    def pack(_: str, row: Row) -> list[object]:
        values: list[object] = [*in_columns(row)]
        if derived:
            values.extend([derive(row) for derive in derived])
        values.append(document_of(row))
        return values

    def unpack(values: Sequence[Any]) -> tuple[str, Row]:
        document = msgspec.json.decode(values[-1])
        document.update(zip(names, values, strict=False))
        return values[place_of_key], msgspec.convert(document, kind)

    return Mapper(table, key, tuple(column.name for column in read), pack, unpack)


def _documents(kind: type[Row], columns: Sequence[str]) -> Callable[[Row], str]:
    """What makes the JSON of those fields of a row that have no column; what is at its default stays out."""
    rest = [field for field in fields(kind) if field.name not in columns]
    if not rest:
        return lambda _: "{}"
    # A Struct of its own, since that is the fastest way to write JSON.
    defaults: list[Any] = [(field.name, Any, _default(field)) if not field.required else field.name for field in rest]
    document = msgspec.defstruct(f"{kind.__name__}Document", defaults, kw_only=True, omit_defaults=True)
    names = [field.name for field in rest]
    encoder = msgspec.json.Encoder()

    def encode(row: Row) -> str:
        return encoder.encode(document(**{name: getattr(row, name) for name in names})).decode()

    return encode


def _default(field: FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return msgspec.field(default=field.default)
    return msgspec.field(default_factory=field.default_factory)


def _value_mapper(table: Table) -> Mapper:
    """The mapper of a collection that maps a key to one value."""
    key, value = (column.name for column in columns_of(table))
    return Mapper(table, key, (key, value), lambda name, value: [name, value], lambda values: (values[0], values[1]))


def split_balance(key: str) -> tuple[str, str]:
    """``account|unit`` apart; neither contains a bar."""
    account, _, unit = key.partition("|")
    return account, unit


MAPPERS: dict[str, Mapper] = {
    "programs": _struct_mapper(tables.programs, ProgramRow, "program"),
    "identities": _value_mapper(tables.identities),
    "participants": _struct_mapper(tables.participants, Participant, "id"),
    "handles": _struct_mapper(tables.handles, Handle, "code"),
    "activities": _struct_mapper(tables.activities, ActivityRow, "id"),
    "groups": _struct_mapper(tables.groups, GroupRow, "id"),
    "members": _struct_mapper(tables.members, MemberRow, "id"),
    "sweeps": _struct_mapper(tables.sweeps, SweepRow, "id"),
    "claims": _struct_mapper(tables.claims, ClaimRow, "token"),
    "orders": _struct_mapper(tables.orders, OrderRow, "id"),
    "referrals": _struct_mapper(tables.referrals, Referral, "id"),
    "rewards": _struct_mapper(tables.rewards, Reward, "id"),
    "contests": _struct_mapper(tables.contests, ContestRow, "id"),
    "standings": _struct_mapper(tables.standings, Standing, "id"),
    "tiers": _struct_mapper(tables.tiers, TierRow, "id"),
    "payouts": _struct_mapper(tables.payouts, PayoutRow, "id"),
    "pool_codes": _struct_mapper(tables.pool_codes, PoolCode, "hash"),
    "objections": _struct_mapper(tables.objections, ObjectionRow, "id"),
    "surveys": _struct_mapper(tables.surveys, SurveyRow, "id"),
    "counters": _value_mapper(tables.counters),
    "balances": Mapper(
        tables.balances,
        "account",
        ("account", "unit", "amount"),
        lambda key, amount: [*split_balance(key), amount],
        lambda values: (f"{values[0]}|{values[1]}", values[2]),
    ),
    "watches": _value_mapper(tables.watches),
    "dues": _struct_mapper(tables.dues, DueRow, "id"),
}
"""How each stored collection of the state stands in its table."""
