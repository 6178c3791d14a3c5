"""What is said of --max-cost before the first trial: how far it reaches, and in which part of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from nihbench.cli.money import Part, prices_of
from nihbench.cli.output import note
from nihbench.cli.wiring import foreseen
from nihbench.endpoint.access import ModelAccess
from nihbench.lang.messages import Message, listed, said, t
from nihbench.run.options import RunOptions
from nihbench.run.reach import Covered, Reach, reach_of


def tell_reach(parts: Sequence[Part], spent: Decimal) -> None:
    """Say of each run that may not come to its end how far the command's --max-cost reaches.

    Args:
        parts: for every run, in sending order, its setup, its servers, and the trials that are owed.
        spent: what the runs have spent before.
    """
    options: RunOptions = parts[0][0].options
    if options.max_cost is None:
        return
    left = Decimal(str(options.max_cost)) - spent
    for part in parts:
        found, cost = reach(part, max(left, Decimal(0)))
        left -= cost
        if found is not None and not found.is_whole:
            note(t("cli.note_2", sentence=reach_sentence(found, options.max_cost)))


def tell_unknown(max_cost: float | None, *models: ModelAccess) -> None:
    """Say before anything is sent what no --max-cost can hold: what is billed and not told."""
    if max_cost is not None and not all(model.is_free for model in models):
        note(t("cli.note_max_cost_goes", max_cost=max_cost))


def reach(part: Part, left: Decimal) -> tuple[Reach | None, Decimal]:
    """Return how far so much money reaches in a run, and what of it the run is predicted to take."""
    setup, members, trials = part
    preset = replace(setup.preset, prices=prices_of(setup, members))
    owed = replace(setup, preset=preset, trials=tuple(trials))
    found = foreseen(owed, members[0])
    return reach_of(owed, found, left), min(found.cost.predicted or Decimal(0), left)


def reach_sentence(found: Reach, max_cost: float) -> Message:
    """Say where a run stops by its --max-cost."""
    if found.is_whole:
        return t("cli.max_cost_enough_all", max_cost=max_cost, planned=found.planned)
    if found.predicted == found.planned:
        return t("cli.max_cost_predicted_enough", max_cost=max_cost, planned=found.planned, least=found.least)
    return t(
        "cli.max_cost_ends_run",
        max_cost=max_cost,
        predicted=found.predicted,
        planned=found.planned,
        least=found.least,
        lengths=_lengths(found),
    )


def _lengths(found: Reach) -> str:
    """Say which lengths are sent whole, which in part, and which not at all."""
    planned = [each for each in found.lengths if each.planned]
    whole = listed(f"{each.length:,}" for each in planned if each.sent == each.planned)
    part = listed(_part(each) for each in planned if 0 < each.sent < each.planned)
    none = listed(f"{each.length:,}" for each in planned if not each.sent)
    told = (
        (whole, t("cli.lengths_completed", lengths=whole)),
        (part, t("cli.part", lengths=part)),
        (none, t("cli.not_all", lengths=none)),
    )
    return said(t("common.blank")).join(said(sentence) for lengths, sentence in told if lengths)


def _part(of: Covered) -> Message:
    if of.depths is None:
        return t("cli.of", length=of.length, sent=of.sent, planned=of.planned)
    first, last = (f"{depth:g}" for depth in of.depths)
    return t(
        "cli.depth",
        length=of.length,
        sent=of.sent,
        planned=of.planned,
        depths=first if first == last else f"{first}-{last}",
    )
