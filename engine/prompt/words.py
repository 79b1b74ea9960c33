"""Words that stand for vectors: the name of an embedding in a prompt takes the place of tokens."""

import re
from collections.abc import Callable, Mapping

Atom = int | tuple[int, ...]  # a token, or several that stay together
Tokens = Callable[[str], list[int]]


class Words:
    """vectors: how many each word stands for. A vector's token is negative: -1 is the first of the first word."""

    def __init__(self, vectors: Mapping[str, int]):
        self.tokens: dict[str, tuple[int, ...]] = {}
        count = 0
        for word, several in vectors.items():
            if word.strip() and word.casefold() not in self.tokens:
                self.tokens[word.casefold()] = tuple(-1 - index for index in range(count, count + several))
            count += several
        longest_first = sorted(self.tokens, key=len, reverse=True)
        either = "|".join(re.escape(word) for word in longest_first)
        # Names may begin or end with signs, as "<my-cat>" does; a letter beside them would be of another word.
        self.pattern = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE) if either else None

    def within(self, text: str) -> list[str]:
        """Those that the text has, in small letters, each once; brackets that are written with \\ count as such."""
        if self.pattern is None:
            return []
        found = [*self.pattern.findall(text), *(self.pattern.findall(text.replace("\\", "")) if "\\" in text else ())]
        return list(dict.fromkeys(word for word in map(str.casefold, found) if word in self.tokens))

    def atoms(self, tokens: Tokens) -> Callable[[str], list[Atom]]:
        """Tokens of a text, with the vectors' own where a word stands for them."""
        pattern = self.pattern
        if pattern is None:
            return lambda text: [*tokens(text)]

        def read(text: str) -> list[Atom]:
            made: list[Atom] = []
            start = 0
            for match in pattern.finditer(text):
                if own := self.tokens.get(match[0].casefold()):
                    made += tokens(text[start : match.start()])
                    made.append(own)
                    start = match.end()
            return made + tokens(text[start:])

        return read


NONE = Words({})
