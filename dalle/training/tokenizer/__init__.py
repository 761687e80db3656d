"""Training of the image tokenizer, part by part."""
