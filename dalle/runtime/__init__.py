"""The process's own settings: malloc and the compilation cache."""
