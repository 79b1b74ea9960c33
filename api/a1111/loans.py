"""Pictures that a request brings: with the studio as long as its jobs need them, or kept when what is drawn is kept."""

from contextlib import ExitStack

from api.a1111.pictures import decoded
from engine.studio import Studio


class Loans:
    """Closed with the stack. keep: for good."""

    def __init__(self, studio: Studio, stack: ExitStack, keep: bool):
        self.studio, self.stack, self.keep = studio, stack, keep

    def bring(self, data: bytes) -> str:
        """SHA-256, which requests name. Raises BadRequest for what is no picture."""
        if self.keep:
            return self.studio.keep_picture(data)
        return self.stack.enter_context(self.studio.lend_picture(data))

    def bring_text(self, text: object) -> str:
        return self.bring(decoded(text))
