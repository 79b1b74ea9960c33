"""One run from its folder to its product, as a stream of events; whoever reads them writes them down."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from engine.denoise import device as devices
from engine.errors import AtelierError, BadRequest
from engine.lease import taken
from engine.library.load import LoadedModel, load
from engine.library.scan import Library
from engine.request.training import TrainingRequest
from engine.training import events as told
from engine.training import measuring, sampling, state
from engine.training.data.gathered import Around
from engine.training.data.items import Item
from engine.training.data.sampler import split
from engine.training.data.scan import Report, scan
from engine.training.events import RunEvent
from engine.training.feed import Feed
from engine.training.learners.table import learner
from engine.training.run_folder import RunFolder
from engine.training.store import Store, digest
from engine.training.taken import Taken
from engine.training.trainer import Trainer, accelerator_for

LOOK = 0.2  # seconds between two looks at the commands while a run rests
MOST_PROBES = 64  # pictures that are measured with, of each kind
FROZEN = ("lora", "textual_inversion", "controlnet")  # their base may be kept in the precision of the computation


@dataclass(frozen=True)
class House:
    """What a run must know of the studio. roots: the folders that pictures may come from; cache: of latents.
    lease: the run rests while it is held (engine/lease.py)."""

    models: Path
    cache: Path
    roots: tuple[Path, ...]
    device: str = "auto"
    lease: Path | None = None

    @classmethod
    def of(cls, noted: Any) -> "House":
        """Of house.json in the run's folder."""
        lease = noted.get("lease")
        roots = tuple(Path(root) for root in noted["roots"])
        cache, device = Path(noted["cache"]), noted.get("device", "auto")
        return cls(Path(noted["models"]), cache, roots, device, Path(lease) if lease else None)


