"""Units by their symbols: what each measures, and how much of the dimension's first unit it is."""

from __future__ import annotations

from decimal import Decimal

_TABLE = """
length m=1 km=1000 dm=0.1 cm=0.01 mm=0.001 um=0.000001 nm=0.000000001 mi=1609.344 nmi=1852 yd=0.9144 ft=0.3048
  in=0.0254 li=500 chi=0.333333333 cun=0.0333333333 zhang=3.33333333 ly=9460730472580800
mass kg=1 t=1000 g=0.001 mg=0.000001 ug=0.000000001 lb=0.45359237 oz=0.028349523125 stone=6.35029318 jin=0.5
  liang=0.05
area m2=1 km2=1000000 cm2=0.0001 ha=10000 mu=666.666667 acre=4046.8564224 ft2=0.09290304 mi2=2589988.110336
volume l=1 ml=0.001 cl=0.01 m3=1000 cm3=0.001 km3=1000000000000 ft3=28.316846592 gal=3.785411784 pint=0.473176473
  bbl=158.987294928 cup=0.2365882365 tbsp=0.01478676 tsp=0.00492892
time s=1 ms=0.001 us=0.000001 ns=0.000000001 min=60 quarter=900 h=3600 d=86400 week=604800 fortnight=1209600
months month=1 year=12 decade=120 century=1200
celsius °c=1
fahrenheit °f=1
kelvin k=1
angle °=1
power w=1 kw=1000 mw=1000000 gw=1000000000 hp=745.699872
energy j=1 kj=1000 mj=1000000 wh=3600 kwh=3600000 mwh=3600000000 gwh=3600000000000 cal=4.184 kcal=4184
voltage v=1 kv=1000 mv=0.001
current a=1 ma=0.001
charge mah=1
resistance ohm=1
frequency hz=1 khz=1000 mhz=1000000 ghz=1000000000 rpm=0.0166666667
pressure pa=1 hpa=100 kpa=1000 mpa=1000000 bar=100000 psi=6894.757293
force n=1
speed m/s=1 km/h=0.277777778 mph=0.44704 knot=0.514444444
data bit=0.125 byte=1 kb=1000 mb=1000000 gb=1000000000 tb=1000000000000 pb=1000000000000000 kib=1024 mib=1048576
  gib=1073741824
rate mbps=1 gbps=1000
level db=1
count count=1
share %=1 tenth=10 ppm=0.0001
"""


def _read(table: str) -> dict[str, tuple[str, Decimal]]:
    known: dict[str, tuple[str, Decimal]] = {}
    dimension = ""
    for line in table.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            dimension, words = words[0], words[1:]
        for word in words:
            symbol, _, size = word.rpartition("=")
            known[symbol] = (dimension, Decimal(size))
    return known


SIZES = _read(_TABLE)
_EXACT = Decimal("1e-6")


def size_of(value: Decimal, unit: str) -> tuple[str, Decimal] | None:
    """Return what a quantity measures, and how much in the dimension's first unit; None of a unit that is not known."""
    return (SIZES[unit][0], value * SIZES[unit][1]) if unit in SIZES else None


def dimension(symbol: str) -> str:
    """Return what a unit measures; a currency (or a choice of currencies) is money."""
    return SIZES[symbol][0] if symbol in SIZES else "money" if symbol else ""


def same(one: Decimal, unit: str, other: Decimal, other_unit: str) -> bool | None:
    """Whether two quantities are equal; None where their units measure different things."""
    if unit == other_unit:
        return one == other
    if " " in unit or " " in other_unit:  # pounds: sterling, or a weight
        told = {same(one, mine, other, its) for mine in unit.split() for its in other_unit.split()}
        return True if True in told else False if False in told else None
    if unit not in SIZES or other_unit not in SIZES:
        return None
    (what, size), (other_what, other_size) = SIZES[unit], SIZES[other_unit]
    if what != other_what:
        degrees = {what, other_what} in ({"angle", "celsius"}, {"angle", "fahrenheit"})
        return one == other if degrees else None
    left, right = one * size, other * other_size
    return abs(left - right) <= _EXACT * max(abs(left), abs(right))
