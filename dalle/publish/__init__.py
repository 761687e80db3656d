"""This checkout as a Space on the Hugging Face Hub."""
