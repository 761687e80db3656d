"""The prompt filter and its rules."""
