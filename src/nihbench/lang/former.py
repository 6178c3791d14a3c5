"""What version 0.1.0 wrote in English where there are notes now: its sentences, frozen, and how they are read as notes.

A run that it made keeps its numbers, what it has spent and its words, whatever its sentences are called today.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, Literal

from nihbench.lang.messages import Note, Words, recognisers, t

Place = Literal["changes", "failures", "grades", "notes"]
"""Where a sentence stood: in a record's changes, in its failure, in a grade, or in run.json."""
_LONGEST = 2000
"""Characters up to which a text can be a sentence of the tool's own, with what it quotes."""
_DEEPEST = 8
"""So many notes and lists may stand within one another: none of ours has as many."""
_QUOTED = frozenset(("words", "name", "number", "fact", "title", "host", "proxy"))
"""Fields that quote somebody else, and are no sentences."""
_FILE = re.compile(r"(.+?) (?:as|按) ([\w-]+)(?:, |，|$)")
"""A file of a list that was joined in whichever language the command spoke."""


def note_in(value: Any, place: Place) -> Words:
    """Return what a file has for a note: the note, or the text where it is somebody else's words.

    Raises:
        ValueError: it is neither.
    """
    found = _restored(value, 0)
    if isinstance(found, str):
        return _recognised(found, place) if len(found) <= _LONGEST else found
    if not isinstance(found, Note):
        raise ValueError(t("lang.neither_note_nor_text"))
    return found


