"""Cells of a shop's export as values: dates, amounts, countries, yes and no. What cannot be understood says why.

No amount is ever a float, and nothing is guessed: what may be read in two ways is asked for in the mapping.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from babel import Locale

from goodword.program.duration import to_ms
from goodword.program.quantity import is_currency, minor_units

Decimals = Literal["point", "comma"]
"""What stands before the cents: `1,234.56` or `1.234,56`."""
NAMED_DATES = ("iso", "day_first", "month_first", "unix", "unix_ms")
"""The formats of dates that have a name; any other is written as a pattern, such as `%d %b %Y`."""

_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:(?:[T,]|\s)\s*(?P<time>.+))?",
)
_NUMBERS = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?:(?:[T,]|\s)\s*(?P<time>.+))?")
_TIME = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
)
_UNIX = re.compile(r"\d{9,10}|\d{12,13}")
_AMOUNT = re.compile(
    r"[^0-9]*?(?P<sign>[-(]?)[^0-9(.,-]*(?P<number>[0-9](?:[0-9.,' ]*[0-9])?|(?<![^\s(+-])[.,][0-9]+)(?P<after>[^0-9]*)"
)
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2009\u202f\u2007\t"), " ")
_MARKS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"))
_ARABIC_POINT, _ARABIC_THOUSANDS = "\u066b", "\u066c"
_PUNCTUATION = {ord("\u2212"): "-", ord("\u2019"): "'", ord("\u060c"): ","}
_ARABIC_FORMS = str.maketrans("أإآٱىة", "اااايه")
_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "₪": "ILS",
    "₺": "TRY",
    "₹": "INR",
    "₽": "RUB",
    "₴": "UAH",
    "us$": "USD",
    "lei": "RON",
    "leu": "RON",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "د.إ": "AED",
    "ر.س": "SAR",
    "ر.ق": "QAR",
    "ر.ع": "OMR",
    "د.ك": "KWD",
    "د.ب": "BHD",
    "د.ا": "JOD",
    "ج.م": "EGP",
}
"""Signs that mean one currency. `$`, `¥` and `kr` mean several: they are passed over, and the currency is told elsewhere."""
_SHARED_SIGNS = frozenset({"$", "¥", "kr", "kr.", "ر", ""})
_YES = frozenset({"1", "true", "yes", "y", "x", "t", "da", "adevarat", "نعم", "صحيح"})
_NO = frozenset({"", "0", "false", "no", "n", "f", "nu", "fals", "لا", "خطا", "-"})


def plain(text: str) -> str:
    """A cell without the marks that turn text around, its digits in ASCII."""
    if text.isascii():
        return text.strip()
    text = text.translate(_SPACES).translate(_MARKS).translate(_PUNCTUATION)
    return "".join(str(unicodedata.digit(c, None) if c.isdigit() else c) for c in text).strip()


@lru_cache(maxsize=10_000)
def folded(text: str) -> str:
    """A word as it is compared: without case, accents, the forms of one Arabic letter, and what stands between words."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c)).replace("\u0640", "")
    text = text.translate(_ARABIC_FORMS)
    return " ".join("".join(c if c.isalnum() else " " for c in text).split())


# dates ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DateFormat:
    """How a file writes its dates."""

    dates: str
    """One of `NAMED_DATES`, or a pattern."""
    zone: tzinfo | None
    """Of times that say none."""

    def read(self, text: str) -> datetime:
        """A moment.

        Raises:
            ValueError: it is not written like this, there is no such day, or nobody knows in which zone it is meant.
        """
        text = plain(text)
        if self.dates in ("unix", "unix_ms"):
            return _unix(text, self.dates)
        if self.dates.startswith("%"):
            return self._zoned(_by_pattern(text, self.dates))
        match = (_ISO if self.dates == "iso" else _NUMBERS).fullmatch(text)
        if match is None:
            raise ValueError(f"not a date as the file writes them ({self.dates})")
        first, second, third = (int(part) for part in match.groups()[:3])
        year, month, day = {
            "iso": (first, second, third),
            "day_first": (third, second, first),
            "month_first": (third, first, second),
        }[self.dates]
        hour, minute, whole, zone = _time(match["time"])
        try:
            moment = datetime(year, month, day, hour, minute, whole, tzinfo=zone)
        except ValueError:
            raise ValueError(f"there is no such day or time ({self.dates})") from None
        return self._zoned(moment)

    def _zoned(self, moment: datetime) -> datetime:
        if moment.tzinfo is None:
            if self.zone is None:
                raise ValueError("the time says no zone: write `time_zone` into the mapping")
            moment = moment.replace(tzinfo=self.zone)
        to_ms(moment)
        return moment.astimezone(UTC)


