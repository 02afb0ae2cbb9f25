"""Cells as values: amounts to the smallest unit, dates with their zone, yes and no, in three languages."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from goodword.connect.values import (
    DateFormat,
    date_evidence,
    decimal_evidence,
    folded,
    read_amount,
    read_country,
    read_flag,
    read_language,
)

BUCHAREST = ZoneInfo("Europe/Bucharest")


@pytest.mark.parametrize(
    ("text", "decimals", "currency", "minor"),
    [
        ("12", "point", "USD", 1200),
        ("12.5", "point", "USD", 1250),
        ("12.50", "point", "USD", 1250),
        ("12.500", "point", "USD", 1250),
        (".50", "point", "USD", 50),
        ("1,234.56", "point", "USD", 123456),
        ("1,234,567", "point", "USD", 123456700),
        ("1.234,56", "comma", "RON", 123456),
        ("1.234", "comma", "RON", 123400),
        ("1,234", "comma", "KWD", 1234),
        ("1 234,56", "comma", "RON", 123456),
        ("1\u00a0234,56", "comma", "EUR", 123456),
        ("1\u202f234,56", "comma", "EUR", 123456),
        ("1'234.56", "point", "CHF", 123456),
        ("1’234.56", "point", "CHF", 123456),
        ("$12.00", "point", "USD", 1200),
        ("US$ 12.00", "point", "USD", 1200),
        ("12,00 lei", "comma", "RON", 1200),
        ("12,00 LEI", "comma", "RON", 1200),
        ("RON 12,00", "comma", "RON", 1200),
        ("€12.00", "point", "EUR", 1200),
        ("12.00 د.إ", "point", "AED", 1200),
        ("د.إ.\u200f 12.00", "point", "AED", 1200),
        ("١٢٣٫٥٠", "point", "SAR", 12350),
        ("١٬٢٣٤٫٥", "comma", "SAR", 123450),
        ("۱۲۳", "point", "SAR", 12300),
        ("1.234", "point", "KWD", 1234),
        ("0.5", "point", "KWD", 500),
        ("1200", "point", "JPY", 1200),
        ("1200.00", "point", "JPY", 1200),
        ("-5.00", "point", "USD", -500),
        ("\u22125.00", "point", "USD", -500),
        ("5.00-", "point", "USD", -500),
        ("(5.00)", "point", "USD", -500),
        ("-$5.00", "point", "USD", -500),
        ("$-5.00", "point", "USD", -500),
        ("($5.00)", "point", "USD", -500),
        ("0", "point", "USD", 0),
    ],
)  # fmt: skip
def test_an_amount(text: str, decimals: str, currency: str, minor: int) -> None:
    assert read_amount(text, decimals).minor(currency) == minor  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "decimals", "currency", "why"),
    [
        ("", "point", "USD", "not an amount"),
        ("free", "point", "USD", "not an amount"),
        ("12 pieces", "point", "USD", "not an amount"),
        ("Rs.500", "point", "INR", "not an amount"),
        ("1e3", "point", "USD", "not an amount"),
        ("NaN", "point", "USD", "not an amount"),
        ("12.005", "point", "USD", "USD has 2 decimals"),
        ("12.5", "point", "JPY", "JPY has 0 decimals"),
        ("1,23", "point", "USD", "thousands do not stand"),
        ("1.234.56", "point", "USD", "stands there twice"),
        ("1,2,3", "comma", "RON", "stands there twice"),
        ("1,234.56", "comma", "RON", "decimals are written with a comma"),
        ("12 34", "point", "USD", "thousands do not stand"),
        ("€12.00", "point", "USD", "it is in EUR, the row in USD"),
        ("12.00 EUR USD", "point", "USD", "two currencies"),
        ("(5.00", "point", "USD", "not an amount"),
        ("1" * 20, "point", "USD", "at most"),
    ],
)
def test_no_amount(text: str, decimals: str, currency: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_amount(text, decimals).minor(currency)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1,234.50", "point"), ("1.234,50", "comma"), ("12.5", "point"), ("12,50", "comma"), ("1,234,567", "point"),
        ("1.234.567", "comma"), ("1,234", "ambiguous"), ("1.234", "ambiguous"), ("1234", None), ("free", None),
        ("١٢٣٫٥٠", None), ("$1,234", "ambiguous"),
    ],
)  # fmt: skip
def test_what_an_amount_shows(text: str, shown: str | None) -> None:
    assert decimal_evidence(text) == shown


@pytest.mark.parametrize(
    ("text", "dates", "zone", "utc"),
    [
        ("2025-03-04", "iso", UTC, "2025-03-04 00:00"),
        ("2025-03-04", "iso", BUCHAREST, "2025-03-03 22:00"),
        ("2025-07-04", "iso", BUCHAREST, "2025-07-03 21:00"),
        ("2025-03-04T10:00:00Z", "iso", None, "2025-03-04 10:00"),
        ("2025-03-04 10:00:00 +0200", "iso", None, "2025-03-04 08:00"),
        ("2025-03-04T10:00:00.123-05:30", "iso", None, "2025-03-04 15:30"),
        ("2025/03/04 10:00 UTC", "iso", None, "2025-03-04 10:00"),
        ("04/03/2025", "day_first", UTC, "2025-03-04 00:00"),
        ("04.03.2025 17:05", "day_first", UTC, "2025-03-04 17:05"),
        ("4-3-2025, 5:05 PM", "day_first", UTC, "2025-03-04 17:05"),
        ("03/04/2025 12:00 AM", "month_first", UTC, "2025-03-04 00:00"),
        ("03/04/2025 12:00 pm", "month_first", UTC, "2025-03-04 12:00"),
        ("٠٤/٠٣/٢٠٢٥", "day_first", UTC, "2025-03-04 00:00"),
        ("1741082400", "unix", None, "2025-03-04 10:00"),
        ("1741082400000", "unix_ms", None, "2025-03-04 10:00"),
        ("4 Mar 2025", "%d %b %Y", UTC, "2025-03-04 00:00"),
        ("4 Mar 2025 +0200", "%d %b %Y %z", None, "2025-03-03 22:00"),
    ],
)  # fmt: skip
def test_a_date(text: str, dates: str, zone: ZoneInfo | None, utc: str) -> None:
    moment = DateFormat(dates, zone).read(text)
    assert moment.replace(microsecond=0) == datetime.fromisoformat(f"{utc}+00:00")


@pytest.mark.parametrize(
    ("text", "dates", "zone", "why"),
    [
        ("2025-03-04", "iso", None, "no zone"),
        ("2025-02-30", "iso", UTC, "no such day"),
        ("31/04/2025", "day_first", UTC, "no such day"),
        ("13/13/2025", "day_first", UTC, "no such day"),
        ("03/04/25", "day_first", UTC, "not a date"),
        ("yesterday", "iso", UTC, "not a date"),
        ("2025-03-04 25:00", "iso", UTC, "no such day or time"),
        ("2025-03-04 13:00 PM", "iso", UTC, "no such hour"),
        ("2025-03-04 soon", "iso", UTC, "not a time"),
        ("2025-03-04 10:00 +9900", "iso", UTC, "no such zone"),
        ("12", "unix", UTC, None),
        ("soon", "unix", UTC, "not a date"),
        ("4 Foo 2025", "%d %b %Y", UTC, "not a date"),
    ],
)
def test_no_date(text: str, dates: str, zone: ZoneInfo | None, why: str | None) -> None:
    if why is None:
        assert DateFormat(dates, zone).read(text).year == 1970
        return
    with pytest.raises(ValueError, match=why):
        DateFormat(dates, zone).read(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("03/04/2025", "ambiguous"), ("25/04/2025", "day_first"), ("03/25/2025", "month_first"), ("2025-03-04", "iso"),
        ("25/25/2025", None), ("1741082400", "unix"), ("1741082400000", "unix_ms"), ("soon", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_date_shows(text: str, shown: str | None) -> None:
    assert date_evidence(text) == shown


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("RO", "RO"), ("ro", "RO"), ("Romania", "RO"), ("România", "RO"), ("رومانيا", "RO"), ("السعودية", None),
        ("المملكة العربية السعودية", "SA"), ("Germania", "DE"), ("UAE", "AE"), ("Atlantis", None), ("ZZ", None),
    ],
)  # fmt: skip
def test_a_country(text: str, code: str | None) -> None:
    if code is None:
        with pytest.raises(ValueError, match="no country"):
            read_country(text)
    else:
        assert read_country(text) == code


@pytest.mark.parametrize(
    ("text", "code"), [("ro", "ro"), ("ro-RO", "ro"), ("AR", "ar"), ("română", "ro"), ("العربية", "ar"), ("??", None)]
)
def test_a_language(text: str, code: str | None) -> None:
    if code is None:
        with pytest.raises(ValueError, match="no language"):
            read_language(text)
    else:
        assert read_language(text) == code


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("yes", True),
        ("DA", True),
        ("نعم", True),
        ("1", True),
        ("nu", False),
        ("لا", False),
        ("", False),
        ("2025", None),
    ],
)
def test_yes_and_no(text: str, flag: bool | None) -> None:
    assert read_flag(text) is flag


@pytest.mark.parametrize(
    ("one", "other"),
    [("Adresă e-mail", "adresa E-Mail"), ("رقم الطلب", "رقم  الطّلب"), ("الإجمالي", "الاجمالي"), ("Țară", "ţară")],
)
def test_headers_are_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)
