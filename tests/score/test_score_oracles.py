"""Types of answers against what others know: babel's ways to write, pint's units, the numbers of phonenumbers.

None of these libraries is asked by the rules for what is tested here against it (telephone numbers excepted, whose
forms the product takes from phonenumbers: there the formats are the oracle, and the near misses ours).
"""

from __future__ import annotations

import subprocess
import sys
from datetime import date, time

import phonenumbers
import pytest
from babel import dates, numbers, units
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat

from nihbench.score.rules import grade
from nihbench.types import KeyFact, Needle, Score

some = settings(max_examples=25, deadline=None)
LOCALES = ("en", "en_GB", "zh", "zh_Hant")
ASKED = {"en": "What is it?", "zh": "是多少?"}


def value(answer: str, expected: str, locale: str, question: str = "") -> float:
    language = locale[:2]
    facts = (KeyFact(name="answer", text=expected, identifying=True),)
    asked = question or ASKED[language]
    needle = Needle(name="own", language=language, statements=(), question=asked, answer=expected, facts=facts)
    score = grade(answer, needle)
    assert isinstance(score, Score), (answer, expected, score)
    return score.value


days = st.dates(date(1900, 1, 1), date(2099, 12, 28))


@some
@given(days, st.sampled_from(LOCALES), st.sampled_from(("full", "long", "medium", "short")))
def test_a_date_as_babel_writes_it_is_the_date_and_the_next_day_is_not(day, locale, form):
    expected = day.isoformat()
    assert value(dates.format_date(day, form, locale), expected, locale) == 1.0
    other = day.replace(day=day.day % 28 + 1)
    written = dates.format_date(other, form, locale)
    assume(form != "short" or {other.day, other.month} != {day.day, day.month})
    assert value(written, expected, locale) < 1.0


@some
@given(st.times(), st.sampled_from(LOCALES), st.sampled_from(("Hm", "hm", "Bhm")))
def test_a_time_as_babel_writes_it_is_the_time_and_a_later_minute_is_not(at, locale, form):
    at = time(at.hour, at.minute)
    assert value(dates.format_skeleton(form, at, locale=locale), at.strftime("%H:%M"), locale) == 1.0
    later = at.replace(minute=(at.minute + 7) % 60)
    assert value(dates.format_skeleton(form, later, locale=locale), at.strftime("%H:%M"), locale) < 1.0


@some
@given(st.integers(1000, 10**7) | st.integers(10001, 10**7).map(lambda n: n / 100), st.sampled_from(LOCALES))
def test_a_number_as_babel_writes_it_is_the_number_and_another_is_not(number, locale):
    assert value(numbers.format_decimal(number, locale=locale), str(number), locale) == 1.0
    assert value(numbers.format_scientific(number, locale=locale, decimal_quantization=False), str(number), locale) == 1
    assert value(numbers.format_decimal(number + 10, locale=locale), str(number), locale) < 1.0


CURRENCIES = "USD EUR GBP CNY JPY INR KRW CHF AUD CAD HKD TWD SGD NZD BRL RUB MXN THB SEK PLN TRY ZAR VND ILS".split()


@settings(max_examples=60, deadline=None)
@given(st.integers(1000, 10**7), st.sampled_from(CURRENCIES), st.sampled_from(CURRENCIES), st.sampled_from(LOCALES))
def test_a_sum_as_babel_writes_it_is_the_sum_and_another_or_of_another_currency_is_not(cents, code, other, locale):
    amount = cents // 100
    expected = f"{amount} {code}"
    for form in ("standard", "name"):
        written = numbers.format_currency(amount, code, locale=locale, format_type=form, currency_digits=False)
        assert value(written, expected, locale) == 1.0, written
        more = numbers.format_currency(amount + 10, code, locale=locale, format_type=form, currency_digits=False)
        assert value(more, expected, locale) < 1.0, more
    if other != code:
        written = numbers.format_currency(amount, other, locale=locale, format_type="name", currency_digits=False)
        assert value(written, expected, locale) <= 0.5, written


# ---- units: babel writes them, pint says what they are worth ------------------------------------------------------

UNITS = {
    "mass": {"kilogram": "kilogram", "gram": "gram", "milligram": "milligram", "tonne": "metric_ton", "pound": "pound",
             "ounce": "ounce", "stone": "stone"},
    "length": {"kilometer": "kilometer", "meter": "meter", "centimeter": "centimeter", "millimeter": "millimeter",
               "mile": "mile", "foot": "foot", "inch": "inch", "nautical-mile": "nautical_mile"},
    "area": {"square-kilometer": "kilometer**2", "square-meter": "meter**2", "hectare": "hectare", "acre": "acre"},
    "volume": {"liter": "liter", "milliliter": "milliliter", "cubic-meter": "meter**3",
               "cubic-centimeter": "centimeter**3"},
    "duration": {"second": "second", "minute": "minute", "hour": "hour", "day": "day", "week": "week"},
    "power": {"watt": "watt", "kilowatt": "kilowatt", "megawatt": "megawatt", "gigawatt": "gigawatt"},
    "speed": {"kilometer-per-hour": "kilometer/hour", "meter-per-second": "meter/second"},
    "electric": {"volt": "volt", "milliampere": "milliampere", "ohm": "ohm"},
}  # fmt: skip
PAIRS = [(kind, unit) for kind, each in UNITS.items() for unit in each]


