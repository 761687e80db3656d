"""Several machines behind one page."""
