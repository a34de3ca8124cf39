"""Gets the text of Alice's Adventures in Wonderland out of Brotli's source archive, and prepares it for training."""

import hashlib
import re
import tarfile
from pathlib import Path

BOOK = "brotli-1.2.1/tests/testdata/alice29.txt"
BOOK_SHA256 = "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0"

# The line that closes the title page, and the one that closes the book.
TITLE_PAGE_END = "THE MILLENNIUM FULCRUM EDITION 2.9"
BOOK_END = "THE END"


def read_chapters(archive: Path) -> list[str]:
    """The twelve chapters, without their headings. Raises ValueError where the archive has another book."""
    with tarfile.open(archive) as files:
        member = files.extractfile(BOOK)
        if member is None:
            raise ValueError(f"{archive} has no file {BOOK}: give the source archive of Brotli 1.2.1")
        book = member.read()
    if hashlib.sha256(book).hexdigest() != BOOK_SHA256:
        raise ValueError(f"{BOOK} in {archive} is not the text that the model is trained on")
    text = book.decode("ascii").replace("\r", "").replace("\x1a", "")
    text = text.split(TITLE_PAGE_END)[1].split(BOOK_END)[0]
    return [clean(chapter) for chapter in re.split(r"\n +CHAPTER [IVX]+\n\n.*\n", text)[1:]]


def clean(chapter: str) -> str:
    """One line for each paragraph, one for each line of a verse, and an empty line between paragraphs."""
    chapter = re.sub(r"^[ *]+$", "", chapter, flags=re.MULTILINE)
    # Breaks within a paragraph: the next line is not indented. A word that was broken keeps its hyphen.
    chapter = re.sub(r"-\n(?=\S)", "-", chapter.replace("--\n", "-- \n"))
    chapter = re.sub(r"\n(?=\S)", " ", chapter)
    chapter = straighten_quotes(chapter.replace("_", ""))
    lines = [re.sub(r" +", " ", line).strip().replace("-- ", "--") for line in chapter.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def straighten_quotes(text: str) -> str:
    """The edition has `speech', with "quotes" within. Afterwards it is "speech", with 'quotes' within."""
    text = text.replace('"', "\0")
    # The first apostrophe with no letter behind it closes a speech.
    text = re.sub(r"`([^`]*?)'(?![A-Za-z])", r'"\1"', text)
    return text.replace("`", '"').replace("\0", "'")
