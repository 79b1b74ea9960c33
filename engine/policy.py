"""What a studio offers: all of it, or what a public demo can bear. One frozen value, made once, asked everywhere."""

from dataclasses import dataclass, field

from engine.errors import BadRequest, Busy
from engine.job import Job
from engine.request.restoring import RestoreRequest

MIB = 2**20


@dataclass(frozen=True)
class Bounds:
    """Of one job; None is no bound. side: pixels, also of a second pass; cost: million pixel-steps (Job.cost)."""

    side: int | None = None
    steps: int | None = None
    pictures: int | None = None
    cost: float | None = None

    def check(self, job: Job) -> None:
        """Raises BadRequest, naming the field, for a job that is more than this."""
        request = job.request
        sides = [*job.size]
        if not isinstance(request, RestoreRequest) and request.hires.on:
            sides += request.hires.size(request.size)
        width, height = job.size
        too_much("width" if width >= height else "height", "pixels a side", max(sides), self.side)
        too_much("steps", "steps", job.steps, self.steps)
        too_much("count", "pictures at once", job.count, self.pictures)
        if self.cost is not None and job.cost > self.cost:
            times = round(job.cost / self.cost, 2)
            raise BadRequest(
                "demo.cost",
                f"This is {times} times the work that one job may be here.",
                "Ask for a smaller picture, fewer steps, or fewer control units.",
                field="steps",
                times=times,
            )


@dataclass(frozen=True)
class Policy:
    """offered: rows of the guard's table (api/rules.py) that are open, None for all; closed: tabs and other parts that are not shown; events: of the page (ui/page.py);
    upload: bytes; active: jobs of one visitor, waiting or in work; queue: jobs that may wait in all; models: whether one may choose among
    them; frames: pages that may show this one in a frame."""

    demo: bool = False
    bounds: Bounds = field(default_factory=Bounds)
    offered: frozenset[str] | None = None
    closed: tuple[str, ...] = ()
    upload: int | None = None
    active: int | None = None
    queue: int | None = None
    models: bool = True
    events: frozenset[str] | None = None
    frames: tuple[str, ...] = ()

    def check(self, job: Job, model: str, active: int) -> None:
        """Raises BadRequest for what is not offered, and Busy. model: the hash of the only one there is to be, without a
        choice; active: how many jobs the visitor has already, looks at what is being sketched aside."""
        self.bounds.check(job)
        if self.active is not None and not job.live and active >= self.active:
            raise Busy(
                "demo.busy",
                "Your picture before is still being drawn.",
                "Wait until it is done, or stop it.",
                retry_after=5,
            )
        if not self.models and job.checkpoint not in ("", model):
            raise BadRequest(
                "demo.checkpoint",
                "This demo draws with one model.",
                "Leave the model as it is, or run Atelier on your own machine.",
                field="checkpoint",
            )


WHOLE = Policy()
DEMO = Policy(
    demo=True,
    bounds=Bounds(side=1024, steps=30, pictures=1, cost=1024 * 1024 * 30 / 1e6),
    offered=frozenset(
        {
            # the page, and what Gradio needs for it
            *("/", "/healthz", "/readyz", "/favicon.ico", "/config", "/svelte/", "/static/", "/assets/", "/theme.css"),
            *("/robots.txt", "/manifest.json", "/pwa_icon", "/gradio_api/theme.css", "/gradio_api/startup-events"),
            *("/gradio_api/heartbeat/", "/gradio_api/queue/data", "/gradio_api/run/predict", "/gradio_api/queue/join"),
            # drawing, and one's own pictures
            *(
                "/api/openapi.json",
                "/api/state",
                "/api/now",
                "/api/jobs",
                "/api/pictures",
                "/api/preprocess",
                "/api/preprocessors",
            ),
            *(
                "/api/controlnets",
                "/api/loras",
                "/api/embeddings",
                "/api/upscalers",
                "/api/read-settings",
                "/api/prompt",
            ),
            *(
                "/api/checkpoints",
                "/api/form",
                "/api/presets",
                "/api/history",
                "/api/images",
                "/api/images/selection",
                "/api/verify",
            ),
        }
    ),
    closed=("training", "grid", "restore", "styles", "boards"),
    events=frozenset({"restore", "submit", "look", "fill", "choose_model"}),
    upload=8 * MIB,
    active=1,
    queue=8,
    models=False,
    frames=("https://huggingface.co", "https://*.hf.space"),
)


def too_much(name: str, what: str, asked: int, most: int | None) -> None:
    if most is not None and asked > most:
        raise BadRequest(
            "demo.much",
            f"This demo draws with {most} {what} at most; {asked} were asked for.",
            f"Choose {most} or less, or run Atelier on your own machine.",
            field=name,
            most=most,
            asked=asked,
        )
