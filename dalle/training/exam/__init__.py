"""The embedded model's exam: questions, judge, marks."""
