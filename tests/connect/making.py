"""Small exports as shops write them, all invented, and what comes of them."""

import io
import json
from pathlib import Path
from typing import Any

from goodword.connect.found import Found
from goodword.connect.guess import opened, recognise, settled
from goodword.connect.history import Reader, lines_of
from goodword.connect.mapping import load_mapping
from tests.properties.worlds import KEYRING

NOW_MS = 1_800_000_000_000

SHOPIFY = """\
Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Created at,Lineitem quantity,\
Lineitem name,Lineitem price,Billing Name,Billing Country,Billing Phone,Notes,Cancelled at,Refunded Amount,Vendor,Id,Phone
#1003,eve@example.com,partially_refunded,2025-03-01 10:00:00 +0200,RON,200.00,10.00,0.00,210.00,,\
2025-03-01 10:00:00 +0200,1,Mug,120.00,Eve Pop,RO,'+40721000003,"wants
a ""red"" ribbon",,50.00,Mugs,103,
#1003,eve@example.com,,,,,,,,,2025-03-01 10:00:00 +0200,2,Cup,40.00,,,,,,,Cups,,
#1002,bob@example.com,voided,,RON,80.00,0.00,0.00,80.00,,2025-02-01 10:00:00 +0200,1,Mug,80.00,Bob Ion,RO,,,\
2025-02-02 10:00:00 +0200,0.00,Mugs,102,
#1001,ann@example.com,paid,2025-01-01 10:00:00 +0200,EUR,60.50,0.00,0.00,60.50,HELLO,2025-01-01 10:00:00 +0200,1,Mug,\
60.50,Ann Pop,DE,,,,0.00,Mugs,101,
"""
SHOPIFY_CUSTOMERS = """\
Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Country Code,Default Address Phone,Phone,\
Total Spent,Total Orders
'7001,Ann,Pop,ann@example.com,yes,DE,,'+4915100000001,60.50,1
'7002,Zoe,,zoe@example.com,no,RO,,,0.00,0
"""
WOOCOMMERCE = """\
order_id,order_number,order_date,status,shipping_total,tax_total,order_total,order_currency,customer_id,customer_email,\
billing_first_name,billing_last_name,billing_email,billing_phone,billing_country,refunded_total
502,502,2025-05-02 12:00:00,wc-completed,15.00,19.00,134.00,RON,9,eve@example.com,Eve,Pop,eve@example.com,+40721000003,RO,
501,501,2025-05-01 12:00:00,pending,0,0,50.00,RON,0,,Guest,One,guest@example.com,,RO,
500,500,2025-04-30 12:00:00,wc-refunded,0,0,50.00,RON,0,,Guest,Two,guest2@example.com,,RO,50.00
"""
ROMANIAN = """\
Număr comandă;Data comenzii;Adresă e-mail;Nume complet;Țară;Valoare;Monedă;Rambursat;Anulată
C-1;25.01.2025 14:30;ana@example.ro;Ana Șerban;România;1.234,50 lei;RON;;nu
C-2;03.02.2025 09:00;ion@example.ro;Ion Țepeș;Germania;99,00;EUR;9,90;nu
C-3;04.02.2025 09:00;ion@example.ro;Ion Țepeș;RO;50;RON;;da
"""
ARABIC = """\
رقم الطلب,تاريخ الطلب,البريد الإلكتروني,الاسم,الدولة,الإجمالي,العملة,المبلغ المسترد
١٠١,٢٥/٠١/٢٠٢٥,noor@example.com,نور,المملكة العربية السعودية,١٬٢٣٤٫٥٠,SAR,
١٠٢,٢٦/٠١/٢٠٢٥,ali@example.com,علي,الكويت,١٢٫٣٤٥,KWD,٢٫٣٤٥
"""
REST = [
    {
        "id": 9001,
        "status": "completed",
        "currency": "JPY",
        "date_created": "2025-06-01T12:00:00",
        "date_created_gmt": "2025-06-01T09:00:00",
        "total": "1200",
        "total_tax": "100",
        "shipping_total": "100",
        "customer_id": 12,
        "billing": {"first_name": "Kei", "last_name": "Ito", "email": "kei@example.com", "phone": "", "country": "JP"},
        "line_items": [{"name": "Mug", "category": "mugs", "total": "600"}, {"category": "cups", "total": "400"}],
    }
]


def ndjson(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def put(folder: Path, content: str | bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def reader_of(path: Path, mapping: str | None = None) -> Reader:
    """A file that was read, by its mapping or by its headers; what has to be asked fails."""
    if mapping is None:
        found, table, _ = recognise(path)
    else:
        found = load_mapping(mapping)
        table = opened(path, found)
    found, asked = settled(found, table)
    assert not asked.questions, asked
    reader = Reader(found, KEYRING, NOW_MS)
    reader.read(table)
    return reader


def told(path: Path, mapping: str | None = None) -> tuple[list[dict[str, Any]], Found, list[int]]:
    """The events of a file in their order, what was counted, and the lines that the events come from."""
    reader = reader_of(path, mapping)
    stream, lines = io.BytesIO(), io.BytesIO()
    reader.write(stream, lines)
    events = [json.loads(row) for row in stream.getvalue().splitlines()]
    return events, reader.found, list(lines_of(lines, range(1, len(events) + 1)))
