"""What a column may be: the fields of customers and orders, and the headers by which each is recognised."""

from __future__ import annotations

from typing import Literal, NamedTuple

from goodword.connect.values import folded

Holds = Literal["customers", "orders"]


class Field(NamedTuple):
    """One field: of what, what it means, and the headers that say it in English, Romanian and Arabic."""

    holds: tuple[Holds, ...]
    meaning: str
    headers: tuple[str, ...]


BOTH: tuple[Holds, ...] = ("customers", "orders")
ORDERS: tuple[Holds, ...] = ("orders",)
CUSTOMERS: tuple[Holds, ...] = ("customers",)

FIELDS: dict[str, Field] = {
    "order": Field(
        ORDERS,
        "the id of the order, the one that your shop tells later",
        (
            "order id",
            "order",
            "order number",
            "order no",
            "order nr",
            "id comandă",
            "comandă",
            "comanda",
            "nr comandă",
            "număr comandă",
            "numărul comenzii",
            "رقم الطلب",
            "معرف الطلب",
            "الطلب",
        ),
    ),
    "customer": Field(
        BOTH,
        "your id of the customer, the `person.id` of your events",
        (
            "customer id",
            "customer",
            "client id",
            "id client",
            "cod client",
            "user id",
            "customer user",
            "رقم العميل",
            "معرف العميل",
            "رقم الزبون",
        ),
    ),
    "email": Field(
        BOTH,
        "the e-mail address",
        (
            "email",
            "e mail",
            "email address",
            "customer email",
            "billing email",
            "user email",
            "email billing",
            "adresă e-mail",
            "adresă de e-mail",
            "adresă email",
            "البريد الإلكتروني",
            "البريد",
            "الإيميل",
        ),
    ),
    "phone": Field(
        BOTH,
        "the telephone number",
        (
            "phone",
            "phone number",
            "telephone",
            "mobile",
            "billing phone",
            "phone billing",
            "default address phone",
            "telefon",
            "nr telefon",
            "număr de telefon",
            "mobil",
            "الهاتف",
            "رقم الهاتف",
            "الجوال",
            "رقم الجوال",
        ),
    ),
    "name": Field(
        BOTH,
        "the name of the person; several columns are put together",
        (
            "full name",
            "customer name",
            "billing name",
            "display name",
            "nume complet",
            "nume client",
            "nume și prenume",
            "name",
            "nume",
            "الاسم الكامل",
            "اسم العميل",
            "الاسم",
        ),
    ),
    "country": Field(
        BOTH,
        "the country: two letters, or its name in English, Romanian or Arabic",
        (
            "country code",
            "country",
            "billing country",
            "country code billing",
            "default address country code",
            "country region",
            "țară",
            "cod țară",
            "الدولة",
            "البلد",
            "رمز الدولة",
        ),
    ),
    "language": Field(BOTH, "the language", ("language", "locale", "limbă", "limba", "اللغة")),
    "created": Field(
        CUSTOMERS,
        "since when the customer is one of yours",
        (
            "created at",
            "created",
            "registered",
            "registered at",
            "date registered",
            "registration date",
            "user registered",
            "signed up",
            "sign up",
            "customer since",
            "data înregistrării",
            "data înscrierii",
            "înregistrat la",
            "creat la",
            "تاريخ التسجيل",
            "تاريخ الإنشاء",
        ),
    ),
    "placed": Field(
        ORDERS,
        "when the order was placed",
        (
            "placed at",
            "placed",
            "created at",
            "order date",
            "date",
            "date created",
            "data comenzii",
            "data comandă",
            "data",
            "plasată la",
            "تاريخ الطلب",
            "التاريخ",
        ),
    ),
    "total": Field(
        ORDERS,
        "what was paid, after discounts, without tax and delivery (see `less`)",
        (
            "net total",
            "net sales",
            "subtotal",
            "total",
            "order total",
            "amount",
            "total comandă",
            "valoare",
            "sumă",
            "suma",
            "الإجمالي",
            "إجمالي الطلب",
            "المجموع",
            "المبلغ",
        ),
    ),
    "currency": Field(
        ORDERS,
        "the currency, as ISO 4217 writes it",
        ("currency", "order currency", "monedă", "moneda", "valută", "العملة"),
    ),
    "refunded": Field(
        ORDERS,
        "how much of it went back, in all",
        (
            "refunded amount",
            "refunded",
            "refund amount",
            "refund",
            "refunded total",
            "order refund amount",
            "sumă rambursată",
            "rambursat",
            "rambursată",
            "المبلغ المسترد",
            "المسترد",
        ),
    ),
    "refunded_at": Field(
        ORDERS,
        "when; with the order, where nothing says it",
        ("refunded at", "refund date", "data rambursării", "تاريخ الاسترداد"),
    ),
    "cancelled": Field(
        ORDERS,
        "whether the order was cancelled: when, or yes and no",
        (
            "cancelled at",
            "canceled at",
            "cancelled",
            "canceled",
            "data anulării",
            "anulată",
            "anulat",
            "تاريخ الإلغاء",
            "ملغي",
            "ملغى",
        ),
    ),
    "status": Field(
        ORDERS,
        "what became of the order, in the words of `statuses`",
        (
            "status",
            "order status",
            "financial status",
            "stare",
            "stare comandă",
            "status comandă",
            "الحالة",
            "حالة الطلب",
        ),
    ),
    "code": Field(
        ORDERS,
        "a code of Goodword that was used: not the coupons of the shop, which no program knows",
        (),
    ),
}
"""The fields in the order in which a mapping lists them."""

