"""Teaching the models: captioned pictures to learn from, the training loops, the measurements."""