class Run:
    """`events()` is the run. Commands are read from the folder between two steps."""

    def __init__(self, folder: RunFolder, house: House):
        self.folder, self.house = folder, house
        self.request = folder.request()
        self.heard = int((folder.noted("heard") or {}).get("seq", 0))
        self.stop: str = ""  # "stop": with a state; "stop_now": without
        self.trainer: Trainer
        self.model: LoadedModel
        self.held: list[Item] = []
        self.taken = Taken(folder)

    def events(self) -> Iterator[RunEvent]:
        try:
            yield from self.begin()
            yield from self.go_on()
            yield from self.finish()
        except AtelierError as error:
            yield told.Ended(how="failed", step=self.step, problem=error.problem)

    @property
    def step(self) -> int:
        return self.trainer.progress.step if hasattr(self, "trainer") else 0

    # -- beginning

    def begin(self) -> Iterator[RunEvent]:
        request = self.request
        yield told.Phase(doing="loading")
        self.model = self.load()
        self.choose_threads()
        yield told.Phase(doing="scanning")
        train, self.held = yield from self.pictures()
        taught = learner(self.model, request)
        store = Store(self.house.cache) if request.data.cache else None
        feed = Feed(self.model, request, train, bool(getattr(taught, "reads", False)), store)
        for done, of in feed.prepare():
            yield told.Phase(doing="caching", done=done, of=of)
            yield from self.give_way()
            if self.listen() and self.stop:
                return
        taught.to(self.model.device)
        self.trainer = Trainer(request, taught, feed, accelerator_for(request, self.model.device))
        newest = state.newest(self.folder.states)
        if newest:
            self.trainer.restore(state.load(newest))
        self.probes = feed.probes(train[:MOST_PROBES] if self.held else [])
        self.held_probes = feed.probes(self.held[:MOST_PROBES])
        yield told.Began(
            step=self.step, total=self.trainer.total, pictures=len(train), epoch=self.trainer.steps_per_epoch
        )
        if not newest:
            yield from self.measure()
            yield from self.draw()
            yield from self.save()

    def load(self) -> LoadedModel:
        request = self.request
        library = Library(self.house.models, self.house.cache)
        file = library.find(request.base.checkpoint_hash or request.base.checkpoint)
        device, _ = devices.pick(self.house.device, "float32")
        if request.loop.precision == "float16" and device.type == "cpu":
            raise BadRequest(
                "training.float16", "A CPU does not train in float16.", "Choose bfloat16.", field="precision"
            )
        frozen = request.method.kind in FROZEN and request.loop.precision != "float32"
        dtype = getattr(torch, request.loop.precision) if frozen and device.type == "cuda" else torch.float32
        return load(file, device, dtype, library.hash_of(file))

    def choose_threads(self) -> None:
        """Small networks train fastest in one thread, as they draw."""
        if self.model.device.type == "cpu":
            weights = sum(weight.numel() for weight in self.model.unet.parameters())
            positions = self.request.loop.batch * (self.request.data.resolution // 8) ** 2
            devices.use_threads(devices.threads(weights, positions, torch.get_num_threads()))

    def pictures(self) -> Iterator[RunEvent]:
        """Those to train on, those held out. Errors of the scan end the run; data that changed does too."""
        request, tokenizer = self.request, self.model.tokenizer
        around = Around(
            roots=self.house.roots,
            counts=lambda text: len(tokenizer(text, add_special_tokens=False, truncation=False).input_ids),
            longest=tokenizer.model_max_length - 2,
            batch=request.loop.batch,
        )
        report: Report | None = None
        for found in scan(request.data, request.captions, around):
            if isinstance(found, Report):
                report = found
            elif found.done % 100 == 0:
                yield told.Phase(doing="scanning", done=found.done, of=found.of)
        assert report is not None
        for finding in report.findings:
            if finding.severity == "error":
                raise BadRequest(f"data.{finding.code}", finding.message, finding.remedy, field="concepts")
        train = [item for item in report.items if item.concept.kind != "validation"]
        held = [item for item in report.items if item.concept.kind == "validation"]
        if request.data.hold_out:
            learned = [item for item in train if item.concept.kind == "train"]
            kept, more = split(learned, request.data.hold_out)
            train, held = kept + [item for item in train if item.concept.kind == "prior"], held + more
        if not train:
            raise BadRequest(
                "data.none", "There is no picture to learn from.", "Add pictures to the folder.", field="concepts"
            )
        self.unchanged(train)
        return train, held

    def unchanged(self, items: list[Item]) -> None:
        """A run that goes on sees what it saw before: else it would be another run under the same name."""
        now = {item.id: [item.path.name, digest(*item.captions)] for item in items}
        before = self.folder.noted("items")
        if before is None:
            self.folder.note("items", now)
            return
        if before != now:
            names = sorted({told[0] for key, told in {**before, **now}.items() if before.get(key) != now.get(key)})
            shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            raise BadRequest(
                "training.data_changed",
                f"The pictures or captions have changed since this run began: {shown}.",
                "Put them back as they were, or start a new run from its last result.",
                field="concepts",
                names=shown,
            )

    # -- stepping

    def go_on(self) -> Iterator[RunEvent]:
        if self.stop:
            return
        every, trainer = self.request.every, self.trainer
        yield told.Phase(doing="training")
        self.taken.begin()
        while not trainer.finished:
            made = trainer.advance()
            self.taken.step(made.seconds, self.model.device)
            if made.step % every.log == 0 or made.left_out or trainer.finished:
                yield told.StepMade(
                    **{name: getattr(made, name) for name in told.StepMade.model_fields if hasattr(made, name)}
                )
            if due(made.step, every.measure) or trainer.finished:
                yield from self.measure()
            if due(made.step, every.sample) or trainer.finished:
                yield from self.draw()
            if due(made.step, every.save) and not trainer.finished:
                yield from self.save()
            yield from self.obey()
            if self.stop or self.patience_is_over():
                return
            yield from self.give_way()

    def measure(self) -> Iterator[RunEvent]:
        if not self.held_probes:
            return
        yield told.Phase(doing="measuring")
        progress = self.trainer.progress
        first = self.folder.noted("first_losses")
        now = self.trainer.measure(self.held_probes)
        if first is None:
            self.folder.note("first_losses", now)
        found = measuring.compared(now, first)
        train = self.trainer.measure(self.probes)
        row: dict[str, Any] = {
            "step": self.step,
            "held_out": found.mean,
            "train": sum(train.values()) / len(train),
            "change": found.change,
            "error": found.error,
        }
        progress.measured = [one for one in progress.measured if one["step"] != self.step] + [row]
        best = measuring.best(progress.measured)
        progress.waited = 0 if best == self.step else progress.waited + 1
        progress.best_step, progress.best_loss = best, found.mean if best == self.step else progress.best_loss
        yield told.Measured(**row, best=best, advice=measuring.advice(progress.measured))

    def patience_is_over(self) -> bool:
        patience = self.request.every.patience
        return bool(patience and self.trainer.progress.waited >= patience)

    def draw(self) -> Iterator[RunEvent]:
        if not self.request.samples.prompts:
            return
        yield told.Phase(doing="drawing")
        with self.trainer.averaged():
            made = sampling.draw(self.model, self.request)
        paths = sampling.write(made, self.folder.samples / f"{self.step:06}")
        yield told.Sampled(step=self.step, files=tuple(str(path.relative_to(self.folder.path)) for path in paths))

    def save(self) -> Iterator[RunEvent]:
        yield told.Phase(doing="saving")
        begun = time.perf_counter()
        state.save(self.folder.states, self.trainer.state())
        state.tidy(self.folder.states, self.request.every.states, self.trainer.progress.best_step)
        yield told.Saved(step=self.step, seconds=time.perf_counter() - begun)

    # -- commands

    def listen(self) -> str | None:
        """The next command, if there is one; a signal counts as a command too."""
        found = self.folder.told(self.heard)
        if not found:
            return None
        self.heard, command = found
        self.folder.note("heard", {"seq": self.heard})
        if command in ("stop", "stop_now"):
            self.stop = command
        return command

    def obey(self) -> Iterator[RunEvent]:
        command = self.listen()
        if not command:
            return
        yield told.Heard(seq=self.heard, command=command)
        if command == "save":
            yield from self.save()
        elif command == "sample":
            yield from self.draw()
        elif command == "measure":
            yield from self.measure()
        elif command == "pause":
            yield from self.rest()

    def give_way(self) -> Iterator[RunEvent]:
        """Rest while people's pictures are drawn on this device; commands are heard meanwhile."""
        lease = self.house.lease
        if lease is None or not taken(lease):
            return
        yield told.Paused(why="drawing")
        if self.model.device.type == "cuda":
            torch.cuda.empty_cache()
        while taken(lease) and not self.stop:
            yield from self.obey()
            time.sleep(LOOK)
        yield told.Resumed()

    def rest(self) -> Iterator[RunEvent]:
        yield from self.save()
        yield told.Paused(why="asked")
        while not self.stop:
            command = self.listen()
            if command:
                yield told.Heard(seq=self.heard, command=command)
            if command == "resume":
                break
            time.sleep(LOOK)
        yield told.Resumed()

    def on_signal(self, number: int, frame: object) -> None:
        """The first asks to stop with a state, the second at once."""
        self.stop = "stop_now" if self.stop or number == signal.SIGINT else "stop"

    # -- finishing

    def finish(self) -> Iterator[RunEvent]:
        if not hasattr(self, "trainer"):
            yield told.Ended(how="stopped", step=0)
            return
        if self.stop != "stop_now":
            yield from self.save()
        if self.stop:
            yield told.Ended(how="stopped", step=self.step)
            return
        yield from self.export()
        yield told.Ended(how="finished", step=self.step)

    def export(self) -> Iterator[RunEvent]:
        yield told.Phase(doing="exporting")
        self.folder.products.mkdir(exist_ok=True)
        with self.trainer.averaged():
            paths = self.trainer.learner.product(self.folder.products, self.request.product.name, self.about())
        yield told.Exported(step=self.step, files=tuple(str(p.relative_to(self.folder.path)) for p in paths))

    def about(self) -> dict[str, str]:
        """The metadata of the product, in the words that other programs read (kohya's ss_ and modelspec's)."""
        pictures = len(self.folder.noted("items") or {})
        return metadata(self.request, self.model, self.step, self.trainer, pictures)


def due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0


def metadata(
    request: TrainingRequest, model: LoadedModel, step: int, trainer: Trainer, pictures: int
) -> dict[str, str]:
    method: Any = request.method
    found = {
        "ss_base_model_version": "sd_v2" if model.family.key.startswith("sd2") else "sd_v1",
        "ss_sd_model_name": model.name,
        "ss_sd_model_hash": model.hash,
        "ss_output_name": request.product.name,
        "ss_num_train_images": str(pictures),
        "ss_steps": str(step),
        "ss_max_train_steps": str(trainer.total),
        "ss_learning_rate": str(request.optimisation.learning_rate),
        "ss_optimizer": request.optimisation.optimiser,
        "ss_lr_scheduler": request.optimisation.schedule,
        "ss_resolution": f"({request.data.resolution}, {request.data.resolution})",
        "ss_seed": str(request.loop.seed),
        "ss_clip_skip": str(request.base.clip_skip),
        "ss_v2": str(model.family.key.startswith("sd2")),
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.title": request.product.name,
        "modelspec.resolution": f"{request.data.resolution}x{request.data.resolution}",
        "modelspec.prediction_type": "v" if model.scheduler_config["prediction_type"] == "v_prediction" else "epsilon",
    }
    if method.kind == "lora":
        found |= {
            "ss_network_module": "networks.lora" if method.algorithm in ("LoRA", "DoRA") else "lycoris.kohya",
            "ss_network_dim": str(method.rank),
            "ss_network_alpha": str(method.alpha),
            "modelspec.architecture": "stable-diffusion-v1/lora",
        }
    return found
