"""Going on with a run's folder: its addresses, variables and files are used where the user named them (`run.admit`).

What is named on this command line stands; what only the folder says is compared, or the command stops before any
request with one sentence that says what to give.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nihbench.catalog.lookup import Catalog
from nihbench.cli.catalogs import load
from nihbench.cli.options import check_extra
from nihbench.cli.presets import find_preset, has_secrets, host_of, is_gguf
from nihbench.endpoint.tokenizers import is_tokenizer_file
from nihbench.errors import UsageError
from nihbench.lang.messages import t
from nihbench.run.admit import (
    NO_KEY,
    address_of,
    admitted_file,
    admitted_text,
    belongs,
    deciding_fields,
    is_below,
    is_known_address,
    is_text,
    stored_address,
)
from nihbench.run.known import is_own_run
from nihbench.run.options import RunOptions


def readmitted(
    stored: RunOptions, content: Mapping[str, Any], run: Path, asked: RunOptions, given: Collection[str]
) -> RunOptions:
    """Return the options of a run's folder with the address, the variable and the files that it may use.

    Args:
        stored: its options, without an address.
        content: its run.json, or its part of tree.json, with `begun` where it was not begun: then nothing that comes
            later compares its text.
        run: its folder.
        asked: the options of this command line.
        given: which of them were given, by their parameters' names.

    Raises:
        UsageError: only the folder names a server, a key for a server, or a file.
    """
    # As on the command line: a folder's further fields may not name another model, or lift a limit.
    check_extra(stored.extra_body)
    catalog = load()
    options = _with_address(stored, content, run, asked, given, catalog)
    options = _with_files(options, content, run, given, catalog)
    if "extra_body" not in given and not is_own_run(run) and (deciding := deciding_fields(stored.extra_body)):
        raise _deciding(run, deciding)
    # A folder that calls a dear model free would be gone on with unasked.
    return options if "price" in given or is_own_run(run) else replace(options, price=None)


def _with_address(
    stored: RunOptions,
    content: Mapping[str, Any],
    run: Path,
    asked: RunOptions,
    given: Collection[str],
    catalog: Catalog,
) -> RunOptions:
    theirs = stored_address(content)
    named = "base_url" in given and asked.base_url is not None
    urls = (str(asked.base_url), *asked.more_urls) if named else theirs.urls
    for url in () if named else urls:
        if not is_known_address(url, catalog):
            raise _unknown_host(run, url)
    if not named and not is_own_run(run):
        _check_bearing(stored, content, run, urls, catalog)
    variable = asked.api_key_env if "api_key_env" in given else theirs.variable
    options = replace(stored, base_url=next(iter(urls), None), more_urls=urls[1:], api_key_env=variable)
    if variable is None or variable == NO_KEY or (named and "api_key_env" in given):
        return options
    for one in urls or (find_preset(options, catalog).base_url,):
        if one and not belongs(variable, one, catalog):
            raise _unknown_pair(run, one, variable)
    return options


def _check_bearing(
    stored: RunOptions, content: Mapping[str, Any], run: Path, urls: Sequence[str], catalog: Catalog
) -> None:
    """Raise `UsageError` where headers or fields that may let somebody in would go to an address of the folder's.

    They are the preset's, or those that the run was made with and that are asked for again.
    """
    preset = catalog.models.get(stored.model)
    again = bool(content["options"].get("headers") or content.get("withheld"))
    for url in urls:
        own = preset is not None and is_below(url, address_of(preset.base_url))
        if again or (preset is not None and not own and has_secrets(preset)):
            raise _bearing(run, url)


def _with_files(
    options: RunOptions, content: Mapping[str, Any], run: Path, given: Collection[str], catalog: Catalog
) -> RunOptions:
    if "corpus" not in given:
        hashed = content.get("begun", True) or is_text(options.corpus, content["corpus"]["sha256"])
        options = replace(options, corpus=admitted_text(options.corpus, run, catalog, hashed=hashed))
    if "length_unit" not in given and is_tokenizer_file(options.length_unit):
        admitted_file(options.length_unit.removeprefix("hf:"), run, "--length-unit")
    if "model" not in given and is_gguf(options.model):
        admitted_file(options.model, run, "--model")
    # A run that was begun has the other one's prompts in its own folder.
    if options.like is not None and "like" not in given and content.get("like") is None:
        admitted_file(options.like, run, "--like")
    return options


def _unknown_host(run: Path, url: str) -> UsageError:
    return UsageError(t("cli.says_model_nobody_named", run=run, host=host_of(url) or repr(url)))


def _bearing(run: Path, url: str) -> UsageError:
    return UsageError(t("cli.not_made_machine_stands", run=run, host=host_of(url) or repr(url)))


def _unknown_pair(run: Path, url: str, variable: str) -> UsageError:
    return UsageError(t("cli.would_key_sent_nobody", run=run, variable=variable, host=host_of(url) or repr(url)))


def _deciding(run: Path, fields: Sequence[str]) -> UsageError:
    return UsageError(t("cli.not_made_machine_every", run=run, fields=", ".join(map(repr, fields))))
