"""Headlines: what a program promises, generated from its rules."""

import re
from datetime import date
from pathlib import Path

import pytest

from goodword.program.amounts import PercentOf
from goodword.program.benefits import Benefit
from goodword.program.loader import Program, load_program
from goodword.program.quantity import Quantity
from goodword.words.catalogue import LANGUAGES
from goodword.words.format import FSI, PDI, amount
from goodword.words.headline import benefit_text, headline


def program(rewards: str) -> Program:
    """A small program with these rewards."""
    return load_program(
        "goodword: 1\nprogram: test\ncurrency: USD\ntime_zone: UTC\n"
        "steps: {bought: {event: order}}\nmeasures: {invited: {count: referrals, step: bought}}\n"
        f"rewards:\n{rewards}"
    )


BOMBAS = program("""
  friend: {when: {step: claimed}, to: friend, benefit: {kind: coupon, percent_off: 25%}}
  credit: {when: {step: bought}, to: advocate, benefit: {kind: credit, amount: 20.00 USD}}
""")
DROPBOX = program("  storage: {when: {step: bought}, to: both, benefit: {kind: quantity, amount: 500 MB}}")
COFFEE = program("  coffee: {when: {step: bought}, to: advocate, benefit: {kind: item, amount: 1 coffee}}")
HARRYS = program("""
  razor: {when: {reaches: invited, at: 10}, to: advocate, benefit: {kind: item, amount: 1 razor}}
  cream: {when: {reaches: invited, at: 5}, to: advocate, benefit: {kind: item, amount: 1 shave-cream}}
  blades: {when: {reaches: invited, at: 50}, to: advocate, benefit: {kind: item, amount: 1 year-of-blades}}
""")
PAYPAL = program("""
  cash:
    when: {step: bought}
    to: both
    benefit:
      kind: cash
      amount: {schedule: [{since: 2026-01-01, amount: 20 USD}, {since: 2026-06-01, amount: 10 USD}]}
""")
MIXED = program("""
  off: {when: {step: claimed}, to: friend, benefit: {kind: coupon, amount: 40 USD}}
  gift: {when: {step: bought}, to: both, benefit: {kind: item, amount: 2 coffee}}
  points: {when: {step: bought}, to: advocate, benefit: {kind: coupon, percent_off: 2.5%, ceiling: 50 USD}}
""")
DONATION = program("  shoes: {when: {step: bought}, to: advocate, benefit: {kind: donation, amount: 1 pair}}")
AGAIN = load_program("""\
goodword: 1
program: test
currency: USD
time_zone: UTC
activities: [review]
steps: {bought: {event: order}}
measures: {invited: {count: referrals, step: bought}, reviews: {count: activities, activity: review}}
rewards:
  thanks: {when: {each: invited}, to: advocate, benefit: {kind: points, amount: 50 points}}
  surprise: {when: {reaches: invited, every: 3}, to: advocate, benefit: {kind: item, amount: 1 gift}}
  review: {when: {each: reviews}, to: advocate, benefit: {kind: points, amount: 5 points}}
""")
DOLLARS_20 = f"{FSI}\u200f20.00\u00a0{FSI}US${PDI}{PDI}"
DOLLARS_40 = f"{FSI}\u200f40.00\u00a0{FSI}US${PDI}{PDI}"
DOLLARS_50 = f"{FSI}\u200f50.00\u00a0{FSI}US${PDI}{PDI}"


@pytest.mark.parametrize(
    ("which", "english", "romanian", "arabic"),
    [
        (
            BOMBAS,
            "Your friend gets 25% off, you get $20.00",
            "Prietenul tău primește o reducere de 25\u00a0%, iar tu primești 20,00\u00a0USD",
            f"لكل صديق خصم 25%، ولك {DOLLARS_20}",
        ),
        (DROPBOX, "You both get 500 MB", "Primiți fiecare 500 MB", "لكل منكما 500 ميغابايت"),
        (
            COFFEE,
            "You get 1 coffee for each friend",
            "Primești 1 cafea pentru fiecare prieten",
            "لك كوب قهوة واحد عن كل صديق",
        ),
        (
            HARRYS,
            "5 friends: 1 shave cream; 10 friends: 1 razor; 50 friends: 1 year of blades",
            "5 prieteni: 1 cremă de ras; 10 prieteni: 1 aparat de ras; 50 de prieteni: lame pentru un an",
            "5 أصدقاء: عبوة كريم حلاقة واحدة؛ 10 أصدقاء: ماكينة حلاقة واحدة؛ 50 صديقًا: شفرات لمدة سنة واحدة",
        ),
        (
            DONATION,
            "You get a donation of 1 pair of shoes for each friend",
            "Primești o donație de 1 pereche de pantofi pentru fiecare prieten",
            "لك تبرّع خيري: زوج أحذية واحد عن كل صديق",
        ),
        (
            AGAIN,
            "You get 50 points for each friend; every 3 friends: 1 gift",
            "Primești 50 de puncte pentru fiecare prieten; la fiecare 3 prieteni: 1 cadou",
            "لك 50 نقطة عن كل صديق؛ عن كل 3 أصدقاء: هدية واحدة",
        ),
        (
            PAYPAL,
            "You both get up to $20.00",
            "Primiți fiecare până la 20,00\u00a0USD",
            f"لكل منكما {DOLLARS_20} كحد أقصى",
        ),
        (
            MIXED,
            "Your friend gets $40.00 off and 2 coffees, you get 2 coffees and 2.5% off (up to $50.00)",
            "Prietenul tău primește o reducere de 40,00\u00a0USD și 2 cafele, "
            "iar tu primești 2 cafele și o reducere de 2,5\u00a0% (cel mult 50,00\u00a0USD)",
            f"لكل صديق خصم بقيمة {DOLLARS_40} وكوبا قهوة، ولك كوبا قهوة وخصم 2.5% (بحد أقصى {DOLLARS_50})",
        ),
    ],
)
def test_headline(which: Program, english: str, romanian: str, arabic: str) -> None:
    assert [headline(which, language) for language in ("en", "ro", "ar")] == [english, romanian, arabic]


