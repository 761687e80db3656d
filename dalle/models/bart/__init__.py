"""BART: from a prompt to image codes, one after another."""
