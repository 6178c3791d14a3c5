"""Prices of batches, by hand."""

from __future__ import annotations

from nihbench.prices import discounted, prices_paid
from nihbench.types import BatchTerms, PriceTier

TIERS = (
    PriceTier(up_to=1000, input=0.1, output=0.7, cached_input=0.03),
    PriceTier(up_to=None, input=3.0, output=9.0),
)


def test_a_share_of_a_price_is_exact() -> None:
    assert discounted(TIERS, 0.5) == (
        PriceTier(up_to=1000, input=0.05, output=0.35, cached_input=0.015),
        PriceTier(up_to=None, input=1.5, output=4.5),
    )


def test_only_answers_out_of_a_batch_cost_less() -> None:
    terms = BatchTerms(price=0.5, as_of="2026-11")
    assert prices_paid(TIERS, terms, False) == TIERS
    assert prices_paid(TIERS, terms, True) == discounted(TIERS, 0.5)
    assert prices_paid(TIERS, None, True) == TIERS
