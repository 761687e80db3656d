"""Endpoints for programs: Gradio, MCP, and the OpenAI Images API."""
