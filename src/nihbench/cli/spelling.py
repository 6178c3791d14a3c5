"""A bare number for --lengths or --depths that may mean a number of steps or one value: asked back, or refused.

Small ones are numbers of steps and pass. Stored options may be older than this rule, and are never asked about.
"""

from __future__ import annotations

import sys

import typer

from nihbench.errors import UsageError
from nihbench.lang.messages import Message, said, t
from nihbench.plan.grid import MAX_DEPTHS, MAX_LENGTHS, PLAIN_COUNT, count_of, is_count


def spelt_lengths(spec: str | None) -> str | None:
    """Return what --lengths says, beyond doubt.

    Raises:
        UsageError: it is a bare number of two meanings, and nobody can be asked which.
    """
    if spec is None or not _is_doubtful(spec):
        return spec
    number = spec.strip()
    if count_of(number) > MAX_LENGTHS:
        question = t("cli.lengths_one_length_tokens", number=number)
        refusal = t("cli.lengths_more_steps_than", number=number, most=MAX_LENGTHS)
        return _chosen(f"{number}t", None, question, refusal)
    question = t("cli.lengths_one_length_tokens_else", number=number)
    refusal = t("cli.lengths_mean_two_things", number=number)
    return _chosen(f"{number}t", number, question, refusal)


def spelt_depths(spec: str | None) -> str | None:
    """Return what --depths says, beyond doubt.

    Raises:
        UsageError: it is a bare number of two meanings, and nobody can be asked which.
    """
    if spec is None or not _is_doubtful(spec) or count_of(spec) > MAX_DEPTHS:
        return spec  # more than there may be either way: that is said where it is read
    number, steps = spec.strip(), f"0:100:{count_of(spec)}"
    if count_of(spec) > 100:
        raise UsageError(t("cli.depths_no_depth_percent", number=number, steps=steps))
    question = t("cli.depths_one_depth_percent", number=number)
    refusal = t("cli.depths_mean_two_things", number=number, steps=steps)
    return _chosen(f"{number}%", steps, question, refusal)


def _is_doubtful(spec: str) -> bool:
    """Say whether a specification is a bare number that is too large to be surely one of steps."""
    return is_count(spec) and count_of(spec) > PLAIN_COUNT


def _chosen(one: str, several: str | None, question: Message, refusal: Message) -> str:
    """Return which is meant; `several` None: there is nothing else that it could mean.

    Raises:
        UsageError: nobody can be asked, or it is meant as neither.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(refusal)
    chosen = one if typer.confirm(said(question), err=True) else several
    if chosen is None:
        raise UsageError(refusal)
    return chosen
