"""One run from its folder to its product, as a stream of events; whoever reads them writes them down."""

import os
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from engine.lease import taken
from engine.library.load import LoadedModel
from engine.library.safety import checker_file
from engine.picture.veil import Judge, kept
from engine.request.training import TrainingRequest
from engine.request.training_methods import ControlNet
from engine.training import events as told
from engine.training import material, measuring, sampling, state
from engine.training.events import RunEvent
from engine.training.export.about import about
from engine.training.feed import Feed
from engine.training.learners.learner import Batch
from engine.training.learners.table import learner
from engine.training.material import House, Pictures
from engine.training.orders import Orders
from engine.training.run_folder import RunFolder
from engine.training.store import Store
from engine.training.taken import Taken
from engine.training.trainer import Trainer, accelerator_for
from engine.training.troubles import problem_of

LOOK = 0.2  # seconds between two looks at the commands while a run rests
TOLD = {"code", "severity", "message", "remedy", "values"}  # of a finding, for the report
MOST_PROBES = 64  # pictures that are measured with, of each kind


class Run:
    """`events()` is the run. Commands are read from the folder between two steps. Of several processes all go the same
    way, and the first alone writes."""

    def __init__(self, folder: RunFolder, house: House):
        self.folder, self.house = folder, house
        self.request: TrainingRequest = folder.request()
        self.device = material.device_of(self.request, house)
        self.accelerator = accelerator_for(self.request, self.device)
        self.orders = Orders(folder, self.accelerator)
        self.taken = Taken(folder)
        self.kept: int | None = None  # the step whose state was written last
        self.trainer: Trainer
        self.model: LoadedModel

    def events(self) -> Iterator[RunEvent]:
        try:
            if (yield from self.begin()):
                yield from self.go_on()
            yield from self.finish()
            self.accelerator.wait_for_everyone()  # who leaves early takes the others' connection along
        except Exception as error:
            problem = problem_of(error)
            if problem is None:
                raise
            yield told.Ended(how="failed", step=self.step, problem=problem)

    @property
    def step(self) -> int:
        return self.trainer.progress.step if hasattr(self, "trainer") else 0

    @property
    def main(self) -> bool:
        return self.accelerator.is_main_process

    # -- beginning

    def begin(self) -> Iterator[RunEvent]:
        """Returns False when it was told to stop before there was anything to keep."""
        request, cores = self.request, torch.get_num_threads()
        yield told.Phase(doing="loading")
        before = (self.folder.noted("base") or {}).get("name")
        self.model = material.model(request, self.house, self.device, before)
        material.use_threads(self.model, request, cores)
        if self.device.type == "cpu":
            material.suit_cpu(self.model, request)
        yield told.Phase(doing="scanning")
        found = yield from self.pictures()
        if self.orders.stopping():
            return False
        taught = learner(self.model, request)
        with self.accelerator.main_process_first():
            store = Store(self.house.cache) if request.data.cache else None
            feed = Feed(self.model, request, found.train, taught.reads, store)
            for done, of in material.rarely(feed.prepare()):
                yield told.Phase(doing="caching", done=done, of=of)
                yield from self.stand_aside()
                if self.orders.stop:
                    break
        if self.orders.stopping():
            return False
        taught.to(self.device)
        self.trainer = Trainer(request, taught, feed, self.accelerator)
        if newest := self.orders.agreed(state.newest(self.folder.states)):
            self.trainer.restore(state.load(newest))
            self.kept = self.step
        if self.main:
            self.folder.note("card", about(request, self.model, feed.course.items, self.step, self.trainer.total))
        self.accelerator.wait_for_everyone()  # the first may save and tidy from here on
        self.probes = feed.probes(found.train[:MOST_PROBES] if found.held else [])
        self.held_probes = feed.probes(found.held[:MOST_PROBES])
        self.maps: list[Tensor] = []  # what the samples of a ControlNet follow
        if isinstance(request.method, ControlNet):
            shown = self.held_probes or feed.probes(found.train[: len(request.samples.prompts)])
            self.maps = [map_ for batch in shown if batch.control is not None for map_ in batch.control]
        pictures, epoch = len(found.train), self.trainer.steps_per_epoch
        yield told.Began(step=self.step, total=self.trainer.total, pictures=pictures, epoch=epoch)
        return True

    def pictures(self) -> Iterator[RunEvent]:
        """Returns them; those of the scan that nobody can do without end the run, and so do data that have changed."""
        found: Pictures | None = None
        for one in material.pictures(self.request, self.house, self.model):
            if isinstance(one, Pictures):
                found = one
            elif one.done % 100 == 0:
                yield told.Phase(doing="scanning", done=one.done, of=one.of)
        assert found is not None
        for doubt in found.doubts:
            yield told.Warned(problem=doubt)
        if self.main:
            self.folder.note("findings", [one.model_dump(mode="json", include=TOLD) for one in found.findings])
            material.unchanged(self.folder, self.model, found)
        return found

    # -- stepping

    def go_on(self) -> Iterator[RunEvent]:
        trainer, every = self.trainer, self.request.every
        yield from self.look()
        if not self.orders.stop and self.kept is None:
            yield from self.save()  # what the first matrices were
        yield told.Phase(doing="training")
        self.taken.begin()
        while not (self.orders.stop or trainer.finished or self.patience_is_over()):
            made = trainer.advance()
            if self.main:
                self.taken.step(made.seconds, self.device)
            if made.step % every.log == 0 or made.left_out or trainer.finished:
                names = [name for name in told.StepMade.model_fields if hasattr(made, name)]
                yield told.StepMade(**{name: getattr(made, name) for name in names})
            yield from self.look()
            if due(self.step, every.save) and not (trainer.finished or self.orders.stop):
                yield from self.save()
            yield from self.keep_best()
            yield from self.obey()
            yield from self.give_way()

    def look(self) -> Iterator[RunEvent]:
        """Measure and draw where it is time for it, unless it was done before the run was interrupted."""
        every, edge = self.request.every, self.step == 0 or self.trainer.finished
        measured = {row["step"] for row in self.trainer.progress.measured}
        if (edge or due(self.step, every.measure)) and self.step not in measured:
            yield from self.measure()
        drawn = sampling.complete(self.folder.samples / f"{self.step:06}", len(self.request.samples.prompts))
        if (edge or due(self.step, every.sample)) and self.orders.agreed(not drawn) and not self.orders.stopping():
            yield from self.draw()

    def measure(self) -> Iterator[RunEvent]:
        """Nothing comes of it when the run is told to stop meanwhile; it is measured when the run goes on."""
        if not self.held_probes:
            return
        yield told.Phase(doing="measuring")
        now = self.trainer.measure(self.until_stopped(self.held_probes))
        train = self.trainer.measure(self.until_stopped(self.probes))
        if self.orders.stop:
            return
        first = self.folder.noted("first_losses") if self.step else None
        if first is None and self.main:
            self.folder.note("first_losses", now)
        progress = self.trainer.progress
        row = measuring.row(self.step, now, train, first)
        progress.add(row)
        yield told.Measured(**row, best=progress.best_step, advice=measuring.advice(progress.measured))

    def until_stopped(self, batches: list[Batch]) -> Iterator[Batch]:
        for batch in batches:
            if self.orders.stopping():
                return
            yield batch

    def patience_is_over(self) -> bool:
        patience = self.request.every.patience
        return bool(patience and self.trainer.progress.waited >= patience)

    def draw(self) -> Iterator[RunEvent]:
        if not self.request.samples.prompts:
            return
        yield told.Phase(doing="drawing")
        made = sampling.drawn(self.model, self.request, self.trainer, self.maps)
        if self.main:
            looked = [kept(one, self.judge) for one in made]
            made, held = [one for one, _ in looked], tuple(why for _, why in looked)
            files = self.below(sampling.write(made, self.folder.samples / f"{self.step:06}"))
            followed = sampling.followed(self.maps, len(made))
            conditions = self.below(sampling.write(followed, self.folder.conditions) if followed else [])
            held = held if self.house.checked else ()
            yield told.Sampled(step=self.step, files=files, conditions=conditions, held=held)

    @cached_property
    def judge(self) -> Judge | None:
        """Who looks at samples before they are written. On the CPU: what trains needs the other memory."""
        if not self.house.checked:
            return None
        from engine.safety.checker import load_checker

        return load_checker(checker_file(self.house.models), torch.device("cpu")).judge

    def below(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """As events name them."""
        return tuple(str(path.relative_to(self.folder.path)) for path in paths)

    def save(self) -> Iterator[RunEvent]:
        """Not what has diverged: the last good state stays instead."""
        if self.kept == self.step or not self.trainer.sound():
            return
        yield told.Phase(doing="saving")
        begun = time.perf_counter()
        if self.main:
            state.save(self.folder.states, self.trainer.state())
            state.tidy(self.folder.states, self.request.every.states, self.trainer.progress.best_step)
        self.kept = self.step
        yield told.Saved(step=self.step, seconds=time.perf_counter() - begun)

    def keep_best(self) -> Iterator[RunEvent]:
        """At the end, and where a stop keeps a state, it is saved anyway."""
        if self.trainer.progress.best_step == self.step and not (self.trainer.finished or self.orders.stop):
            yield from self.save()

    # -- commands

    def obey(self) -> Iterator[RunEvent]:
        heard = self.orders.next()
        if not heard:
            return
        yield heard
        if heard.command == "pause":
            yield from self.rest()
        else:
            yield from self.carry_out(heard.command)

    def carry_out(self, command: str) -> Iterator[RunEvent]:
        if command == "save":
            yield from self.save()
        elif command == "sample":
            yield from self.draw()
        elif command == "measure":
            yield from self.measure()
            yield from self.keep_best()

    def give_way(self) -> Iterator[RunEvent]:
        """Rest while people's pictures are drawn on this device; commands are heard meanwhile."""
        lease = self.house.lease
        if lease is None or not self.orders.agreed(taken(lease)):
            return
        yield told.Paused(why="drawing")
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        while self.orders.agreed(taken(lease)) and not self.orders.stop:
            heard = list[RunEvent]()
            for event in self.obey():
                heard.append(event)
                yield event
            if heard and not self.orders.stop:
                yield told.Paused(why="drawing")
            time.sleep(LOOK)
        yield told.Resumed()

    def stand_aside(self) -> Iterator[RunEvent]:
        """The same before there is a trainer. Of several processes one caches at a time, so none agrees with the others;
        all commands but a stop are left for later."""
        self.orders.waiting()
        lease = self.house.lease
        if lease is None or not taken(lease):
            return
        yield told.Paused(why="drawing")
        while taken(lease) and not self.orders.stop:
            self.orders.waiting()
            time.sleep(LOOK)
        yield told.Resumed()

    def rest(self) -> Iterator[RunEvent]:
        yield from self.save()
        yield told.Paused(why="asked")
        while not self.orders.stop:
            heard = self.orders.next()
            if heard:
                yield heard
                if heard.command == "resume":
                    break
                yield from self.carry_out(heard.command)
                yield told.Paused(why="asked")
            time.sleep(LOOK)
        yield told.Resumed()

    # -- finishing

    def finish(self) -> Iterator[RunEvent]:
        heard = self.orders.next() if self.orders.stop else None  # a stop that was seen in the middle of something
        if heard:
            yield heard
        if hasattr(self, "trainer") and self.orders.stop != "stop_now":
            yield from self.save()
        if self.orders.stop:
            yield told.Ended(how="stopped", step=self.step)
            return
        if not self.trainer.sound():
            raise self.trainer.diverged()
        yield from self.export(self.folder.products)
        yield told.Ended(how="finished", step=self.step)

    def export(self, into: Path) -> Iterator[RunEvent]:
        yield told.Phase(doing="exporting")
        if not self.main:
            return
        into.mkdir(parents=True, exist_ok=True)
        trainer, card = self.trainer, {**(self.folder.noted("card") or {}), "ss_steps": str(self.step)}
        with trainer.averaged():
            paths = trainer.learner.product(into, self.request.product.name, card)
        yield told.Exported(step=self.step, files=tuple(os.path.relpath(path, self.folder.path) for path in paths))


def due(step: int, every: int) -> bool:
    return every > 0 and step % every == 0
