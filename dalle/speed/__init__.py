"""How fast drawing is on this machine, how fast it could be, and how fast others are."""