REQUIRED: dict[Holds, tuple[str, ...]] = {"customers": (), "orders": ("order", "placed", "total")}
IDENTIFY = ("customer", "email", "phone")
"""At least one of these."""
JOINED = "name"
"""The field of which several columns are put together; of the others the first that says something counts."""
FIRST_NAMES = ("first name", "billing first name", "first name billing", "prenume", "الاسم الأول")
LAST_NAMES = ("last name", "billing last name", "last name billing", "nume de familie", "nume", "اسم العائلة", "الكنية")

STATUSES: dict[str, tuple[str, ...]] = {
    "cancelled": ("cancelled", "canceled", "voided", "anulat", "anulată", "ملغي", "ملغى", "ملغاة"),
    "refunded": ("refunded", "rambursat", "rambursată", "مسترد", "مستردة"),
    "left_out": (
        "pending",
        "pending payment",
        "payment pending",
        "awaiting payment",
        "unpaid",
        "on hold",
        "failed",
        "authorized",
        "expired",
        "draft",
        "checkout-draft",
        "trash",
        "în așteptare",
        "în așteptarea plății",
        "în așteptare plată",
        "plată în așteptare",
        "neplătit",
        "neplătită",
        "eșuat",
        "eșuată",
        "قيد الانتظار",
        "بانتظار الدفع",
        "في انتظار الدفع",
        "غير مدفوع",
        "غير مدفوعة",
        "فشل",
    ),
}
"""What the words of the usual systems mean. Every other word is an order that stands."""


def fields_of(holds: Holds) -> list[str]:
    """The names of the fields that customers, or orders, have."""
    return [name for name, field in FIELDS.items() if holds in field.holds]


def recognised(holds: Holds, headers: list[str]) -> dict[str, str]:
    """Field by field the column that says it, by its header: of several the one that stands first in the table."""
    by_word: dict[str, str] = {}
    for header in headers:
        by_word.setdefault(folded(header), header)
    found: dict[str, str] = {}
    for name in fields_of(holds):
        column = next((by_word[word] for word in map(folded, FIELDS[name].headers) if word in by_word), None)
        if column is not None and column not in found.values():
            found[name] = column
    return found
