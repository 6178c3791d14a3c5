"""What an expected answer is, by its type, and how it is compared: numbers, codes, dates, names, and the rest."""
