"""Marks of origin in files, and their verification."""
