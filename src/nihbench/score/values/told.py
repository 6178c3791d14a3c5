"""The names of the types of answers, and what equality means for each, for a reader."""

from __future__ import annotations

from collections.abc import Mapping

from nihbench.lang.messages import Words, t

TYPES: Mapping[str, Words] = {
    "number": t("score.type_number"),
    "percentage": t("score.type_percentage"),
    "money": t("score.type_money"),
    "quantity": t("score.type_quantity"),
    "duration": t("score.type_duration"),
    "code": t("score.type_code"),
    "url": t("score.type_url"),
    "email": t("score.type_email"),
    "phone": t("score.type_phone"),
    "uuid": t("score.type_uuid"),
    "plate": t("score.type_plate"),
    "version": t("score.type_version"),
    "coordinates": t("score.type_coordinates"),
    "date": t("score.type_date"),
    "time": t("score.type_time"),
    "moment": t("score.type_moment"),
    "name": t("score.type_name"),
    "yes_no": t("score.type_yes_no"),
    "span": t("score.type_span"),
    "list": t("score.type_list"),
    "order": t("score.type_order"),
    "phrase": t("score.type_phrase"),
    "facts": t("score.type_facts"),
    "person": t("score.type_person"),
}
RULES: Mapping[str, Words] = {
    "number": t("score.rule_number"),
    "percentage": t("score.rule_percentage"),
    "money": t("score.rule_money"),
    "quantity": t("score.rule_quantity"),
    "duration": t("score.rule_duration"),
    "code": t("score.rule_code"),
    "url": t("score.rule_url"),
    "email": t("score.rule_email"),
    "phone": t("score.rule_phone"),
    "uuid": t("score.rule_uuid"),
    "plate": t("score.rule_plate"),
    "version": t("score.rule_version"),
    "coordinates": t("score.rule_coordinates"),
    "date": t("score.rule_date"),
    "time": t("score.rule_time"),
    "moment": t("score.rule_moment"),
    "name": t("score.rule_name"),
    "yes_no": t("score.rule_yes_no"),
    "span": t("score.rule_span"),
    "list": t("score.rule_list"),
    "order": t("score.rule_order"),
    "phrase": t("score.rule_phrase"),
    "facts": t("score.rule_facts"),
    "person": t("score.rule_person"),
}
