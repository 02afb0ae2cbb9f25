"""The page of the facts in a warehouse, from `warehouse/facts.py` and the types of their files."""

from __future__ import annotations

from goodword.warehouse.duck import schema_of
from goodword.warehouse.facts import FACTS, WHOLE, Fact
from tools.markdown import table

WHOLE_PIECE = f"'{WHOLE}'"
TYPES = {"string": "text", "int64": "integer (64 bits)", "bool": "boolean"}

MEANINGS: dict[str, str] = {
    "id": "its id in the database",
    "code": "the code, as codes are compared",
    "program": "of which program",
    "version": "under which version of the program's file",
    "participant": "who: the id of a participant",
    "referral": "of which referral",
    "side": "`advocate` or `friend`",
    "unit": "a currency (then in its minor unit), `points`, `coupon`, an item",
    "currency": "its currency; amounts are in the minor unit",
    "status": "its state, see [states](states.md)",
    "channel": "where: `whatsapp`, `order_done`; empty where nobody said",
    "click": "the id of the click",
    "group_id": "the group for which the code invites",
    "order_id": "of which order",
    "kind": "the kind of the benefit: `credit`, `coupon`, `points`",
    "rule": "of which reward rule",
    "option": "which of several benefits of a rule; the empty text where there is one",
    "at_ms": "when",
    "created_ms": "when it began",
    "claimed_ms": "when the friend came",
    "evidence": "by what the friend was known: `code`, `claim`, `click`, `staff`",
    "reason": "the first reason of the answer, see [reasons](reasons.md)",
    "seq": "the number of the event that wrote it",
    "count": "how many",
    "amount": "how much of the unit",
    "participants.country": "the country that the shop said",
    "participants.language": "the language that the shop said",
    "participants.number": "the participants counted from 1",
    "participants.fields": "the fields that programs declare, as JSON",
    "participants.erased_ms": "when everything about this person was removed; empty where it was not",
    "handles.name": "what tells an advocate's codes apart: a channel, a campaign",
    "claims.token": "under which an invitation is kept until somebody comes with it",
    "claims.claimed_ms": "when it was accepted",
    "orders.placed_ms": "when it was placed",
    "orders.total": "what it came to",
    "orders.refunded": "what came back of it",
    "orders.state": "`placed`, `refunded`, `cancelled` and the like",
    "orders.referral": "the referral that it belongs to; empty for everybody else's",
    "orders.counted": "whether it makes its buyer a customer",
    "orders.net": "what is left of its total: nothing where it was cancelled",
    "orders.redemptions": "which rewards paid of it, and how much, as `|ID=AMOUNT|ID=AMOUNT|`; its total is told without that",
    "referrals.advocate": "who invited: the id of a participant",
    "referrals.friend": "who came: the id of a participant, or an order where orders are tied",
    "referrals.code": "the code by which the friend came",
    "referrals.until_ms": "the end of its window, exclusive",
    "referrals.moderation": "whether it is looked at: `clear`, `flagged`, `pending_review`, `approved`, `denied`",
    "referrals.converted_ms": "when it converted; empty where it has not",
    "referrals.order_id": "the order it is about, where a program ties orders and not friends",
    "rewards.referral": "the referral that granted it; empty where there is none",
    "rewards.reason": "why it is where it is",
    "rewards.remaining": "what is issued and not yet redeemed, expired or taken back",
    "rewards.granted_ms": "when it was granted",
    "rewards.expires_ms": "when it expires; empty where it does not",
    "rewards.used": "what was redeemed of it",
    "rewards.owed": "what was used and taken back all the same",
    "rewards.discount": "for a coupon of a percentage: what it cost when it was used",
    "rewards.spent": "what using it took from its budget",
    "rewards.paid": "which points bought it, and how many, as `|ID=AMOUNT|`",
    "tiers.tier": "which; the empty text for none",
    "surveys.recommend": "how likely it is that he recommends the shop, from 0 to 10",
    "surveys.easy": "how easy it was, from 1 to 5",
    "surveys.attractive": "how attractive the reward is, from 1 to 5",
    "surveys.motivates": "what would move him to invite more",
    "events.id": "the id that its source gave it",
    "events.type": "`ask`, `share`, `claim`, `sign_up`, `order`, `refund`, `cancel` or `chargeback`",
    "events.at_ms": "when it happened, as its source says",
    "events.clock_ms": "the time by the tenant's clock, at which it was decided",
    "events.code": "the code that came with it",
    "events.claim": "the token of a claim that came with it",
    "events.click": "the click that came with it, as its signed text",
    "events.outcome": "`accepted` or `refused`",
    "events.referral": "the first referral of the answer",
    "entries.line": "which entry of that event",
    "entries.account": "the account: `pending:…`, `approved:…`, `balance:…`, `redeemed:…`, `expired:…`, `cost:…`",
    "entries.amount": "how much; all entries of an event sum to zero per unit",
    "entries.reward": "for which reward",
    "clicks.spool": "from which spool it came; with its place its key",
    "clicks.place": "its place there",
    "click_counts.kind": "what it was: `person`, a preview, a scanner",
    "click_counts.day_number": "the day, in days since 1970 (UTC)",
    "rules.unit_cost": "what one unit costs the business, in the minor unit; empty where the file does not say",
    "rules.currency": "the currency of the program",
}
"""What a column holds, by fact and column, else by column. One without a meaning stops the page."""


def page() -> str:
    """Every fact with its columns."""
    parts = [_part(fact) for fact in FACTS.values()]
    return (
        "# Facts\n\nWhat a warehouse holds: a folder `tenant=NAME` with a folder for each fact, in it a Parquet file for each day (UTC) of "
        "its moment.\nWhich files hold says `manifest.json`; how to read them by hand says "
        "[the guide](../guides/your-own-spark.md#by-hand). Times are milliseconds since\n1970 (UTC), amounts are in the minor unit of "
        "their currency. Ids are those of the database; nothing names a person.\n\n" + "\n".join(parts)
    )


def _part(fact: Fact) -> str:
    rows = [
        [f"`{field.name}`", TYPES[str(field.type)], MEANINGS.get(f"{fact.name}.{field.name}") or MEANINGS[field.name]]
        for field in schema_of(fact.name)
    ]
    if fact.at:
        days = f"Its day is that of `{fact.at}`."
    elif fact.piece == WHOLE_PIECE:
        days = "Kept in one piece, in the folder `day=all`."
    else:
        days = "Kept in pieces, in folders such as `day=piece-0`, whatever its moments."
    said = fact.said[0].upper() + fact.said[1:]
    key = ", ".join(f"`{name}`" for name in fact.key)
    return f"## {fact.name}\n\n{said}. One row for each {key}. {days}\n\n{table(['column', 'type', 'meaning'], rows)}\n"
