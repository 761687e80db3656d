"""How people ask: lists of everyday words, and captions made with them."""
