"""A thousand requests by HTTP among which much goes wrong: each ends in pictures or in a sentence.

`pytest -s tests/serving/http/test_faults_by_http.py` prints what became of whom.
"""

import asyncio
import random
import re
from collections import Counter

import httpx
import pytest

from tests.fakes.apart import run_apart
from tests.fakes.unlucky_pipeline import FAULTS, FULL_DISK, SPARED
from tests.serving.conftest import serving
from tests.soak import callers
from tests.soak.callers import Ending

REQUESTS, VISITORS = 1000, 20
WATCHED = ("preview", "exit")
DISK = "a full disk"
ODD = ("joins silently", "leaves early", "sends rubbish", "dawdles")


class Crowd:
    """Visitors who ask one thing after another; `endings` by what was asked for and the outcome."""

    def __init__(self, client: httpx.AsyncClient, address: str) -> None:
        self.client, self.address = client, address
        self.endings: Counter[tuple[str, str]] = Counter()
        self.sentences: Counter[str] = Counter()
        self.odd: Counter[str] = Counter()  # what those beside them did
        self.slow: list[asyncio.Task] = []

    async def visit(self, visitor: int) -> None:
        dice = random.Random(visitor)
        for number in range(REQUESTS // VISITORS):
            kind, ending = await self.ask(dice, number)
            self.endings[kind, ending.outcome] += 1
            self.sentences[ending.sentence] += 1

    async def ask(self, dice: random.Random, number: int) -> tuple[str, Ending]:
        """One request; now and then another visitor beside it does not behave."""
        await self.misbehave(dice, number)
        prompt, seed = f"cat {number}", dice.getrandbits(32)
        if dice.random() < 0.2:
            prompt = dice.choice((*FAULTS, DISK))
            seed = FULL_DISK if prompt == DISK else seed
        kind = prompt if prompt in (*FAULTS, DISK) else "a cat"
        if dice.random() < 0.3 or prompt in WATCHED:
            knobs = {"prompt": prompt, "seed": seed, "only": [dice.randrange(16)]}
            return f"{kind}, page", await callers.ask_page(self.client, **knobs)
        order = {"prompt": prompt, "seed": seed, "n": 1}
        return f"{kind}, program", await callers.ask_program(self.client, **order)

    async def misbehave(self, dice: random.Random, number: int) -> None:
        recipe = {"prompt": "nobody waits for it", "seed": dice.getrandbits(32)}
        odd = dice.choices((*ODD, "none"), (3, 3, 3, 5, 86))[0]
        if odd != "none":
            self.odd[odd] += 1
        if odd == "joins silently":
            await callers.join_silently(self.client, **recipe, only=[1])
        elif odd == "leaves early":
            await callers.leave_early(self.client, **recipe)
        elif odd == "sends rubbish":
            await callers.send_rubbish(self.client, number)
        elif odd == "dawdles":
            self.slow.append(asyncio.create_task(callers.dawdle(self.address, 60)))


async def read(client: httpx.AsyncClient, name: str) -> float:
    text = (await client.get("/metrics")).text
    return float(re.search(rf"^{name} (\S+)", text, re.MULTILINE)[1])


async def gather(address: str) -> tuple[Crowd, list[bool]]:
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        crowd = Crowd(client, address)
        await asyncio.gather(*[crowd.visit(visitor) for visitor in range(VISITORS)])
        ended = await asyncio.gather(*crowd.slow)
        while await read(client, "ninefold_queue_requests"):  # of those who never listen
            await asyncio.sleep(0.1)
        last = await callers.ask_program(client, prompt=SPARED, n=1)
        crowd.endings["afterwards", last.outcome] += 1
        return crowd, ended


@pytest.mark.slow
def test_a_thousand_requests_by_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDS_PER_FRAME", "0")
    monkeypatch.setenv("NINEFOLD_QUEUE_SIZE", str(2 * VISITORS))
    with serving("-m", "tests.fakes.unlucky_pipeline") as address:
        crowd, ended = run_apart(gather(address))
    for (kind, outcome), count in sorted(crowd.endings.items()):
        print(f"{kind:20} {outcome:8} {count}")
    print(*crowd.sentences.most_common(), sep="\n")
    outcomes = Counter(outcome for _, outcome in crowd.endings.elements())
    print(f"{dict(outcomes)}; beside them {dict(crowd.odd)}")
    assert outcomes.total() == REQUESTS + 1
    assert outcomes["lost"] == 0
    # Of those without a fault of their own: batch mates meet one, and slow machines are crowded.
    sound = sum(count for (kind, _), count in crowd.endings.items() if kind.startswith("a cat"))
    assert outcomes["drawn"] > 0.6 * sound > 0.4 * REQUESTS
    assert crowd.endings["afterwards", "drawn"] == 1
    for fault in (*FAULTS, DISK):
        assert crowd.endings[f"{fault}, page", "told"], fault
        assert crowd.endings[f"{fault}, page", "drawn"] == 0, fault
    assert any("disk is full" in sentence for sentence in crowd.sentences)
    assert not [sentence for sentence in crowd.sentences if "secret" in sentence]
    assert all(crowd.odd[odd] for odd in ODD)
    assert all(ended)  # the server had enough of whoever dawdled