@pytest.fixture(scope="module")
def worth():
    """What a unit is worth in the base units of its dimension, by pint."""
    import pint

    registry = pint.UnitRegistry()
    return lambda amount, unit: registry.Quantity(amount, unit)


@settings(max_examples=150, deadline=None)
@given(st.integers(3, 9999), st.sampled_from(PAIRS), st.sampled_from(LOCALES), st.sampled_from(("long", "short")))
def test_a_quantity_as_babel_writes_it_is_the_quantity_and_another_unit_is_not(worth, amount, pair, locale, length):
    kind, unit = pair
    written = units.format_unit(amount, f"{kind}-{unit}", "long", locale=locale)
    assert value(units.format_unit(amount, f"{kind}-{unit}", length, locale=locale), written, locale) == 1.0
    assert value(units.format_unit(amount + 2, f"{kind}-{unit}", length, locale=locale), written, locale) < 1.0
    for other, name in UNITS[kind].items():
        one, its = worth(amount, UNITS[kind][unit]), worth(amount, name)
        if not one.is_compatible_with(its) or abs((one / its).to_base_units().magnitude - 1) > 1e-6:
            miss = units.format_unit(amount, f"{kind}-{other}", "long", locale=locale)
            assert value(miss, written, locale) <= 0.5, (miss, written)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 900), st.sampled_from([p for p in PAIRS if p[0] != "electric"]), st.data())
def test_what_pint_converts_is_the_same_quantity(worth, amount, pair, data):
    kind, unit = pair
    other = data.draw(st.sampled_from(list(UNITS[kind])))
    made = worth(amount, UNITS[kind][unit]).to(UNITS[kind][other]).magnitude
    assume(made >= 1 and abs(made - round(made)) < 1e-9 * made and made < 1e12)
    expected = units.format_unit(amount, f"{kind}-{unit}", "long", locale="en")
    assert value(units.format_unit(round(made), f"{kind}-{other}", "long", locale="en"), expected, "en") == 1.0
    assert value(units.format_unit(round(made) * 3, f"{kind}-{other}", "long", locale="en"), expected, "en") < 1.0


# ---- telephone numbers --------------------------------------------------------------------------------------------

REGIONS = ("GB", "US", "CN", "DE", "JP", "FR", "IT", "AU", "IN", "BR", "RU", "HU", "SG", "KR", "ES", "MX", "ZA")
FORMATS = tuple(getattr(PhoneNumberFormat, name) for name in ("E164", "INTERNATIONAL", "NATIONAL", "RFC3966"))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(REGIONS), st.sampled_from(FORMATS), st.integers(0, 8), st.sampled_from(("en", "zh")))
def test_a_telephone_number_in_any_format_is_the_number_and_one_digit_off_is_not(region, form, step, language):
    number = phonenumbers.example_number(region)
    expected = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    assert value(phonenumbers.format_number(number, form), expected, language) == 1.0
    digits = str(number.national_number)
    wrong = phonenumbers.PhoneNumber(
        country_code=number.country_code,
        national_number=int(digits[:-1] + str((int(digits[-1]) + 1 + step) % 10)),
        italian_leading_zero=number.italian_leading_zero,
    )
    assume(wrong.national_number != number.national_number)
    assert value(phonenumbers.format_number(wrong, form), expected, language) <= 0.3


def test_dialled_from_abroad_and_with_the_zero_that_is_left_out():
    for answer in ("0044 20 7946 0991", "011 44 20 7946 0991", "+44 (0)20 7946 0991", "(020) 7946 0991"):
        assert value(answer, "+44 20 7946 0991", "en") == 1.0, answer
    assert value("+39 6 6988 3462", "+39 06 6988 3462", "en") <= 0.3  # in Italy the zero is a part of the number


def test_no_library_is_loaded_where_its_type_does_not_occur():
    code = (
        "import sys\n"
        "from nihbench.catalog.loading import load\n"
        "from nihbench.score.rules import grade\n"
        "for needle in load().needles.values():\n"
        "    grade(needle.answer, needle)\n"
        "assert not {'phonenumbers', 'babel', 'pint'} & set(sys.modules), sys.modules.keys()\n"
        "from tests.score.test_score_types import needle\n"
        "grade('call 020 7946 0991', needle('+44 20 7946 0991'))\n"
        "assert 'phonenumbers' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
