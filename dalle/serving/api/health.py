"""Routes for machines: whether the process lives, whether it draws, and its figures."""

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dalle.engine.protocol import Engine


def make_probes(engine: Engine) -> list[Route]:
    """/healthz, /readyz and /metrics."""

    async def health(request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readiness(request: Request) -> Response:
        if engine.ready:
            return PlainTextResponse(f"{engine.active_model.name} draws\n")
        told = engine.failure or "no picture was made yet, or the server is being stopped"
        return PlainTextResponse(f"{told}\n", 503)

    async def metrics(request: Request) -> Response:
        text = await run_in_threadpool(engine.metrics.as_text)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", health), Route("/readyz", readiness), Route("/metrics", metrics)
    ]  # fmt: skip
