"""A4 pages in one bundled typeface: nothing is looked for on the machine or in the network."""

import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Final

from fpdf import FPDF
from fpdf.fonts import TTFFont

FAMILY: Final = "Liberation Sans"
FONTS: Final = Path(__file__).with_name("fonts")
LONGEST_TEXT: Final = 300
"""Characters of one text: more is cut, so that a single row never outgrows a page."""

NO_GLYPH: Final = "?"
PAGE_COUNT: Final = "\ue000"
"""Stands for the number of pages, which is known at the end. No text that is drawn can hold it."""

MARGIN: Final = 20.0
FOOTER: Final = 25.0

Shade = tuple[int, int, int]
BLACK: Final[Shade] = (33, 37, 41)
GRAY: Final[Shade] = (108, 117, 125)

_BLANKS = re.compile(r"\s+")


class Paper(FPDF):
    """Every page ends with its title and number. The bytes depend on what is drawn and `dated_at` only."""

    def __init__(self, title: str, *, author: str, dated_at: datetime) -> None:
        super().__init__(format="A4")
        self.set_creation_date(dated_at)
        self.set_lang("en")
        self.add_font(FAMILY, "", FONTS / "LiberationSans-Regular.ttf")
        self.add_font(FAMILY, "B", FONTS / "LiberationSans-Bold.ttf")
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=FOOTER)
        self.alias_nb_pages(PAGE_COUNT)
        self.use()
        self.set_title(self.drawable(title))
        self.set_author(self.drawable(author))
        self.add_page()

    def use(self, size: float = 10, *, bold: bool = False, shade: Shade = BLACK) -> None:
        """What is written from here on looks so. The size is in points."""
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*shade)

    def drawable(self, text: str) -> str:
        """In one line, with `?` for what has no shape in the typeface: invisible characters are among it."""
        line = _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()
        cut = line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"
        return "".join(character if self._has(character) else NO_GLYPH for character in cut)

    def footer(self) -> None:
        self.set_y(8 - FOOTER)
        self.use(8, shade=GRAY)
        self.cell(self.epw / 2, text=str(self.title))
        self.cell(self.epw / 2, text=f"Page {self.page_no()} of {PAGE_COUNT}", align="R")

    def _has(self, character: str) -> bool:
        font = self.current_font
        is_visible = not unicodedata.category(character).startswith("C")
        return is_visible and isinstance(font, TTFFont) and ord(character) in font.cmap
