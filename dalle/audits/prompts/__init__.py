"""Refusals of the prompt filter: sets of texts, disguises, languages."""
