"""Sentences: the right variant, values as people write them, codes kept apart in Arabic text."""

from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from goodword.engine.reasons import REASONS, Amount, Reason, ReasonValue
from goodword.program.quantity import Quantity
from goodword.words.catalogue import LANGUAGES
from goodword.words.format import FSI, PDI, amount, isolate, percent
from goodword.words.sentences import phrase, rule_at, sentence, term, values

VALUE_NAMES = (
    *(
        "used",
        "limit",
        "left",
        "needed",
        "amount",
        "step",
        "attribute",
        "operator",
        "expected",
        "actual",
        "until",
    ),
    *(
        "signal",
        "order",
        "winner",
        "from",
        "to",
        "why",
        "measure",
        "value",
        "at",
        "evidence",
        "token",
        "code",
    ),
)
UNMET: dict[str, ReasonValue] = {
    "step": "bought",
    "attribute": "order.total",
    "operator": "at_least",
    "expected": Amount(5000, "USD"),
    "actual": Amount(3100, "USD"),
}


def iso(text: str) -> str:
    """A text as it stands in Arabic."""
    return f"{FSI}{text}{PDI}"


def dollars(number: str) -> str:
    """An amount of dollars as it stands in Arabic."""
    return iso(f"\u200f{number}\u00a0{iso('US$')}")


