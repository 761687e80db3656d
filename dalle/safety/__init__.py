"""What may be asked for, and what a picture carries when it leaves."""
