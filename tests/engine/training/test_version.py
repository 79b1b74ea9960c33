"""The product of a saved state is what the run would have left, had it ended there."""

from pathlib import Path

from engine.training import version
from engine.training.material import House
from engine.training.run import Run
from tests.engine.training import making, running


def test_the_product_of_the_last_state_is_that_of_the_run(tmp_path: Path) -> None:
    pictures = making.pictures(tmp_path / "pictures", 4)
    folder = running.made(tmp_path / "run", making.asked(pictures, length=2, unit="epochs", ema=True))
    list(Run(folder, House.of(folder.noted("house"))).events())
    wanted = running.products(folder)
    folder.products.rename(tmp_path / "final")
    version.main(str(folder.path), "4", str(folder.products))
    assert running.products(folder) == wanted
    told, _ = wanted["training.safetensors"]
    assert (told["ss_num_train_images"], told["ss_steps"], told["ss_max_train_steps"]) == ("4", "4", "4")
