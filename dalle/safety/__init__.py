"""What may be asked for, what may be seen, and what a picture carries when it leaves."""