def without(value: str) -> dict[str, ReasonValue]:
    return {name: given for name, given in UNMET.items() if name != value}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (
            Reason("cap_reached", {"used": Amount(15_500, "MB"), "limit": Amount(16_000, "MB")}),
            {
                "en": "The limit is reached: 15,500 MB of 16,000 MB.",
                "ro": "S-a atins limita: 15.500 MB din 16.000 MB.",
                "ar": "تم بلوغ الحد الأقصى. الممنوح حتى الآن: 15,500 ميغابايت؛ الحد الأقصى: 16,000 ميغابايت.",
            },
        ),
        (
            Reason("cap_reached", {"used": 31, "limit": 32}),
            {
                "en": "The limit of 32 rewards is reached: 31 used.",
                "ro": "S-a atins limita de 32 de recompense: 31 până acum.",
                "ar": "تم بلوغ الحد الأقصى. المسموح: 32 مكافأة؛ الممنوح حتى الآن: 31.",
            },
        ),
        (
            Reason("cap_reached", {"used": 31}),
            {"en": "The limit is reached.", "ro": "S-a atins limita.", "ar": "تم بلوغ الحد الأقصى."},
        ),
        (
            Reason("step_condition_unmet", UNMET),
            {
                "en": "A condition of the step “bought” is not met: "
                "the order total is $31.00; at least $50.00 is needed.",
                "ro": "Nu este îndeplinită o condiție a etapei „bought”: "
                "totalul comenzii: 31,00\u00a0USD; minimul cerut: 50,00\u00a0USD.",
                "ar": f"لم يتحقق شرط من شروط الخطوة «{iso('bought')}»: "
                f"قيمة الطلب: {dollars('31.00')}؛ "
                f"الحد الأدنى المطلوب: {dollars('50.00')}.",
            },
        ),
        (
            Reason("step_condition_unmet", without("actual")),
            {
                "en": "A condition of the step “bought” is not met: "
                "the order total is unknown; at least $50.00 is needed."
            },
        ),
        (
            Reason("step_condition_unmet", without("expected")),
            {"en": "A condition of the step “bought” is not met."},
        ),
        (
            Reason(
                "friend_not_in_audience",
                {"attribute": "friend.new_customer", "operator": "is", "expected": True, "actual": False},
            ),
            {
                "en": "A condition on the friend is not met: the friend is a new customer: no; needed: yes.",
                "ro": "Nu este îndeplinită o condiție privind prietenul: prietenul este client nou: nu; se cere: da.",
                "ar": "لم يتحقق شرط يخص الصديق: الصديق عميل جديد: لا؛ المطلوب: نعم.",
            },
        ),
        (
            Reason(
                "friend_not_in_audience",
                {"attribute": "friend.grade", "operator": "in", "expected": "gold, silver", "actual": "basic"},
            ),
            {
                "en": "A condition on the friend is not met: grade: basic; needed: one of gold, silver.",
                "ar": f"لم يتحقق شرط يخص الصديق: {iso('grade')}: {iso('basic')}؛ "
                f"المطلوب إحدى القيم: {iso('gold, silver')}.",
            },
        ),
        (
            Reason("on_hold", {"until": "2026-03-05T22:30:00Z"}),
            {
                "en": "The reward is held until 5 March 2026, 22:30 UTC, when the goods can no longer come back.",
                "ro": "Recompensa este reținută până la 5 martie 2026, 22:30 UTC, "
                "când produsele nu mai pot fi returnate.",
                "ar": "المكافأة معلّقة حتى 5 مارس 2026، 22:30 UTC، حين لا يعود إرجاع البضاعة ممكنًا.",
            },
        ),
        (
            Reason("not_possible_now", {"status": "expired"}, reward="rw_1"),
            {"ar": "لا يمكن ذلك في الحالة الراهنة: منتهية الصلاحية."},
        ),
        (
            Reason("not_possible_now", {"status": "expired"}, referral="rf_1"),
            {"ar": "لا يمكن ذلك في الحالة الراهنة: منتهية المهلة."},
        ),
        (
            Reason("not_possible_now", {"order": "A1", "status": "cancelled"}),
            {"ar": "لا يمكن ذلك في الحالة الراهنة: ملغى."},
        ),
        (
            Reason("step_undone", {"step": "bought", "why": "refund"}),
            {"en": "The step “bought” no longer stands; the cause: refund."},
        ),
        (
            Reason("reward_granted", {"amount": Amount(2, "coffee"), "side": "friend"}),
            {
                "en": "A reward was granted (friend): 2 coffees.",
                "ro": "S-a acordat o recompensă (prieten): 2 cafele.",
                "ar": "مُنحت مكافأة (الصديق): كوبا قهوة.",
            },
        ),
        (
            Reason("joined", {"code": "AB-12"}),
            {
                "en": "The person is now an advocate; the code: AB-12.",
                "ar": f"تم الانضمام إلى البرنامج؛ رمز الدعوة: {iso('AB-12')}.",
            },
        ),
        (
            Reason("review_denied", {"why": ""}),
            {"en": "Staff denied the referral.", "ro": "Echipa a respins recomandarea."},
        ),
        (
            Reason("review_denied", {"why": "نفس العنوان\u202e"}),
            {"en": f"Staff denied the referral: “{iso('نفس العنوان')}”."},
        ),
        (
            Reason("program_published", program="bombas", version=3),
            {
                "ro": "Versiunea 3 a programului „bombas” este în vigoare "
                "pentru recomandările care încep de acum înainte."
            },
        ),
    ],
)
def test_a_reason_as_a_person_reads_it(reason: Reason, expected: dict[str, str]) -> None:
    for language, text in expected.items():
        assert sentence(reason, language) == text


def test_times_are_those_of_the_programs_zone() -> None:
    reason = Reason("window_passed", {"until": "2026-03-05T22:30:00Z"})
    assert sentence(reason, "ro", ZoneInfo("Europe/Bucharest")) == (
        "Termenul s-a încheiat la 6 martie 2026, 00:30 UTC+02:00, înainte de acest eveniment."
    )


def test_a_reason_from_a_later_release_is_shown_by_its_code() -> None:
    assert sentence(Reason("invented_tomorrow"), "en") == "invented_tomorrow"


@given(
    code=st.sampled_from(list(REASONS)),
    language=st.sampled_from([*LANGUAGES, "ar-SA", "xx"]),
    given=st.dictionaries(
        st.sampled_from(VALUE_NAMES),
        st.one_of(
            st.integers(-(10**18), 10**18),
            st.booleans(),
            st.text(max_size=20),
            st.sampled_from(["at_least", "in", "order.total", "device", "9999-12-31T23:59:59-05:00", "{x}", "started"]),
            st.builds(Amount, st.integers(-(10**15), 10**15), st.sampled_from(["USD", "IQD", "coffee", "sku:fez"])),
        ),
    ),
)
def test_no_value_and_no_missing_value_breaks_a_sentence(
    code: str, language: str, given: dict[str, ReasonValue]
) -> None:
    reason = Reason(code, given, rule="rewards.credit", place="3:1", version=1)
    text = sentence(reason, language)
    assert text.endswith(".")
    assert text.count(FSI) == text.count(PDI)
    values(reason, language)


