"""The prompt filter, the picture check, and the marks of origin in files."""
