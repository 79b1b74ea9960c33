"""The pages before the page: one file of HTML each, with the words of both languages in it."""