@pytest.mark.parametrize("code", REASONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reason_without_values_still_has_its_sentence(code: str, language: str) -> None:
    text = sentence(Reason(code), language)
    assert text.endswith(".")
    assert "{" not in text


def test_the_lines_of_an_explanation() -> None:
    reason = Reason(
        "cap_reached",
        {"used": 31, "limit": 32},
        rule="rewards.storage.caps.0",
        place="31:7",
        version=2,
    )
    assert rule_at(reason, "en") == "rule rewards.storage.caps.0 at 31:7 of the file, version 2"
    assert (
        rule_at(reason, "ar") == f"القاعدة {iso('rewards.storage.caps.0')} في الموضع {iso('31:7')} من الملف، الإصدار 2"
    )
    assert rule_at(Reason("no_referral"), "en") is None
    assert values(reason, "ro") == [("până acum", "31"), ("limită", "32")]
    assert phrase("explain.used_of_limit", "en", used=31, limit=32) == "31 of 32"
    assert phrase("explain.event", "ar", event="evt-1") == f"الحدث {iso('evt-1')}"
    assert term("status.reward", "approved", "ro") == "aprobată"
    assert term("status.reward", "melted", "ro") == "melted"


@pytest.mark.parametrize(
    ("quantity", "english", "romanian"),
    [
        (Quantity(2000, "USD"), "$20.00", "20,00\u00a0USD"),
        (Quantity(20_500, "KWD"), "KWD\u00a020.500", "20,500\u00a0KWD"),
        (Quantity(20_000, "IQD"), "IQD\u00a020", "20\u00a0IQD"),
        (Quantity(20_125, "IQD"), "IQD\u00a020.125", "20,125\u00a0IQD"),
        (Quantity(500, "JPY"), "¥500", "500\u00a0JPY"),
        (Quantity(20, "coffee"), "20 coffees", "20 de cafele"),
        (Quantity(1, "sku:refill-pack"), "1 refill pack", "1 pachet de rezerve"),
        (Quantity(2, "sku:fez"), "2 sku:fez", "2 sku:fez"),
    ],
)
def test_amounts(quantity: Quantity, english: str, romanian: str) -> None:
    assert amount(quantity, "en") == english
    assert amount(quantity, "ro") == romanian


def test_a_minus_stands_before_its_number_in_arabic() -> None:
    """Between right-to-left text and digits it would be shown behind them: CLDR puts U+200E before it."""
    assert "\u200e-40.00" in amount(Quantity(-4000, "USD"), "ar")
    assert amount(Quantity(-3, "friend"), "ar").startswith("\u200e-3")
    assert "\u200e" not in amount(Quantity(4000, "USD"), "ar") + amount(Quantity(-4000, "USD"), "ro")


def test_amounts_in_arabic_have_latin_digits_and_keep_their_order() -> None:
    for tag in ("ar", "ar-SA", "ar-EG"):
        assert amount(Quantity(123_450, "SAR"), tag) == iso("\u200f1,234.50\u00a0ر.س.\u200f")
        assert amount(Quantity(123_450, "RON"), tag) == iso("\u200f1,234.50\u00a0" + iso("RON"))
        assert amount(Quantity(2, "sku:fez"), tag) == f"2 {iso('sku:fez')}"
        assert percent(2550, tag) == "25.5%"


def test_isolation_is_around_a_code_and_never_inside() -> None:
    assert isolate("AB-12", "ar") == iso("AB-12")
    assert isolate("AB\u2067-\u200f12", "ar") == iso("AB-12")
    assert isolate("AB-12", "ro") == "AB-12"
    assert isolate("محمد", "ro") == iso("محمد")