@pytest.mark.parametrize(
    ("ceiling", "texts"),
    [
        (None, ("10% of the order", "10\u00a0% din valoarea comenzii", "10% من قيمة الطلب")),
        (
            Quantity(5000, "USD"),
            (
                "10% of the order (up to $50.00)",
                "10\u00a0% din valoarea comenzii (cel mult 50,00\u00a0USD)",
                f"10% من قيمة الطلب (بحد أقصى {DOLLARS_50})",
            ),
        ),
    ],
)
def test_a_share_of_an_order(ceiling: Quantity | None, texts: tuple[str, ...]) -> None:
    share = PercentOf.model_construct(percent_of="order.total", percent=1000, ceiling=ceiling)
    benefit = Benefit.model_construct(kind="credit", amount=share)
    assert tuple(benefit_text(benefit, language) for language in ("en", "ro", "ar")) == texts


def test_a_currency_without_a_symbol_is_kept_apart_from_its_amount() -> None:
    lei = Quantity(3000, "RON")
    shown = [amount(lei, language) for language in ("en", "ro", "ar")]
    assert shown == ["RON\u00a030.00", "30,00\u00a0RON", f"{FSI}\u200f30.00\u00a0{FSI}RON{PDI}{PDI}"]


def test_an_amount_by_date_is_the_one_in_force() -> None:
    assert headline(PAYPAL, "en", date(2026, 5, 31)) == "You both get $20.00"
    assert headline(PAYPAL, "en", date(2026, 6, 1)) == "You both get $10.00"
    for language in LANGUAGES:
        assert headline(PAYPAL, language, date(2025, 12, 31)) == ""


RECIPES = Path(__file__).resolve().parents[2] / "programs"


@pytest.mark.parametrize(
    ("recipe", "parts"),
    [
        (
            "spotify",
            [
                "When the group reaches 2, its owner gets 1 Family Mix",
                "When the group reaches 4, its owner gets 1 children's app",
                "The owner of the group gets $1.00 for each member",
            ],
        ),
        (
            "kickstarter",
            [
                "When the group reaches 10, every member gets 1 film of the making",
                "When the group reaches 25, every member gets 1 art print",
            ],
        ),
        (
            "anniversary",
            [
                "On 4 May 2026, whoever was not referred gets 50% off",
                "On 4 May 2026, whoever was referred gets 55% off",
                "On 4 May 2026, you get 5% off for each friend",
            ],
        ),
    ],
)
def test_what_groups_and_days_bring_is_said_as_it_is(recipe: str, parts: list[str]) -> None:
    loaded = load_program((RECIPES / recipe / "program.yaml").read_text())
    assert headline(loaded, "en").split("; ") == parts
    for language in ("ro", "ar"):
        assert len(re.split("[;؛] ", headline(loaded, language))) == len(parts)


def test_conditions_and_multiples_are_said_too() -> None:
    rules = """
  some: {when: {reaches: n, at: 3}, to: group, where: {recipient.country: RO}, benefit: {kind: badge, amount: 1 b}}
  often: {when: {reaches: n, every: 2}, to: owner, benefit: {kind: badge, amount: 1 b}}
  each: {when: {each: n}, to: owner, benefit: {kind: badge, amount: 1 b}}
  day: {when: {date: 2026-05-04}, to: everyone, where: {recipient.country: RO}, benefit: {kind: badge, amount: 1 b}}
  all: {when: {date: 2026-05-04}, to: everyone, benefit: {kind: badge, amount: 2 b}}
  both: {when: {step: bought, date: 2026-05-04}, to: both, benefit: {kind: badge, amount: 1 b}}
"""
    text = program("  x: {when: {step: bought}, to: friend, benefit: {kind: badge, amount: 1 b}}").text
    text = text.replace("measures: {", "groups: {}\nmeasures: {n: {of: group, count: referrals, step: bought}, ")
    assert headline(load_program(text + rules), "en").split("; ") == [
        "Your friend gets 1 b",
        "When the group reaches 3, members who meet the conditions get 1 b",
        "Each time the group grows by 2, its owner gets 1 b",
        "The owner of the group gets 1 b for each friend",
        "On 4 May 2026, whoever meets the conditions gets 1 b",
        "On 4 May 2026, everyone gets 2 b",
        "On 4 May 2026, you both get 1 b",
    ]
