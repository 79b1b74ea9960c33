"""The tab "Gallery": one piece that shows every stored picture."""

from ui.pieces.piece import Piece


def gallery() -> Piece:
    return Piece("gallery")
