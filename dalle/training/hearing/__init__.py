"""Everyday words: a larger vocabulary, and encoders that learn to hear them as plain ones."""
