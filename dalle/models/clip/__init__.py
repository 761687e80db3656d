"""CLIP: scores of pictures against a text."""
