"""The endpoints by way of JavaScript and of MCP."""

import json
import subprocess
from typing import Any

import httpx

from tests.fakes.apart import run_apart
from tests.serving.cluster.node import install_client


def test_javascript(quick_app, tmp_path):
    install_client(tmp_path)
    (tmp_path / "call.mjs").write_text("""
        import { Client } from "@gradio/client";
        const app = await Client.connect(process.argv[2]);
        const stages = [];
        let last;
        for await (const message of app.submit("/generate", { prompt: "a cat", seed: 7, keep: 2 }))
            if (message.type === "data") { last = message.data; stages.push(last[1].stage); }
        const urls = last[0].map((tile) => tile.image.url);
        const ranked = await app.predict("/rank", { prompt: "dark", pictures: urls });
        const mistake = await app.predict("/generate", { prompt: "a cat", keep: 99 })
            .catch((error) => error.message);
        const order = ranked.data[0].ranking.map((one) => one.picture);
        console.log(JSON.stringify({ stages, order, mistake }));
        process.exit(0);
    """)
    ran = subprocess.run(
        ["node", "call.mjs", quick_app], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert answer["stages"][-5:-1] == ["drawing", "drawing", "ranking", "done"]
    assert answer["order"] == [1, 0]
    assert answer["mistake"].startswith("keep is 99; it must be a whole number from 1")


def test_mcp(quick_app):
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def talk() -> dict[str, Any]:
        server = f"{quick_app}/gradio_api/mcp/"
        async with (
            streamable_http_client(server) as (reading, writing, _),
            ClientSession(reading, writing) as session,
        ):
            await session.initialize()
            return {
                "tools": await session.list_tools(),
                "picture": await session.call_tool("picture", {"prompt": "a cat", "seed": 7}),
                "generate": await session.call_tool("generate", {"prompt": "a cat", "seed": 7}),
                "mistake": await session.call_tool("picture", {"prompt": "a cat", "seed": -1}),
            }

    said = run_apart(talk())
    tools = {tool.name: tool for tool in said["tools"].tools}
    assert "Generates a picture" in tools["picture"].description
    assert tools["picture"].inputSchema["required"] == ["prompt"]
    image, address_of_it = said["picture"].content
    assert (image.type, image.mimeType) == ("image", "image/png")
    url = address_of_it.text.removeprefix("Image URL: ")
    assert httpx.get(url).headers["content-type"] == "image/png"
    assert "'candidate': 15" in said["generate"].content[0].text
    assert said["mistake"].isError
    assert said["mistake"].content[0].text.startswith("seed is -1; it must be a whole number")
