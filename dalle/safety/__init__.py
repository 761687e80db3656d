"""What keeps prompts and pictures safe, and says where a picture comes from."""
