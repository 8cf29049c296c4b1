"""Which ticket patterns and links are taken."""

import pytest

from grants.tickets import flaw, leads_to_one


@pytest.mark.parametrize(
    "pattern",
    [
        "[A-Z]+-[0-9]+",
        r"(?:OPS|INC)-\d{1,9}",
        "[A-Z]+-[0-9]+|INC[0-9]+|CHG[0-9]+|PRB[0-9]+|RITM[0-9]+",
        "(?:[A-Z]+-)?[0-9]+",
        "(ab){3}",
        "(ab)+",
        "[(+]+x",
        r"\(a+\)+",
        "[]+)]+",
        "(?i)ops-[0-9]+",
        r"[A-Z]+-[0-9]+(?:\.[0-9]+)?",
        r"[A-Z]{2,10}-[0-9]{1,7}(?:-[a-z]{1,5})?",
    ],
)
def test_plain_patterns_are_taken(pattern: str) -> None:
    assert flaw(pattern) == ""


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a*)*",
        "(a|a)*",
        "((ab?)){2,}",
        "(?:a*)*b",
        "(?P<x>a+)+",
        "([a-z]+)*",
        "(.*a){20}",
        "a*a*a*a*a*a*b",
        "(?:a|b|a*a*a*a*a*a*b)",
        "[A-Z]*[A-Z]*[A-Z]*[A-Z]*[A-Z]*-1",
        "[A-Z]*[A-Z]*[A-Z]*[A-Z]*",
        "(?:a?){20}",
        "a?" * 25 + "b",
        "(?:a|a)" * 25 + "b",
    ],
)
def test_patterns_that_can_take_for_ever_are_not(pattern: str) -> None:
    assert "for ever" in flaw(pattern)


@pytest.mark.parametrize("pattern", ["[A-Z", "(", "*", "a{2,1}", "[[a]", r"\q", "a{99999999999}"])
def test_what_is_no_pattern_is_not(pattern: str) -> None:
    assert flaw(pattern).startswith("is no regular expression: ")


@pytest.mark.parametrize("pattern", ["(?x)(a+) +", "(?ix:(a+) +)"])
def test_blanks_always_count(pattern: str) -> None:
    assert flaw(pattern).startswith("uses the flag x")


def test_a_pattern_is_short() -> None:
    assert flaw("a" * 200) == ""
    assert flaw("a" * 201) == "is longer than 200 characters"


@pytest.mark.parametrize(
    "url",
    [
        "https://tracker.example.com/{ticket}",
        "https://tracker.example.com:8443/browse?id={ticket}&tab=1",
        "https://tracker.example.com/{ticket}/of/{ticket}",
    ],
)
def test_https_addresses_with_the_ticket_behind_the_host_are_taken(url: str) -> None:
    assert leads_to_one(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://tracker.example.com/{ticket}",
        "javascript:alert({ticket})",
        "https://tracker.example.com/",
        "https://{ticket}.example.com/",
        "https://tracker.example.com{ticket}",
        "https://example.com@evil.example/{ticket}",
        "https:///{ticket}",
        "https://[t/{ticket}",
        "https://tracker.example.com/{ticket}/{0}",
        "https://tracker.example.com/{ticket}|<!channel>",
        "https://tracker.example.com/{ticket}\n",
        "https://tracker.example.com/" + "a" * 1000 + "{ticket}",
    ],
)
def test_other_addresses_are_not(url: str) -> None:
    assert not leads_to_one(url)
