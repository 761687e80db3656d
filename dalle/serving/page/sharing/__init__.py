"""A link as others see it before they open it: a title, a sentence, a picture."""