def _restored(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError(t("common.nested_too_deeply"))
    if isinstance(value, list):
        return [_restored(each, depth + 1) for each in value]
    if isinstance(value, dict) and isinstance(value.get("code"), str):
        rest = {str(name): _restored(each, depth + 1) for name, each in value.items() if name != "code"}
        return Note(value["code"], **rest)
    return value


@lru_cache(maxsize=8192)
def _recognised(text: str, place: Place) -> Words:
    for telling, pattern, code in _patterns(place):
        found = pattern.fullmatch(text) if telling in text else None
        if found is not None:
            fields = found.groupdict()
            return Note(code, **{name: _field(code, name, value, place) for name, value in fields.items()})
    return text


def _field(code: str, name: str, value: str, place: Place) -> Any:
    if code == "not_utf8":
        return [Note("file_encoding", name=file, encoding=encoding) for file, encoding in _FILE.findall(value)]
    return value if name in _QUOTED else _recognised(value, place)


@cache
def _patterns(place: Place) -> list[tuple[str, re.Pattern[str], str]]:
    codes = {template: code for code, template in SENTENCES[place].items()}
    return [(telling, pattern, codes[template]) for telling, pattern, template in recognisers(codes)]


SENTENCES: dict[Place, dict[str, str]] = {
    "changes": {
        "past_limit": "the server went past the output limit: it was cut off",
        "larger_limit": "asked again with an output limit of {limit}",
        "parameter_not_sent": "{name} not sent",
        "limit_sent_as": "output limit sent as {name}",
        "system_in_user": "system message put into the user's",
    },
    "failures": {
        "no_choices": "the answer has no choices with a message: is this a chat endpoint?",
        "cut_before_answer": "the output limit was used up before the answer began: raise --max-output",
        "filter_stopped": "the answer was stopped by the provider's content filter ({reason})",
        "filter_stopped_text": "the answer was stopped by the provider's content filter ({reason}): {said}",
        "broken_off": "the server broke off the answer ({reason})",
        "ended_before_answer": "the server ended the answer before it began ({reason})",
        "no_choices_but": "the answer has no choices with a message ({said}): is this a chat endpoint?",
        "hint_proxy_login": "{message} (the proxy wants a login: write its address as http://USER:PASSWORD@HOST:PORT)",
        "proxy_login": (
            "the proxy on the way to {host} wants a login: write its address as http://USER:PASSWORD@HOST:PORT"
        ),
        "renew_certificate": (
            "have it renewed if this machine's clock is right, or give --insecure to go without the check"
        ),
        "certificate_name": (
            "give the base URL with the name that it is made for, or --insecure to go without the check"
        ),
        "no_connection_by_proxy": (
            "could not connect to {host} by the proxy {proxy} ({reason}): is the proxy's address right, or should"
            " NO_PROXY name the server?"
        ),
        "connection_ended": "the connection ended before the answer did",
        "compressed_unasked": "text compressed by {encoding}, which was not asked for",
        "empty_answer": "the server sent an empty answer",
        "stream_broke_off": "the stream broke off before the answer was finished",
        "stream_unreadable": "a part of the stream could not be read",
        "larger_limit_no_help": "{cut} (a limit of {limit} did not help: {said})",
        "too_slow": "{host} was too slow: {error}",
        "first_token_late": "the first token did not come within {seconds:g} s",
        "answer_late": "the answer was not finished within {seconds:g} s",
        "answer_stalled": "the answer stood still for {seconds:g} s",
        "far_past_limit": "{host} sends far more than the output limit allows",
        "past_limit_before_answer": "the server went past the output limit before the answer began",
        "not_answered_in_time": "{host} did not answer in time",
        "prompt_not_taken": "{host} did not take the prompt in time",
        "give_ca_file": "give --ca-file with the certificate of its authority, or --insecure to go without the check",
        "certificate_untrusted": "the certificate of {host} is not trusted ({said}): {mend}",
        "no_answer": "no answer",
        "no_tls": "{host} does not speak TLS ({reason}): does its base URL begin with http://?",
        "no_connection": "could not connect to {host} ({reason}): is the server running?",
        "proxy_refused": "the proxy on the way to {host} refused ({said})",
        "not_decompressed": "{host} sent an answer that can't be decompressed",
        "connection_lost": "the connection to {host} was lost ({said})",
        "status_alone": "HTTP {status} without a message",
        "web_page_titled": "a web page: {title}",
        "web_page": "a web page",
        "hint_day_limit": "{message} (the day's allowance is used up: go on by --resume in {wait})",
        "hint_day_limit_unknown": (
            "{message} (the day's allowance is used up: go on by --resume tomorrow; the server does not say when)"
        ),
        "hint_redirect": "{message} (the server sends you on to {target}: is the base URL right?)",
        "another_address": "another address",
        "hint_moonshot_keys": (
            "{message} (Moonshot's keys for api.moonshot.ai and api.moonshot.cn are not interchangeable)"
        ),
        "hint_base_url": "{message} (check the base URL: it usually ends in /v1)",
        "count_too_small_exact": (
            "the server counted {seen} tokens of a prompt of {expected}: either it was cut on the way, or the "
            "count leaves out what the server had cached; the canary of nih doctor tells which"
        ),
        "count_too_small": (
            "the server counted {seen:,} tokens of a prompt of about {expected:,.0f}: it was cut, or the count "
            "leaves out what the server had cached; the canary of nih doctor tells which"
        ),
        "count_too_large": (
            "the server counted {seen:,} tokens of a prompt of about {expected:,.0f}: this can't be the answer to it"
        ),
        "count_power_of_two": (
            "the server counted {seen:,} tokens, a power of two, of a prompt of about {expected:,.0f}: it was cut"
            " to a context of that size"
        ),
        "count_alike": "the server counted {seen:,} tokens of prompts of {least:,} and of {most:,} alike: it cuts them",
        "not_json": "the answer is not JSON: {said}",
        "line_without_result": "the line holds neither an answer nor an error",
        "line_without_custom_id": "no JSON object with a custom_id",
        "foreign_answer": "{host} sent the answer to another request",
        "unreadable_answer": "{host} sent an answer that can't be read ({error})",
        "far_too_long": "{host} sends far more than an answer can hold",
        "all_reasoning": (
            "all of the answer came as reasoning ({characters:,} characters) and none as content: the server's "
            "reasoning parser takes the answer for reasoning, or the model gave none; turn that parser or the "
            "reasoning off"
        ),
        "called_a_tool": "the model called a tool in place of an answer: offer it none",
        "content_unreadable": "the answer's content holds no text that can be read: is this a chat endpoint?",
        "no_finish_reason": (
            "the stream ended without a finish_reason, so that the answer may not be whole: --no-stream asks for "
            "it at one go"
        ),
        "source_without_result": "the source has neither an answer nor a grade",
    },
    "grades": {
        "endless_thinking": "thinking that never ends",
        "only_white_space": "nothing but white space",
        "language_not_covered": "the rules read English and Chinese; this is {strange}",
        "needle_language_not_covered": "an answer to a needle in {language}",
        "too_long_to_read": "an answer of {count:,} characters, of which both ends were read",
        "other_script": "in another script",
        "japanese": "Japanese",
        "german": "German",
        "french": "French",
        "spanish": "Spanish",
        "portuguese": "Portuguese",
        "italian": "Italian",
        "dutch": "Dutch",
        "number_nearly_right": "number nearly right: {number}",
        "second_number_before": "two numbers: {number} too",
        "second_number_after": "two numbers: {number} after the right one",
        "negated": "negated: {words}",
        "taken_back": "taken back: {cue}",
        "alternatives": "alternatives: {cue}",
        "one_of_choices": "one of {count} choices",
        "or_after_choice": "or, after another choice",
        "or_another_choice": "or another choice",
        "hedged": "hedged: {cue}",
        "given_as_question": "given as a question",
        "other_subject": "another subject: {words}",
        "vague": "vague: {words}",
        "extra": "extra: {cue}",
        "added_number": "added number {number}",
        "added_name": "added name {name}",
        "added_words": "added {words}",
        "every_fact": "every fact given",
        "part_of_fact": "a part of {fact}",
        "some_facts": "{right} of {all} facts",
        "some_words": "{right} of {all} words",
        "some_hedged": "{facts}, hedged: {cue}",
        "repeats_question": "repeats the question",
        "to_the_grader": "to the grader: {words}",
        "refuses": "refuses: {words}",
        "outside_knowledge": "outside knowledge: {words}",
        "abstains": "abstains: {words}",
        "cut_at_limit": "cut at the length limit with nothing found",
        "breaks_off": "breaks off before the answer",
        "asks_back_words": "asks back: {words}",
        "asks_back": "asks back",
        "short_without_fact": "a short answer without any fact",
        "answers_without_fact": "answers the question without any fact",
        "off_the_question": "does not take up the question",
        "language_doubting": "{language}, with words of denial or doubt",
        "untold_chinese": (
            "the answer is in Chinese, and no fact of the needle has an alias in Chinese: list facts with "
            "aliases, or ask a judge"
        ),
        "untold_english": (
            "the answer is in English, and no fact of the needle has an alias in English: list facts with "
            "aliases, or ask a judge"
        ),
        "no_score": "no score",
        "verdict_cut": "the verdict was cut off by the output limit",
        "judge_endless_thinking": "the judge's thinking never ended",
        "judge_silent": "the judge said nothing",
        "verdict_too_long": "the verdict is far too long",
        "verdict_not_json": "the verdict is not one JSON object",
        "verdict_other_keys": "the verdict has other keys than were asked for",
        "verdict_wrong_kind": "a value of the verdict is not of the kind that was asked for",
        "verdict_other_case": "the verdict is of another case",
        "verdict_unknown_band": "the verdict's band is none of 100, 70, 50, 30, 0",
        "verdict_no_reasons": "the verdict has no reasons",
        "verdict_unknown_word": "the verdict has a word that is none of those asked for",
        "verdict_contradiction": "the verdict contradicts itself: {outcome} at band {band}",
        "no_vote": "there is no vote",
        "votes_invalid": "{none} of {all} votes are none: {why}",
        "judge_failed": "the judge gave no answer ({kind}): {said}",
        "judge_not_asked": "the judge was not asked",
        "source_without_result": "the source has neither an answer nor a grade",
        "no_grade": "no grade",
        "grade_out_of_range": "the grade {given:g}, outside {least:g} to {most:g}",
        "source_gives": "the source gives {grade}",
        "graded_there": "graded there: {given:g}",
    },
    "notes": {
        "same_prompts": (
            "at {length:,} tokens {depths} depths are only {prompts} different prompts{more}, because sentences "
            "are longer than the steps between depths; a prompt is sent and counted once, and drawn in all its "
            "cells"
        ),
        "same_prompts_longer": " (so at {count} longer ones, up to {last:,} tokens)",
        "same_prompts_more": ", and at {length:,} tokens {prompts}",
        "from_to": "{fewest} to {most}",
        "one_haystack": "all repeats read one haystack: results hold for this text",
        "haystacks_apart": "the haystacks of the {count} repeats have no text in common",
        "haystacks_mostly_apart": (
            "the haystacks of the {count} repeats are apart: repeats {one} and {other} have most in common, "
            "{share:.0%} of their text at {length:,} tokens"
        ),
        "haystacks_overlap": (
            "separate texts at {length:,} tokens: {texts} for {count} repeats; repeats {one} and {other} have "
            "{share:.0%} of theirs in common, and haystacks that share more than a tenth count as one"
        ),
        "rooms": (
            "separate haystacks of {length:,} tokens: {rooms} (of other corpora by their length alone: what one "
            "says twice counts once)"
        ),
        "question_first": (
            "the prompts {prompts} put the question before the haystack: what a prefix cache keeps of their "
            "haystacks serves no other question"
        ),
        "lengths_fitted": (
            "lengths are the model's tokens, fitted to {name} by {requests} counts of the server ({ratio:.3f} for"
            " one of {name})"
        ),
        "lengths_by_other": (
            "lengths are counted in {name} tokens, not by the model itself; the server's own count is recorded "
            "beside them"
        ),
        "corpus_too_short": (
            "lengths stop at {capacity:,} tokens, the corpus's end, short of the model's {highest:,}: see `nih "
            "corpus list` for a longer corpus, or repeat this one with --repeat-corpus"
        ),
        "corpus_repeated": "the corpus is repeated to fill these lengths: {lengths}",
        "other_language": (
            "the needle's language is {needle}, the corpus's is {corpus}: a needle in another language than its "
            "haystack is easy to see"
        ),
        "not_utf8": "read otherwise than as UTF-8: {named}",
        "file_encoding": "{name} as {encoding}",
        "like_prompts": "the prompts are those of {run}, byte for byte; lengths are as that run counted them: {unit}",
        "like_owed": "{owed:,} trials of {run} have no record, and so no prompt: left out",
        "like_too_long": "over the window, and left out: lengths {lengths}",
        "like_options": "{run} was asked otherwise: give {options} to ask alike",
        "unit_model": "tokens as the model counts them",
        "unit_imported": "tokens as the other tool counted them",
        "unit_of": "tokens as {name} counts them",
        "unit_tokenizer": "{name} tokens",
        "depths_off": (
            "needles stand up to {largest:.1f} points from their nominal depths ({mean:.1f} on average), most at "
            "{length:,} tokens: they go between sentences, and these are long for that"
        ),
        "lengths_to_be_fitted": (
            "lengths are the model's tokens: a run fits them to the server's counts as it begins; until then, and"
            " where the server tells no counts, {name} tokens stand in for them"
        ),
    },
}
