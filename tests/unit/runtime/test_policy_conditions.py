"""Conditions on arguments: read, never run, and false in doubt."""

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from runtime.policy.conditions import holds, parse

ORDER: dict[str, Any] = {
    "amount": 40,
    "price": 0.3,
    "exact": Decimal("0.30"),
    "currency": "EUR",
    "urgent": True,
    "note": None,
    "tags": ["small", "known"],
    "customer": {"country": "DE", "orders": 12},
}


@pytest.mark.parametrize(
    "condition",
    [
        "amount < 50",
        "amount <= 40 and amount >= 40",
        "amount == 40.0",
        "amount != 41",
        "price == 0.3 and price <= exact",
        "-1 < amount",
        "currency == 'EUR'",
        'currency in ["EUR", "USD"]',
        "currency not in ['GBP']",
        "'known' in tags",
        "urgent",
        "not (amount > 50 or currency == 'USD')",
        "customer.country == 'DE' and customer.orders > 10",
        "note == null",
        "amount > 50 or amount < 50 and urgent",
        "urgent == true",
    ],
)
def test_a_condition_holds(condition: str) -> None:
    assert holds(condition, ORDER)


@pytest.mark.parametrize(
    "condition",
    [
        "amount > 50",
        "amount == true",
        "urgent == 1",
        "amount == '40'",
        "currency in []",
        "not urgent",
        "(amount > 50 or urgent) and amount > 50",
    ],
)
def test_a_condition_does_not_hold(condition: str) -> None:
    assert not holds(condition, ORDER)


@pytest.mark.parametrize(
    "condition",
    [
        "amuont < 50",
        "not amuont > 50",
        "urgent or amuont < 50",
        "not amount < 'x'",
        "customer.vip.x == 1",
        "not amount",
    ],
)
def test_a_rule_never_approves_what_it_was_not_written_for(condition: str) -> None:
    assert not holds(condition, ORDER)
    assert not holds("not amount > 50", {"amount": float("nan")})


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("", "it ends too early"),
        ("amount <", "it ends too early"),
        ("amount < 50 and", "it ends too early"),
        ("< 50", "a field or a value is missing before '<'"),
        ("amount < 50)", "')' does not belong there"),
        ("(amount < 50", "')' is missing"),
        ("currency in ['EUR' 'USD']", "',' is missing"),
        ("amount not 50", "'not' must be followed by 'in' there"),
        ("amount = 50", "'= 50' cannot be read"),
        ("__import__('os').system('true')", "cannot be read"),
        ("system('true')", "'(' does not belong there"),
        ("(" * 1000, "too many brackets"),
        ("amount < 50; drop", "'; drop' cannot be read"),
        ("a" * 1001, "longer than 1000 characters"),
    ],
)
def test_what_is_no_condition_says_why(condition: str, problem: str) -> None:
    with pytest.raises(ValueError, match="condition") as raised:
        parse(condition)
    assert problem in str(raised.value)


@given(st.text(max_size=40) | st.text(alphabet="ab<>=!()[], '\"notrdi1.5", max_size=40))
def test_any_text_is_a_condition_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert holds(text, {}) in {True, False}
