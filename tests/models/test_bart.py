"""BART against reference values of the original implementation, and against itself."""
