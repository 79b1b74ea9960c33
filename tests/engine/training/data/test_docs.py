"""The page about pictures to learn from names all that the scan can say."""

from pathlib import Path
from typing import get_args

import pytest

from engine.training.data.findings import Code

PAGE = Path(__file__).parents[4] / "docs" / "training-data.md"


@pytest.mark.parametrize("code", get_args(Code))
def test_every_finding_is_described(code: str) -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    assert any(f"`{code}`" in row.split("|")[1] for row in rows)
