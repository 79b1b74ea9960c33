"""The house as a whole: which process may hold what."""

import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
SERVER = """
import sys
import ui.page, api.server, engine.studio
print([name for name in ("torch", "diffusers", "transformers", "accelerate") if name in sys.modules])
"""


def test_the_page_and_the_api_load_without_torch() -> None:
    loaded = subprocess.run([sys.executable, "-c", SERVER], cwd=HOUSE, capture_output=True, text=True, timeout=120)
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.strip() == "[]"
