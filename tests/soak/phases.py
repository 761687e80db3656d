"""The phases of `soak`: each sends its requests and gives back figures and what plots need."""

import argparse
import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import httpx

from tests.soak import callers
from tests.soak.server import SESSIONS, count_handles, read_figures

VISITORS = 16
STEADY = 4  # visitors of the steady load, so that somebody always waits
SILENCE = 7  # seconds after which the server has closed connections that nobody uses
PROMPTS = ("a red apple", "a cat in the snow", "two dogs", "a rocket, pixel art", "a green car")


class Soak:
    """A server, a client of it, and dice; `figures` and `curves` are what was measured."""

    def __init__(self, client: httpx.AsyncClient, address: str, options: argparse.Namespace):
        self.client, self.address, self.options = client, address, options
        self.dice = random.Random(options.seed)
        self.figures: list[dict[str, str]] = []
        self.curves: dict[str, object] = {}
        self.capacity = 0.0  # requests a second, each of 16 candidates

    def tell(self, figure: str, measured: str, goal: str = "") -> None:
        self.figures.append({"figure": figure, "measured": measured, "goal": goal})
        print(f"{figure}: {measured}", flush=True)

    def recipe(self) -> dict[str, object]:
        """A prompt with a seed that nobody has asked for yet."""
        return {"prompt": self.dice.choice(PROMPTS), "seed": self.dice.getrandbits(32)}

    async def rate(self, visitors: int, requests: int, **knobs: object) -> float:
        """Requests a second, of so many visitors who ask again as soon as they are served."""
        left, endings = iter(range(requests)), []

        async def visit() -> None:
            for _ in left:
                ending = await callers.ask_page(self.client, **self.recipe(), **knobs)
                endings.append(ending.outcome)

        started = time.monotonic()
        await asyncio.gather(*[visit() for _ in range(visitors)])
        if set(endings) != {"drawn"}:
            raise RuntimeError(f"not all of a phase without load were drawn: {Counter(endings)}")
        return requests / (time.monotonic() - started)

    async def throughput(self) -> None:
        """One visitor at a time and sixteen, in turn, so that both meet the same machine."""
        count = self.options.requests
        for name, knobs in (("16 candidates", {}), ("a candidate alone", {"only": [7]})):
            rates: dict[int, list[float]] = {1: [], VISITORS: []}
            for visitors in (1, VISITORS) * 2:
                rates[visitors].append(await self.rate(visitors, count // 2, **knobs))
            one, many = (statistics.mean(rates[visitors]) for visitors in (1, VISITORS))
            self.curves[f"throughput, {name}"] = [one, many]
            self.tell(
                f"16 visitors against one at a time, {name}",
                f"{many / one:.2f} times ({one:.2f} and {many:.2f} requests/s)",
                ">= 2.5 times",
            )
            self.capacity = self.capacity or many

    async def page(self) -> None:
        """Many visitors in the same moment, in the page's own protocol."""
        asked = [
            callers.ask_page(self.client, **self.recipe()) for _ in range(self.options.visitors)
        ]
        endings = await asyncio.gather(*asked)
        served = [ending for ending in endings if ending.outcome == "drawn"]
        told = sum(ending.outcome == "told" for ending in endings)
        self.curves["page"] = sorted(ending.seconds for ending in served)
        name = f"{len(endings)} visitors at once on the page's protocol"
        self.tell(name, f"{len(served)} drawn, {told} told to come back", "all")
        previews = [ending.preview for ending in served if ending.preview is not None]
        self.tell("first preview, p50 and p95", both(previews), "printed")
        self.tell("nine pictures, p50 and p95", both([e.seconds for e in served]), "printed")

    async def overload(self) -> None:
        """Arrivals at random moments, many times as many as can be drawn."""
        self.capacity = self.capacity or await self.rate(VISITORS, self.options.requests)
        rate, asked = self.options.factor * self.capacity, []
        started = time.monotonic()
        while time.monotonic() - started < self.options.seconds:
            order = self.recipe() | {"n": 9}
            asked.append(asyncio.create_task(callers.ask_program(self.client, **order)))
            await asyncio.sleep(self.dice.expovariate(rate))
        endings = await asyncio.gather(*asked)
        took = time.monotonic() - started  # what was accepted last is drawn by now
        count = Counter(ending.outcome for ending in endings)
        refused = [ending.seconds for ending in endings if ending.outcome == "refused"]
        self.curves["overload"] = {"refusals": sorted(refused), "outcomes": dict(count)}
        useful = count["drawn"] / took / self.capacity
        name = f"useful throughput at {self.options.factor:g} times the capacity"
        self.tell(name, f"{useful:.0%} of {self.capacity:.2f} requests/s", ">= 95%")
        self.tell(
            "refusals, p99", f"{1000 * at(refused, 0.99):.0f} ms of {len(refused)}", "<= 100 ms"
        )
        lost = count["told"] + count["lost"]
        self.tell("neither drawn nor refused", f"{lost} of {len(endings)}", "0")

    async def faults(self) -> None:
        """Visitors among others who leave, never listen, dawdle, or send rubbish."""
        started, asked, number = time.monotonic(), [], 0
        odd: list[asyncio.Task] = []
        while time.monotonic() - started < self.options.seconds:
            fault: Sequence[Callable[[], Awaitable[None]]] = (
                lambda: callers.leave_early(self.client, **self.recipe()),
                lambda: callers.join_silently(self.client, **self.recipe(), only=[1]),
                lambda: callers.dawdle(self.address, 3),
                lambda n=number: callers.send_rubbish(self.client, n),
            )
            odd.append(asyncio.create_task(fault[number % len(fault)]()))
            asked.append(asyncio.create_task(callers.ask_page(self.client, **self.recipe())))
            number += 1
            await asyncio.sleep(self.dice.expovariate(max(self.capacity, 0.2)))
        await asyncio.gather(*odd)
        count = Counter(ending.outcome for ending in await asyncio.gather(*asked))
        self.curves["faults"] = dict(count)
        well = count["drawn"] + count["told"]
        name = "ended in pictures or a message, beside visitors who misbehave"
        self.tell(name, f"{well} of {len(asked)} ({count['drawn']} drawn)", "100%")

    async def memory(self) -> None:
        """A steady stream at what can be drawn; memory of the server.

        What it keeps of its visitors, which has an end, is there before.
        """
        for _ in range(SESSIONS):
            await callers.ask_status(self.client)
        samples: list[dict[str, float]] = []
        endings: list[str] = []
        done = asyncio.Event()

        async def visit() -> None:
            while not done.is_set():
                endings.append((await callers.ask_page(self.client, **self.recipe())).outcome)

        visitors = [asyncio.create_task(visit()) for _ in range(STEADY)]
        started = time.monotonic()
        while time.monotonic() - started < self.options.seconds:
            figures = await read_figures(self.client)
            samples.append(
                {
                    "seconds": time.monotonic() - started,
                    "megabytes": figures["process_resident_memory_bytes"] / 2**20,
                }
            )
            await asyncio.sleep(max(0.5, self.options.seconds / 200))
        done.set()
        await asyncio.gather(*visitors)
        self.curves["memory"] = samples
        quarter = max(1, len(samples) // 4)
        # The mean, since memory swings with each batch, by a fifth of it.
        second, last = (
            statistics.mean(sample["megabytes"] for sample in part)
            for part in (samples[quarter : 2 * quarter], samples[-quarter:])
        )
        name = f"memory after {self.options.seconds:.0f} s of steady load, second to last quarter"
        drift = f"{last / second - 1:+.1%} ({second:.0f} to {last:.0f} MB)"
        self.tell(name, f"{drift}, {endings.count('drawn')} of {len(endings)} drawn", "<= 2%")


async def run_phases(address: str, process: int, options: argparse.Namespace) -> dict[str, object]:
    """The figures and curves of the phases that were asked for, in their order."""
    # Given up before the server does, after 5 seconds: a request on its way then would be lost.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2)
    async with httpx.AsyncClient(base_url=address, timeout=600, limits=limits) as client:
        soak = Soak(client, address, options)
        await callers.ask_page(client, **soak.recipe())  # what is there for good is there by now
        await asyncio.sleep(SILENCE)
        before = count_handles(process)
        for phase in ("throughput", "page", "overload", "faults", "memory"):
            if phase in options.phase:
                await getattr(soak, phase)()
        await asyncio.sleep(SILENCE)
        after = count_handles(process)
        for name in before:
            goal = "printed" if name == "threads" else "as before"  # pools grow with the crowd
            soak.tell(f"{name} before and after", f"{before[name]}, {after[name]}", goal)
    return {"figures": soak.figures, "curves": soak.curves}


def at(values: Sequence[float], share: float) -> float:
    """The value that this share of all is below; nan where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def both(values: Sequence[float]) -> str:
    return f"{at(values, 0.5):.2f} and {at(values, 0.95):.2f} s"
