"""What became of a press, in words: from the answers that are stored, so that it reads the same however often it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo

import msgspec
from sqlalchemy import Connection

from goodword.engine.reasons import REASONS, Answer, Reason
from goodword.engine.state import Reward
from goodword.pipeline.process import shown
from goodword.portal.counter import PREFIX, Found, Held, Line, Log, Notice, Result, Tone
from goodword.program.duration import DAY_MS, iso
from goodword.storage import reads
from goodword.storage.counter_log import BROUGHT, Entry, EntryKind, counted, entries_of
from goodword.storage.load import load_program_rows
from goodword.storage.staff import Member
from goodword.web.context import Context
from goodword.web.counter_find import benefit_of, held, is_usable, reward_of, version_of, worth
from goodword.web.counter_tell import can_undo
from goodword.words.catalogue import catalogue
from goodword.words.format import moment
from goodword.words.sentences import sentence

TONES: dict[str, Tone] = {"accepted": "good", "waiting": "warning", "refused": "bad", "open": "warning"}
TOLD = ("refused", "waiting")
"""The kinds of reasons that staff read; what was done is said in words of the counter's own."""
LEFT_OUT = ("waiting_for_shop",)
"""Said by the button that hands it over."""


def result_of(context: Context, entry: Entry, language: str) -> Result:
    """What became of an entry."""
    texts = catalogue(language)
    with context.parts.database.read() as connection:
        answers = _answers(context, connection, entry)
        used = entry.kind == "redeem" and entry.outcome == "accepted" and entry.detail.order
        notice = Notice(
            texts.text("counter.result.used" if used else f"counter.result.{entry.kind}.{entry.outcome}"),
            why(entry, language) if entry.outcome == "refused" and not answers else "",
            TONES[entry.outcome],
        )
        lines = _reasons(context, connection, answers, language)
        rewards = _rewards(context, connection, answers)
        mine: list[Held] = []
        codes: list[tuple[str, str]] = []
        for reward, code in rewards:
            program = version_of(context, connection, reward.program, reward.version)
            said = {"what": worth(program, reward, language)}
            if entry.kind not in BROUGHT or entry.outcome == "refused":
                continue
            if reward.side != "friend":
                lines.append(texts.text("counter.result.advocate", said))
            elif reward.status == "issued" and code:
                codes.append((said["what"], code))
            elif is_usable(reward, benefit_of(program, reward)):
                mine.append(held(context, connection, reward, language))
    undo = entry.id if can_undo(entry, context.parts.now_ms()) else ""
    return Result(notice, tuple(dict.fromkeys(lines)), tuple(codes), tuple(mine), undo)


def why(entry: Entry, language: str) -> str:
    """Why an entry was refused, in a sentence; empty where it was not."""
    if not entry.reason:
        return ""
    if entry.reason in REASONS:
        return sentence(Reason(entry.reason), language)
    return catalogue(language).text(f"counter.refused.{entry.reason}", entry.detail.values)


def log_of(context: Context, member: Member, language: str) -> Log:
    """What a member confirmed in the last 24 hours, and how much of the limits that took."""
    texts, now_ms, tenant = catalogue(language), context.parts.now_ms(), context.tenant
    with context.parts.database.read() as connection:
        entries = entries_of(connection, tenant, member.id, now_ms - DAY_MS)
        used = [
            (
                texts.text(f"counter.limit.{kind}"),
                texts.text("counter.limit.of", {"used": str(used), "limit": str(limit)}),
            )
            for kind, used, limit in _used(context, connection, member)
        ]
        lines = [_line(context, connection, entry, language) for entry in entries]
    return Log(tuple(lines), tuple(used))


def _used(context: Context, connection: Connection, member: Member) -> Iterator[tuple[EntryKind, int, int]]:
    now_ms = context.parts.now_ms()
    kinds: tuple[tuple[tuple[EntryKind, ...], int], ...]
    kinds = ((BROUGHT, member.limits.new_day), (("redeem",), member.limits.redeem_day))
    for some, limit in kinds:
        yield some[0], counted(connection, context.tenant, member.id, some, now_ms - DAY_MS, now_ms), limit


def _line(context: Context, connection: Connection, entry: Entry, language: str) -> Line:
    texts = catalogue(language)
    when = moment(iso(entry.at_ms), language, _zone(context, connection, entry.detail.program))
    state = "undone" if entry.detail.undone_by else entry.outcome
    notes = [texts.text("counter.log.offline")] if entry.offline else []
    if entry.outcome == "refused":
        notes.append(why(entry, language))
    return Line(
        what=texts.text(f"counter.kind.{entry.kind}"),
        when=when,
        datetime=iso(entry.at_ms),
        said=texts.text(f"counter.outcome.{state}"),
        kind="info" if state == "undone" else TONES[entry.outcome],
        href=f"{PREFIX}/entries/{entry.id}",
        undo=entry.id if can_undo(entry, context.parts.now_ms()) else "",
        note=" ".join(notes),
    )


def _zone(context: Context, connection: Connection, name: str) -> tzinfo:
    """The time zone of a program; without one, of the first that the shop has."""
    rows = load_program_rows(connection, context.tenant)
    row = rows.get(name) or next((one for one in rows.values() if one.version), None)
    if row is None or not row.version:
        return UTC
    return version_of(context, connection, row.program, row.version).model.zone


def _answers(context: Context, connection: Connection, entry: Entry) -> list[Answer]:
    stored = (reads.event(connection, context.tenant, id) for id in entry.detail.events)
    keyring = context.parts.keyring
    return [msgspec.json.decode(shown(bytes(one.answer), keyring), type=Answer) for one in stored if one is not None]


def _reasons(context: Context, connection: Connection, answers: list[Answer], language: str) -> list[str]:
    found = []
    for reason in (reason for answer in answers for reason in answer.reasons):
        if REASONS[reason.code][0] in TOLD and reason.code not in LEFT_OUT:
            found.append(sentence(reason, language, _zone(context, connection, reason.program or "")))
    return found


def _rewards(context: Context, connection: Connection, answers: list[Answer]) -> list[tuple[Reward, str]]:
    """The rewards that answers name, as they stand now, each with its code where its owner may see it."""
    codes = {reward.id: reward.code or "" for answer in answers for reward in answer.rewards}
    rows = ((reward_of(context, connection, id), code) for id, code in codes.items())
    return [(row, code) for row, code in rows if row is not None]


def title_of(found: Found, language: str) -> str:
    """The title of the page that says what was found."""
    kind = "invitation" if found.invitation else "customer" if found.customer else "reward"
    return catalogue(language).text(f"counter.found.{kind}")
