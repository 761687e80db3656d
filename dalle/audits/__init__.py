"""Measurements of the prompt filter, and of the people in generated pictures."""
