"""The looks of people in generated pictures: prompts, judges, figures, report."""
