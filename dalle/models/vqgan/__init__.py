"""The published models' image tokenizer: a grid of codes to pixels and back."""
