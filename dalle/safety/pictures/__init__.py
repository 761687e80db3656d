"""The check of pictures before visitors see them."""
