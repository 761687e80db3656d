"""A crowd at a real server: who comes, what becomes of them, and what it costs the server."""
