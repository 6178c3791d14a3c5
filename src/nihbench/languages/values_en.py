"""English words for what an answer of a type is made of: units, currencies, numbers, months. Folded."""

from __future__ import annotations

# ruff: noqa: E501  a row of words ends where its words do
import re

from nihbench.languages.base import Values

_ONES = {word: number for number, word in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split())}  # fmt: skip
_TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_ORDINALS = {word: number for number, word in enumerate(
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first".split(),
    start=1)}  # fmt: skip
_WORD = "|".join(sorted([*_ONES, *_TENS, *_SCALES, "oh"], key=len, reverse=True))
_PARTS = {
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_SHARES = (
    rf"(?:an?|one)[ -](?:third|quarter|fifth|sixth|eighth|tenth)(?= of|[.,;]|$)"
    rf"|(?:two|three|four|five|six|seven|eight|nine)[ -](?:{'|'.join(_PARTS)})s"
)
_HALVES = {"half": "0.5", "quarter": "0.25"}
_COUNTED = "hour day week month year minute second kilo kilometre mile litre metre pound tonne".split()


def value(words: str) -> str | None:
    """Return the value of a number in words as a decimal, None where the words are none; a share as parts*whole%."""
    if words.endswith(" of "):
        return "2"  # a pair of, a couple of
    if words in ("half", "one half", "a half"):
        return "1*2%"
    if re.fullmatch(_SHARES, words):
        return _share(words)
    scaled = re.fullmatch(rf"({_SHARES}|half)(?: of)? an? ([a-z]+)", words)
    if scaled and scaled[2] in _SCALES:
        parts, _, size = (_share(scaled[1]) if scaled[1] != "half" else "1*2%").rstrip("%").partition("*")
        return str(int(parts) * _SCALES[scaled[2]] // int(size))
    whole, point, part = words.partition(" point ")
    said = [word for word in re.findall("[a-z]+", whole) if word not in ("and", "a", "an")]
    fraction = next((_HALVES[word] for word in said if word in _HALVES), "")
    said = [word for word in said if word not in _HALVES]
    if not said and not fraction and whole in ("a", "an"):
        return "1"
    if len(said) > 1 and not fraction and not set(said) - set(_ONES) - set(_TENS) - {"oh"}:
        return _in_groups(said[:30])
    total = _sum(said[:30])
    if total is None:
        return None
    digits = [str(_ONES.get(word, 0)) for word in re.findall("[a-z]+", part)] if point else []
    if any(len(digit) > 1 for digit in digits):
        digits = ["".join(digits)]
    return f"{total}{fraction[1:] if fraction else ''}{'.' + ''.join(digits) if digits else ''}"


def _sum(words: list[str]) -> int | None:
    """Return the value of number words, None where one of them is none."""
    total = section = 0
    for word in words:
        if word in _ONES or word in _TENS or word == "oh":
            section += _ONES.get(word, 0) + _TENS.get(word, 0)
        elif word == "dozen":
            section = max(section, 1) * 12
        elif word == "hundred":
            section = max(section, 1) * 100
        elif word in _SCALES:
            total += max(section, 1) * _SCALES[word]
            section = 0
        else:
            return None
    return total + section


def _share(words: str) -> str:
    """Return a share (two thirds) as parts*whole%."""
    many = re.match(r"[a-z]+", words)
    parts = 1 if many is None or many.group() in ("a", "an", "one") else _ONES.get(many.group(), 1)
    size = next(size for name, size in _PARTS.items() if re.search(rf"\b{name}s?$", words))
    return f"{parts}*{size}%"


def _in_groups(words: list[str]) -> str:
    """Return the digits of words read in groups: nineteen eighty-seven, four eight two."""
    built: list[str] = []
    tens = False
    for word in words:
        number = _ONES.get(word, _TENS.get(word, 0))
        if tens and 0 < number < 10:
            built[-1] = built[-1][0] + str(number)
            tens = False
        else:
            built.append(str(number))
            tens = word in _TENS
    return "".join(built)


_MONTHS = {name: number for number, names in enumerate(
    ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
     "september sept sep", "october oct", "november nov", "december dec"), start=1) for name in names.split()}  # fmt: skip
_WEEKDAYS = {name: number for number, names in enumerate(
    ("mondays monday mon", "tuesdays tuesday tues tue", "wednesdays wednesday wed", "thursdays thursday thurs thu",
     "fridays friday fri", "saturdays saturday sat", "sundays sunday sun"), start=1) for name in names.split()}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_OF_OTHER_LANGUAGES = {  # folded; those that English has, too, stand above
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre": "",
    "januar februar marz april mai juni juli august september oktober november dezember": "",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre": "",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre": "",
    "janeiro fevereiro marco abril maio junho julho agosto setembro outubro novembro dezembro": "",
    "januari februari maart april mei juni juli augustus september oktober november december": "",
}
_MONTHS_ABROAD = {name: number for names in _OF_OTHER_LANGUAGES for number, name in enumerate(names.split(), start=1)}
_ABROAD = "|".join(sorted(_MONTHS_ABROAD, key=len, reverse=True))
_YEAR_IN_WORDS = (
    rf"(?:(?:nineteen|twenty)[ -](?:(?:oh[ -])?(?:{'|'.join(list(_ONES)[1:])})|(?:{'|'.join(_TENS)})(?:-(?:{'|'.join(list(_ONES)[1:10])}))?)"
    rf"|two thousand(?: and)?(?: (?:{'|'.join(_TENS)})(?:-(?:{'|'.join(list(_ONES)[1:10])}))?| (?:{'|'.join(list(_ONES)[1:])}))?)(?![a-z-])"
)
_NAMED_DAY = "|".join(sorted(_ORDINALS, key=len, reverse=True))
_DAY = rf"(?:(?P<d>\d{{1,2}})(?: ?st| ?nd| ?rd| ?th)?|(?P<dw>{_NAMED_DAY}))"
_YEAR = rf"(?P<y>\d{{4}}(?!\d)|(?<=[a-z.]-)\d\d(?![\d-])|(?<=')\d\d(?!\d)|{_YEAR_IN_WORDS})"
_HOUR_WORD = "|".join([*(w for w in _ONES if 0 < _ONES[w] < 13)][::-1])
_HOUR = rf"(?:(?P<h>\d{{1,2}})|(?P<hw>{_HOUR_WORD}))"
_MERIDIEM = (
    r"(?P<half>a\.? ?m\b\.?|p\.? ?m\b\.?|in the (?:early |late )?(?:morning|afternoon|evening)|at night|"
    r"(?:this |the )?(?:morning|afternoon|evening)\b)"
)

VALUES = Values(
    units={
        **dict.fromkeys("km kms kilometre kilometres kilometer kilometers".split(), "km"),
        **dict.fromkeys("m metre metres meter meters".split(), "m"),
        **dict.fromkeys("dm decimetre decimetres decimeter decimeters".split(), "dm"),
        **dict.fromkeys("cm centimetre centimetres centimeter centimeters".split(), "cm"),
        **dict.fromkeys("mm millimetre millimetres millimeter millimeters".split(), "mm"),
        **dict.fromkeys("um μm micron microns micrometre micrometres micrometer micrometers".split(), "um"),
        **dict.fromkeys("nm nanometre nanometres nanometer nanometers".split(), "nm"),
        **dict.fromkeys("mi mile miles".split(), "mi"),
        **dict.fromkeys("yd yds yard yards".split(), "yd"),
        **dict.fromkeys("ft foot feet".split(), "ft"),
        **dict.fromkeys(("inch", "inches", "in"), "in"),
        **dict.fromkeys(("nautical mile", "nautical miles", "nmi"), "nmi"),
        **dict.fromkeys(("light year", "light years", "light-year", "light-years"), "ly"),
        **dict.fromkeys("t ton tons tonne tonnes".split(), "t"),
        **dict.fromkeys(("metric ton", "metric tons", "metric tonnes"), "t"),
        **dict.fromkeys("kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes".split(), "kg"),
        **dict.fromkeys("g gram grams gramme grammes".split(), "g"),
        **dict.fromkeys("mg milligram milligrams milligramme milligrammes".split(), "mg"),
        **dict.fromkeys("μg ug mcg microgram micrograms".split(), "ug"),
        **dict.fromkeys("lb lbs pound pounds".split(), "lb"),
        **dict.fromkeys("oz ounce ounces".split(), "oz"),
        **dict.fromkeys("st stone stones".split(), "stone"),
        **dict.fromkeys("l litre litres liter liters".split(), "l"),
        **dict.fromkeys("ml millilitre millilitres milliliter milliliters".split(), "ml"),
        **dict.fromkeys("cl centilitre centilitres centiliter centiliters".split(), "cl"),
        **dict.fromkeys(("gallon", "gallons", "gal", "us gallon", "us gallons", "us gal"), "gal"),
        **dict.fromkeys(("pint", "pints", "us pint", "us pints", "us pt"), "pint"),
        **dict.fromkeys("barrel barrels bbl".split(), "bbl"),
        **dict.fromkeys(("cup", "cups", "us cup", "us cups"), "cup"),
        **dict.fromkeys("tbsp tablespoon tablespoons".split(), "tbsp"),
        **dict.fromkeys("tsp teaspoon teaspoons".split(), "tsp"),
        **dict.fromkeys("ha hectare hectares".split(), "ha"),
        **dict.fromkeys("acre acres".split(), "acre"),
        **dict.fromkeys(("m2", "m^2", "sqm", "sq m", "sq. m", "square metre", "square metres", "square meter",
                         "square meters"), "m2"),
        **dict.fromkeys(("km2", "km^2", "sq km", "sq. km", "square kilometre", "square kilometres", "square kilometer",
                         "square kilometers"), "km2"),
        **dict.fromkeys(("cm2", "cm^2", "square centimetres", "square centimeters"), "cm2"),
        **dict.fromkeys(("ft2", "ft^2", "sq ft", "sq. ft", "square foot", "square feet"), "ft2"),
        **dict.fromkeys(("square mile", "square miles", "sq mi"), "mi2"),
        **dict.fromkeys(("m3", "m^3", "cubic metre", "cubic metres", "cubic meter", "cubic meters", "cu m"), "m3"),
        **dict.fromkeys(("km3", "km^3", "cubic kilometres", "cubic kilometers"), "km3"),
        **dict.fromkeys(("cm3", "cm^3", "cc", "cubic centimetre", "cubic centimetres", "cubic centimeters"), "cm3"),
        **dict.fromkeys(("ft3", "ft^3", "cubic foot", "cubic feet"), "ft3"),
        **dict.fromkeys("ns nanosecond nanoseconds".split(), "ns"),
        **dict.fromkeys("μs us microsecond microseconds".split(), "us"),
        **dict.fromkeys("ms msec millisecond milliseconds".split(), "ms"),
        **dict.fromkeys("s sec secs second seconds".split(), "s"),
        **dict.fromkeys("min mins minute minutes".split(), "min"),
        **dict.fromkeys("h hr hrs hour hours".split(), "h"),
        **dict.fromkeys("d day days".split(), "d"),
        **dict.fromkeys("wk wks week weeks".split(), "week"),
        **dict.fromkeys("fortnight fortnights".split(), "fortnight"),
        **dict.fromkeys("mo mth mths month months".split(), "month"),
        **dict.fromkeys("yr yrs year years".split(), "year"),
        **dict.fromkeys("decade decades".split(), "decade"),
        **dict.fromkeys("century centuries".split(), "century"),
        **dict.fromkeys(("°c", "degrees celsius", "degree celsius", "degrees centigrade", "degrees c", "deg c",
                         "celsius"), "°c"),
        **dict.fromkeys(("°f", "degrees fahrenheit", "degree fahrenheit", "degrees f", "deg f", "fahrenheit"), "°f"),
        **dict.fromkeys(("kelvin", "kelvins"), "k"),
        **dict.fromkeys(("°", "degree", "degrees", "deg"), "°"),
        **dict.fromkeys("w watt watts".split(), "w"),
        **dict.fromkeys("kw kilowatt kilowatts".split(), "kw"),
        **dict.fromkeys("mw megawatt megawatts".split(), "mw"),
        **dict.fromkeys("gw gigawatt gigawatts".split(), "gw"),
        **dict.fromkeys("hp horsepower".split(), "hp"),
        **dict.fromkeys(("wh", "watt hour", "watt hours", "watt-hours"), "wh"),
        **dict.fromkeys(("kwh", "kw h", "kilowatt hour", "kilowatt hours", "kilowatt-hour", "kilowatt-hours"), "kwh"),
        **dict.fromkeys(("mwh", "megawatt hour", "megawatt hours", "megawatt-hours"), "mwh"),
        **dict.fromkeys(("gwh", "gigawatt hours", "gigawatt-hours"), "gwh"),
        **dict.fromkeys("j joule joules".split(), "j"),
        **dict.fromkeys("kj kilojoule kilojoules".split(), "kj"),
        **dict.fromkeys("mj megajoule megajoules".split(), "mj"),
        **dict.fromkeys("cal calorie calories".split(), "cal"),
        **dict.fromkeys("kcal kilocalorie kilocalories".split(), "kcal"),
        **dict.fromkeys("v volt volts".split(), "v"),
        **dict.fromkeys("kv kilovolt kilovolts".split(), "kv"),
        **dict.fromkeys(("mv", "millivolt", "millivolts"), "mv"),
        **dict.fromkeys(("amp", "amps", "ampere", "amperes"), "a"),
        **dict.fromkeys(("ma", "milliamp", "milliamps", "milliampere", "milliamperes"), "ma"),
        **dict.fromkeys(("mah", "milliamp hours", "milliampere-hours"), "mah"),
        **dict.fromkeys(("ohm", "ohms", "ω"), "ohm"),
        **dict.fromkeys("hz hertz".split(), "hz"),
        **dict.fromkeys("khz kilohertz".split(), "khz"),
        **dict.fromkeys("mhz megahertz".split(), "mhz"),
        **dict.fromkeys("ghz gigahertz".split(), "ghz"),
        **dict.fromkeys("pa pascal pascals".split(), "pa"),
        **dict.fromkeys(("hpa", "hectopascal", "hectopascals", "mbar", "millibar", "millibars"), "hpa"),
        **dict.fromkeys("kpa kilopascal kilopascals".split(), "kpa"),
        **dict.fromkeys("mpa megapascal megapascals".split(), "mpa"),
        **dict.fromkeys("bar bars".split(), "bar"),
        **dict.fromkeys(("psi", "pounds per square inch", "pounds-force per square inch", "pound-force per square inch"), "psi"),
        **dict.fromkeys("newton newtons".split(), "n"),
        **dict.fromkeys("kn knot knots".split(), "knot"),
        **dict.fromkeys(("km/h", "kmh", "kph", "kilometres per hour", "kilometers per hour", "kilometres an hour",
                         "kilometers an hour"), "km/h"),
        **dict.fromkeys(("m/s", "metres per second", "meters per second", "metres a second"), "m/s"),
        **dict.fromkeys(("mph", "miles per hour", "miles an hour"), "mph"),
        **dict.fromkeys(("bit", "bits"), "bit"),
        **dict.fromkeys("byte bytes".split(), "byte"),
        **dict.fromkeys("kb kilobyte kilobytes".split(), "kb"),
        **dict.fromkeys("mb megabyte megabytes".split(), "mb"),
        **dict.fromkeys("gb gigabyte gigabytes".split(), "gb"),
        **dict.fromkeys("tb terabyte terabytes".split(), "tb"),
        **dict.fromkeys("pb petabyte petabytes".split(), "pb"),
        **dict.fromkeys("kib kibibyte kibibytes".split(), "kib"),
        **dict.fromkeys("mib mebibyte mebibytes".split(), "mib"),
        **dict.fromkeys("gib gibibyte gibibytes".split(), "gib"),
        **dict.fromkeys(("mbps", "mbit/s", "mb/s", "megabits per second"), "mbps"),
        **dict.fromkeys(("gbps", "gbit/s", "gigabits per second"), "gbps"),
        **dict.fromkeys("db decibel decibels".split(), "db"),
        **dict.fromkeys("rpm".split(), "rpm"),
        **dict.fromkeys(("%", "percent", "per cent", "pct"), "%"),
        **dict.fromkeys(("percentage point", "percentage points"), "%"),
        **dict.fromkeys(("ppm", "parts per million"), "ppm"),
    },
    currencies={
        **dict.fromkeys(("usd", "us$", "us dollars", "us dollar", "u.s. dollars", "american dollars"), "USD"),
        **dict.fromkeys(("dollar", "dollars", "bucks"), "USD AUD CAD NZD HKD SGD TWD"),
        **dict.fromkeys(("aud", "a$", "au$", "australian dollars"), "AUD"),
        **dict.fromkeys(("cad", "c$", "ca$", "canadian dollars"), "CAD"),
        **dict.fromkeys(("nzd", "nz$", "new zealand dollars"), "NZD"),
        **dict.fromkeys(("hkd", "hk$", "hong kong dollars"), "HKD"),
        **dict.fromkeys(("sgd", "s$", "sg$", "singapore dollars"), "SGD"),
        **dict.fromkeys(("twd", "nt$", "taiwan dollars"), "TWD"),
        **dict.fromkeys(("€", "eur", "euro", "euros"), "EUR"),
        **dict.fromkeys(("£", "gbp", "sterling", "pounds sterling", "british pounds", "quid"), "GBP"),
        **dict.fromkeys(("pound", "pounds"), "GBP"),
        **dict.fromkeys(("cny", "rmb", "yuan", "renminbi", "cn¥", "chinese yuan"), "CNY"),
        **dict.fromkeys(("¥",), "CNY JPY"),
        **dict.fromkeys(("jpy", "yen", "jp¥", "japanese yen"), "JPY"),
        **dict.fromkeys(("krw", "won", "₩"), "KRW"),
        **dict.fromkeys(("inr", "rupee", "rupees", "₹", "rs", "rs."), "INR PKR LKR NPR"),
        **dict.fromkeys(("chf", "francs", "franc", "swiss francs", "swiss franc"), "CHF"),
        **dict.fromkeys(("sek", "swedish kronor", "swedish krona"), "SEK"),
        **dict.fromkeys(("nok", "norwegian kroner", "norwegian krone"), "NOK"),
        **dict.fromkeys(("dkk", "danish kroner", "danish krone"), "DKK"),
        **dict.fromkeys(("isk",), "ISK"),
        **dict.fromkeys(("kr", "kronor", "krona", "kroner", "krone", "crowns"), "SEK NOK DKK ISK CZK"),
        **dict.fromkeys(("pln", "zloty", "zlotys", "zl"), "PLN"),
        **dict.fromkeys(("czk", "koruna", "korunas", "koruny"), "CZK"),
        **dict.fromkeys(("huf", "forint", "forints"), "HUF"),
        **dict.fromkeys(("rub", "rouble", "roubles", "ruble", "rubles", "₽"), "RUB"),
        **dict.fromkeys(("uah", "hryvnia", "hryvnias", "₴"), "UAH"),
        **dict.fromkeys(("try", "lira", "liras", "₺", "turkish lira"), "TRY"),
        **dict.fromkeys(("brl", "real", "reais", "r$"), "BRL"),
        **dict.fromkeys(("mxn", "mexican pesos", "mex$", "mx$"), "MXN"),
        **dict.fromkeys(("peso", "pesos"), "MXN ARS CLP COP PHP"),
        **dict.fromkeys(("zar", "rand"), "ZAR"),
        **dict.fromkeys(("thb", "baht", "฿"), "THB"),
        **dict.fromkeys(("vnd", "dong", "₫"), "VND"),
        **dict.fromkeys(("idr", "rupiah"), "IDR"),
        **dict.fromkeys(("myr", "ringgit"), "MYR"),
        **dict.fromkeys(("ils", "shekel", "shekels", "₪"), "ILS"),
        **dict.fromkeys(("aed", "dirham", "dirhams"), "AED MAD"),
        **dict.fromkeys(("sar", "riyal", "riyals"), "SAR QAR"),
        **dict.fromkeys(("ngn", "naira", "₦"), "NGN"),
        **dict.fromkeys(("indian rupee", "indian rupees"), "INR"),
        **dict.fromkeys(("russian rouble", "russian roubles", "russian ruble", "russian rubles"), "RUB"),
        **dict.fromkeys(("south korean won", "korean won"), "KRW"),
        **dict.fromkeys(("polish zloty", "polish zlotys"), "PLN"),
        **dict.fromkeys(("brazilian real", "brazilian reais", "brazilian reals"), "BRL"),
        **dict.fromkeys(("mexican peso",), "MXN"),
        **dict.fromkeys(("thai baht",), "THB"),
        **dict.fromkeys(("south african rand",), "ZAR"),
        **dict.fromkeys(("vietnamese dong",), "VND"),
        **dict.fromkeys(("israeli new shekel", "israeli new shekels", "israeli shekels"), "ILS"),
        **dict.fromkeys(("new taiwan dollar", "new taiwan dollars"), "TWD"),
        **dict.fromkeys(("btc", "bitcoin", "bitcoins", "₿"), "BTC"),
    },
    scales={
        "k": 1000, "m": 10**6, "mn": 10**6, "bn": 10**9, "tn": 10**12, "hundred": 100, "thousand": 1000,
        "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12, "lakh": 10**5, "crore": 10**7,
    },
    small={
        **dict.fromkeys(("cent", "cents"), "0.01 USD EUR AUD CAD NZD HKD SGD ZAR"),
        **dict.fromkeys(("pence", "penny", "p"), "0.01 GBP"),
    },
    number=(
        rf"(?<![a-z])(?:{_SHARES}|half)(?: of)? an? (?:hundred|thousand|million|billion|trillion)(?![a-z])"
        rf"|(?<![a-z])(?:{_SHARES}|(?:one |a )?half(?= of |[.,;]|$))(?![a-z])|(?<![a-z])half an? (?=per ?cent\b)|(?<![a-z])an? (?:pair|couple) of (?=[a-z])|(?<![a-z0-9])(?:(?:an? )?(?:{_WORD}|dozen)(?:(?: ?, ?|-| and a | and | )(?:{_WORD}|half|quarter|dozen))"
        rf"{{0,20}}(?: point(?: (?:{_WORD}))+)?|half an? (?=dozen|hundred|thousand|million|billion)"
        rf"|(?:half )?an?(?= (?:{'|'.join(_COUNTED)})\b))"
        r"(?![a-z0-9])"
    ),
    number_words=(
        *_ONES, *_TENS, *_SCALES, *_PARTS, "oh", "half", "dozen", "pair of", "couple of",
        *(f"{a} {word}" for a in ("a", "an") for word in _COUNTED),
    ),
    value=value,
    minus_after=r" ?(?:degrees? )?below(?: zero| freezing)?\b",
    minus=r"\b(?:minus|negative) $",
    per=r"\b(?:an?|per|each|every) (?P<per>[a-z]{1,12})\b",
    per_after=r" ?(?:(?:an?|per|each|every|for (?:an?|each)) |/ ?)(?P<per>[a-z]{1,12})\b",
    months=_MONTHS_ABROAD | _MONTHS,
    weekdays=_WEEKDAYS,
    ordinals=_ORDINALS,
    dates=(
        rf"(?<![a-z])(?:the )?(?:very )?(?P<last>last|final|closing)(?: calendar)? day (?:of|in) (?:the month of )?(?P<m>{_MONTH})(?![a-z])\.?"
        rf"(?:,? ?(?:of |in )?(?:the year )?{_YEAR})?",
        rf"(?<![a-z])(?P<m>{_MONTH})(?:,? (?P<y>\d{{4}}))?(?:'?s)? (?P<last>last|final) day(?![a-z])",
        rf"(?<![\d.])(?:the )?{_DAY}(?: day)?(?: of)?[ -](?P<m>{_MONTH})(?![a-z])\.?(?:,? ?(?:of )?[ '-]?{_YEAR})?",
        rf"(?<![\d.])(?P<d>\d{{1,2}})(?:er|º|o|\.)? (?:de |d')?(?P<m>{_ABROAD})(?![a-z])(?:,? (?:de |del )?(?P<y>\d{{4}})(?!\d))?",
        rf"(?<![a-z])(?P<m>{_ABROAD}) (?:de |del )?(?P<y>\d{{4}})(?!\d)",
        rf"(?<![a-z])(?P<m>{_MONTH})(?![a-z])\.?[ -](?:the )?{_DAY}(?![\d:a-z])(?:,? ?(?:of )?[ -]?{_YEAR})?",
        rf"(?<![a-z])(?P<m>{_MONTH})(?![a-z])\.?,? (?:of )?{_YEAR}",
    ),
    times=(
        rf"(?<![\d.])(?<!\d:)(?P<h>\d{{1,2}})\.(?P<n>\d{{2}}),? ?{_MERIDIEM}",
        rf"(?<![\d.])(?<!\d:)(?P<h>\d{{1,2}})(?::| ?h ?)(?P<n>\d{{2}})(?::(?P<s>\d{{2}}))?(?![\d%])"
        rf"(?: ?(?:o'clock|hrs|hours|h\b))?(?:,? ?{_MERIDIEM})?",
        rf"(?<![\d.,a-z])(?<!\d:){_HOUR}(?: ?o'clock)?,? ?{_MERIDIEM}",
        rf"(?<![\d.,a-z])(?<!\d:){_HOUR} ?o'clock",
        rf"(?<![\d.,a-z])(?<!\d:){_HOUR}(?: ?o'clock)? (?:every|each) (?P<half>morning|afternoon|evening|night)(?![a-z])",
        rf"(?<![a-z])(?:every|each) (?P<half>morning|afternoon|evening|night) at {_HOUR}(?::(?P<n>\d{{2}}))?(?![\d:])",
        rf"(?<![a-z\d:.])(?P<fraction>half|(?:an? )?quarter|\d{{1,2}}(?: minutes?)?|twenty(?:-five)?|ten|five) "
        rf"(?P<to>past|after|to|before|till) {_HOUR}\b(?![:\d])(?: ?o'clock)?(?:,? ?{_MERIDIEM})?",
        rf"(?<![a-z-])(?P<hw>{_HOUR_WORD}) (?P<nw>thirty-five|thirty|fifteen|forty-five|forty|fifty-five|fifty|"
        rf"twenty-five|twenty|ten|oh five)(?:,? ?{_MERIDIEM})?(?![a-z])",
        r"(?<![\d.,:])(?P<h>[01]\d|2[0-3])(?P<n>[0-5]\d) ?(?:hours|hrs|h)(?![a-z])",
        r"(?<![a-z])(?:at |12 )?(?P<named>noon|midday|midnight)(?![a-z])",
    ),
    halves={
        "am": (0, 12), "pm": (12, 24), "morning": (0, 12), "afternoon": (12, 24), "evening": (12, 24),
        "night": (18, 30), "noon": (12, 12), "midday": (12, 12), "midnight": (0, 0),
    },
    fractions={
        "half": 30, "quarter": 15, "five": 5, "ten": 10, "twenty": 20, "twenty-five": 25, "thirty": 30, "fifteen": 15,
        "forty-five": 45, "thirty-five": 35, "forty": 40, "fifty": 50, "fifty-five": 55, "oh five": 5,
    } | {str(number): number for number in range(60)},
    between=r"[ ,.;:()\-—/@|]|\bat\b|\bon\b|\bfrom\b|\bof\b|\bthe\b|\bin\b|t(?=\d)",
    who=r"\bwho(?:m|se)?\b|\b(?:what|which) (?:is|was|person|man|woman|employee|author|artist|name)\b[^?]{0,40}?\bname\b|"
        r"\bname of (?:the )?(?:person|man|woman|author|director|head|owner)|\bwhich (?:person|man|woman|employee|author)\b",
    titles=frozenset(
        "baron baroness count countess duke duchess earl viscount cardinal rabbi imam sheikh mr mrs ms mx miss dr prof professor doctor sir dame lord lady madam captain capt col colonel gen general lt "
        "lieutenant major maj sgt sergeant rev reverend father brother sister saint st president senator sen rep gov "
        "governor judge justice chancellor king queen prince princess chief officer nurse coach chef inspector "
        "detective commander admiral bishop herr frau monsieur madame señor señora senor senora phd md jr sr esq "
        "hon".split()
    ),
    yes=r"yes|yeah|yep|true|correct|affirmative|indeed",
    no=r"no|nope|false|incorrect|negative",
    code_words=(
        r"\b(?:pass-?(?:word|phrase|code|key)|pin|code|codes|key|token|serial|identifier|id|ids|reference|plate|"
        r"registration|account|ticket|locker combination|combination|coupon|voucher|hash|checksum|uuid|guid|isbn|sku|"
        r"licen[cs]e|username|handle|hostname|ip|mac|model number|part number|order number|tracking|call ?sign|"
        r"flight|url|link|web ?(?:site|page)|address of the (?:site|page)|e-?mail)\b"
    ),
    pass_words=r"\bpass-?(?:word|phrase|code)s?\b|\b(?:access|secret|unlock|entry|door|gate|safe) (?:code|phrase|word|words)\b|\bcode ?(?:word|name|phrase)\b",
    phone_words=r"\b(?:phone|telephone|call|dial|tel|fax|mobile|cell|hotline|ring)\b",
    version_words=r"\b(?:versions?|release|releases)\b",
    steps=r"\bfirst\b.{1,200}\bthen\b|\bthen\b.{1,200}\bfinally\b",
    sequence=r"(?:first(?:ly)?|then|next|after that|finally|lastly|last|second(?:ly)?|third(?:ly)?|fourth(?:ly)?)\b,? ?",
    order_words=r"\b(?:(?:in|what|which|the right) order\b|sequence|order of|ranked|ranking|steps|chronological)\b",
    opposites=(
        ("under|beneath|below|underneath", "on|atop|above|over|on top of", "behind", "in front of",
         "beside|next to", "inside|within", "outside"),
        ("before|prior to|ahead of|until", "after|following|since"),
        ("every other|alternate|every second|fortnightly|every fortnight|biweekly|every two weeks", "every|each"),
        ("once", "twice", "thrice"),
        ("up|upward|upwards|upstairs", "down|downward|downwards|downstairs"),
        ("left", "right"),
        ("with", "without"),
        ("more than|over|above|at least", "less than|fewer than|under|below|at most"),
        ("north", "south", "east", "west"),
        ("open|opened", "closed|shut"),
        ("always", "never", "sometimes"),
        ("all", "none", "some", "half"),
        ("into", "out of"),
        ("increase|increased|rise|rose|risen|grew", "decrease|decreased|fall|fell|fallen|shrank"),
        ("first", "last"),
        ("top", "bottom"),
        ("upper", "lower"),
        ("front", "back|rear"),
        ("day", "night"),
        ("morning", "afternoon", "evening"),
        ("weekdays", "weekends"),
    ),
    heads=(("from", "to|into|onto"),),
    joints=r"→|->|, and |,| and |;|\n|&| plus ",
    fillers=frozenset("a an the at on in of to by it is was be exactly about around approximately roughly some".split()),
)  # fmt: skip
