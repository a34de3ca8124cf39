"""A tokeniser of the kind that llama.cpp calls SPM, trained by byte-pair encoding.

llama.cpp merges the two neighbours whose union has the highest score. A score is the negated number of the merge, so
that the result is that of byte-pair encoding. Merges never cross the borders of the parts that PARTS finds; no piece
can then be found across such a border, and llama.cpp, which knows no parts, finds the same pieces.
"""

import re
from collections import Counter

SPACE = "\u2581"
NEWLINE = "<0x0A>"
UNKNOWN, BEGIN, END = 0, 1, 2
FIRST_BYTE = 3
FIRST_PIECE = FIRST_BYTE + 256
PARTS = re.compile(rf"{SPACE}?[A-Za-z]+|{SPACE}?[^A-Za-z{SPACE}\n]+|{SPACE}|\n")

# Types of tokens in GGUF.
NORMAL_TYPE, UNKNOWN_TYPE, CONTROL_TYPE, BYTE_TYPE = 1, 2, 3, 6


class Tokenizer:
    def __init__(self, text: str, size: int):
        words = Counter(part for part in parts_of(text) if part != "\n")
        characters = sorted({character for word in words for character in word})
        merges = train_merges(words, size - FIRST_PIECE - len(characters))
        self.pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *characters, *merges]
        normal = len(characters) + len(merges)
        self.types = [UNKNOWN_TYPE, CONTROL_TYPE, CONTROL_TYPE, *[BYTE_TYPE] * 256, *[NORMAL_TYPE] * normal]
        ranks = [-float(rank) for rank in range(len(merges))]
        self.scores = [0.0] * FIRST_PIECE + [-1e4] * len(characters) + ranks
        self._ranks = {piece: rank for rank, piece in enumerate(merges)}
        self._ids = {piece: index for index, piece in enumerate(self.pieces) if index >= FIRST_PIECE}
        self._encoded: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, without BEGIN."""
        return [token for part in parts_of(text) for token in self._encode_part(part)]

    def decode(self, tokens: list[int]) -> str:
        """The text of tokens. BEGIN, END and UNKNOWN have none."""
        return b"".join(self._bytes_of(token) for token in tokens).decode("utf-8", "replace")

    def _encode_part(self, part: str) -> list[int]:
        known = self._encoded.get(part)
        if known is None:
            pieces = merge(list(part), self._ranks)
            known = [token for piece in pieces for token in self._tokens_of(piece)]
            self._encoded[part] = known
        return known

    def _tokens_of(self, piece: str) -> list[int]:
        token = self._ids.get(piece)
        return [token] if token is not None else [FIRST_BYTE + byte for byte in piece.encode()]

    def _bytes_of(self, token: int) -> bytes:
        if token < FIRST_BYTE:
            return b""
        if token < FIRST_PIECE:
            return bytes([token - FIRST_BYTE])
        return self.pieces[token].replace(SPACE, " ").encode()


def parts_of(text: str) -> list[str]:
    return PARTS.findall(text.replace(" ", SPACE))


def train_merges(words: Counter[str], count: int) -> list[str]:
    """The unions of the commonest neighbours, one after another. Of equally common ones, the first by its characters."""
    split = {word: list(word) for word in words}
    merges: list[str] = []
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, pieces in split.items():
            for pair in zip(pieces, pieces[1:]):
                pairs[pair] += words[word]
        left, right = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(left + right)
        split = {word: join(pieces, left, right) for word, pieces in split.items()}
    return merges


def join(pieces: list[str], left: str, right: str) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        if joined and joined[-1] == left and piece == right:
            joined[-1] = left + right
        else:
            joined.append(piece)
    return joined


def merge(pieces: list[str], ranks: dict[str, int]) -> list[str]:
    """Merges the neighbours of the lowest rank, the first of them first, until none is left."""
    while True:
        candidates = [(ranks[a + b], at) for at, (a, b) in enumerate(zip(pieces, pieces[1:])) if a + b in ranks]
        if not candidates:
            return pieces
        _, at = min(candidates)
        pieces = [*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]]
