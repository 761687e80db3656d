"""Names of models, and downloads from the Hugging Face Hub."""
