"""`python -m tests.browser.with_canvases`: as `python app.py`, with the tabs "Inpaint" and "Sketch" shown."""

import sys

if __name__ == "__main__":  # each worker process imports this file again
    from app import main
    from ui import page

    page.CANVASES = True
    sys.exit(main())