def _by_pattern(text: str, pattern: str) -> datetime:
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        raise ValueError(f"not a date as the file writes them ({pattern})") from None


def _unix(text: str, dates: str) -> datetime:
    if not text.isdigit() or len(text) > 15:
        raise ValueError(f"not a date as the file writes them ({dates})")
    seconds = int(text) // (1000 if dates == "unix_ms" else 1)
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        raise ValueError("there is no such day") from None


def _time(text: str | None) -> tuple[int, int, int, tzinfo | None]:
    if text is None:
        return 0, 0, 0, None
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError("not a time such as 17:05:00")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            raise ValueError("there is no such hour")
        hour = hour % 12 + (12 if match[4][0] in "Pp" else 0)
    return hour, minute, second, _zone(match[5])


@lru_cache(maxsize=200)
def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in ("Z", "UTC", "GMT"):
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    if offset >= timedelta(hours=24):
        raise ValueError("there is no such zone")
    return timezone(-offset if text[0] == "-" else offset)


def date_evidence(text: str) -> str | None:
    """Which format a date shows: a name, `ambiguous` where day and month cannot be told apart, None where it is no date."""
    text = plain(text)
    if _ISO.fullmatch(text):
        return "iso"
    if _UNIX.fullmatch(text):
        return "unix" if len(text) <= 10 else "unix_ms"
    match = _NUMBERS.fullmatch(text)
    if match is None:
        return None
    first, second = int(match[1]), int(match[2])
    if first > 12:
        return "day_first" if second <= 12 else None
    return "month_first" if second > 12 else "ambiguous"


def says_zone(text: str) -> bool:
    """Whether a time says in which zone it is meant."""
    text = plain(text)
    match = _ISO.fullmatch(text) or _NUMBERS.fullmatch(text)
    time = _TIME.fullmatch(match["time"].strip()) if match and match["time"] else None
    return bool(time and time[5]) or _UNIX.fullmatch(text) is not None


# amounts --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Money:
    """An amount as a cell says it; `currency` where the cell names one."""

    number: Decimal
    currency: str | None = None

    def minor(self, currency: str) -> int:
        """In the smallest unit of a currency.

        Raises:
            ValueError: the cell names another, or has more decimals than it has.
        """
        if self.currency not in (None, currency):
            raise ValueError(f"it is in {self.currency}, the row in {currency}")
        return minor_units(self.number, currency)


def read_amount(text: str, decimals: Decimals) -> Money:
    """An amount with its sign: `1,234.50`, `1.234,50 lei`, `(12.00)`, `-5`, `١٢٣٫٥٠`.

    Raises:
        ValueError: it is none, or thousands do not stand where they should.
    """
    text = plain(text)
    if _ARABIC_POINT in text or _ARABIC_THOUSANDS in text:
        text, decimals = text.replace(_ARABIC_THOUSANDS, "").replace(_ARABIC_POINT, "."), "point"
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError("not an amount")
    number, after = match["number"], match["after"].strip()
    negative = match["sign"] != "" or after.endswith("-")
    if match["sign"] == "(" and ")" not in after:
        raise ValueError("not an amount")
    words = f"{text[: match.start('number')]} {after}"
    currency = _named_currency("".join(c for c in words if c not in "()-+"))
    value = Decimal(_ungrouped(number, decimals))
    return Money(-value if negative else value, currency)


