"""The embedded model's image tokenizer: cells of a picture to codes and back."""
