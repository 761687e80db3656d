"""The numbers that the captions of training count with: no picture has more than five of a kind."""

WORDS = {2: "two", 3: "three", 4: "four", 5: "five"}
NUMBERS = {form: number for number, word in WORDS.items() for form in (word, str(number))}