def says_currency(text: str) -> bool:
    """Whether an amount names its currency."""
    match = _AMOUNT.fullmatch(plain(text))
    try:
        return (
            match is not None
            and _named_currency(f"{match.string[: match.start('number')]} {match['after']}") is not None
        )
    except ValueError:
        return False


def _named_currency(words: str) -> str | None:
    found = None
    for word in words.split():
        sign = word.casefold().rstrip(".\u200f") if len(word) > 1 else word.casefold()
        currency = word.upper() if is_currency(word.upper()) else _SIGNS.get(sign)
        if currency is None and sign not in _SHARED_SIGNS:
            raise ValueError("not an amount")
        if currency is not None and found not in (None, currency):
            raise ValueError("it names two currencies")
        found = currency or found
    return found


def _ungrouped(number: str, decimals: Decimals) -> str:
    point, group = (".", ",") if decimals == "point" else (",", ".")
    whole, _, cents = number.rpartition(point) if point in number else (number, "", "")
    if point in whole:
        raise ValueError(f"`{point}` stands there twice: decimals are written with a {decimals}")
    separators = {c for c in whole if not c.isdigit()}
    if separators:
        if len(separators) > 1 or not re.fullmatch(r"[0-9]{1,3}(?:[^0-9][0-9]{3})+", whole):
            raise ValueError(f"thousands do not stand where they should: decimals are written with a {decimals}")
        whole = whole.replace(separators.pop(), "")
    if group in cents or not (cents.isdigit() or not cents):
        raise ValueError(f"decimals are written with a {decimals}")
    return f"{whole or '0'}.{cents or '0'}"


def decimal_evidence(text: str) -> Decimals | Literal["ambiguous"] | None:
    """What an amount shows of how decimals are written; None where it shows nothing."""
    text = plain(text)
    if _ARABIC_POINT in text or _ARABIC_THOUSANDS in text:
        return None  # the Arabic decimal sign is read as what it is, whatever the others mean
    match = _AMOUNT.fullmatch(text)
    separators = [c for c in match["number"] if c in ".,"] if match else []
    if match is None or not separators:
        return None
    last = separators[-1]
    if len(set(separators)) == 2:
        return "point" if last == "." else "comma"
    if len(separators) > 1:
        return "comma" if last == "." else "point"  # it stands between thousands
    if len(match["number"].rpartition(last)[2]) != 3:
        return "point" if last == "." else "comma"
    return "ambiguous"


# words ----------------------------------------------------------------------------------------------------------------


def read_flag(text: str) -> bool | None:
    """Yes or no in English, Romanian or Arabic; None where it is neither."""
    word = folded(text) if text.strip() != "-" else "-"
    return True if word in _YES else False if word in _NO else None


def read_country(text: str) -> str:
    """A country's two letters, from them or from its name in English, Romanian or Arabic.

    Raises:
        ValueError: no country is called so.
    """
    text = text.strip()
    if len(text) == 2 and text.upper() in _countries().values():
        return text.upper()
    try:
        return _countries()[folded(text)]
    except KeyError:
        raise ValueError("no country that we know by this name") from None


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    named: dict[str, str] = {}
    for language in ("en", "ro", "ar"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "ZZ", "QO", "XA", "XB"):
                named.setdefault(folded(name), code)
    return named | {"uk": "GB", "usa": "US", "uae": "AE", "ksa": "SA"}


def read_language(text: str) -> str:
    """A language's letters out of `ro`, `ro-RO`, `Romanian`.

    Raises:
        ValueError: no language is called so.
    """
    code = re.split(r"[-_]", text.strip().lower())[0]
    if re.fullmatch(r"[a-z]{2,3}", code):
        return code
    try:
        return _languages()[folded(text)]
    except KeyError:
        raise ValueError("no language that we know by this name") from None


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    return {
        folded(name): code
        for language in ("ar", "ro", "en")
        for code, name in Locale(language).languages.items()
        if code.isalpha() and len(code) in (2, 3)
    }
