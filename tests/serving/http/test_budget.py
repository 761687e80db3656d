"""Answers that nobody reads take their bytes of a budget, and give them back."""

import pytest

from dalle.serving.http.budget import Budget, BudgetedResponse
from tests.fakes.apart import run_apart


class FullError(Exception):
    pass


def test_an_answer_holds_its_bytes_until_it_is_sent_or_breaks_off():
    budget = Budget(10, FullError)
    answer = BudgetedResponse(b"12345678", budget, "text/plain")
    with pytest.raises(FullError):
        BudgetedResponse(b"123", budget, "text/plain")
    sent = []

    async def send(message: dict) -> None:
        sent.append(message)

    async def gone(message: dict) -> None:
        raise ConnectionAbortedError

    run_apart(answer({"type": "http"}, None, send))
    assert sent[-1]["body"] == b"12345678"
    BudgetedResponse(b"1", Budget(10, FullError, each=1), "text/plain", "a")
    with pytest.raises(FullError):
        BudgetedResponse(b"12", Budget(10, FullError, each=1), "text/plain", "a")
    for _ in range(3):
        broken = BudgetedResponse(b"12345678", budget, "text/plain")
        with pytest.raises(ConnectionAbortedError):
            run_apart(broken({"type": "http"}, None, gone))
    budget.take(10)
