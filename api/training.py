"""Training over HTTP: what can be asked, runs and what is told to them, their events, samples and products."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any, Literal, get_args

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, StreamingResponse

from api.answer import FRESH
from api.gallery import only, wrong
from api.images import FOREVER, Whose
from api.jobs import QUIET, TheStudio, Visitor, values_of
from engine.errors import NotFound
from engine.request.training import TRAINING_PARAMETERS
from engine.request.training_parts import Concept
from engine.training.evaluation.report_run import of_run
from engine.training.evaluation.say import ENGLISH, Say
from engine.training.presets import all_presets
from engine.training.run_folder import Command

router = APIRouter(prefix="/api/training")
LOOK = 0.3  # seconds between two looks at a run that is followed
AT_ONCE = 500  # events
LONG = {name for name, known in TRAINING_PARAMETERS.items() if known.type is int and (known.high or 0) > 2**53}
COMMANDS: tuple[Command, ...] = get_args(Command)


@router.get("/schema")
async def schema(
    studio: TheStudio, checkpoint: str = "", pictures: Annotated[int, Query(ge=1, le=10**6)] = 20
) -> dict[str, Any]:
    """The parameters, and what the presets set for this model and so many pictures."""
    model = await to_thread.run_sync(studio.library.find, checkpoint)
    return {
        "parameters": [shown(name) for name in TRAINING_PARAMETERS],
        "concept": [about(name, field) for name, field in Concept.model_json_schema()["properties"].items()],
        "goals": all_presets(model.width, pictures),
        "base": {"name": model.name, "family": model.family, "side": model.width},
    }


@router.get("")
def runs(studio: TheStudio, owner: Whose) -> JSONResponse:
    return JSONResponse(studio.training.rows(owner), headers=FRESH)


@router.post("", status_code=201)
async def create(request: Request, studio: TheStudio, owner: Visitor) -> dict[str, str]:
    """`values` by name. The answer comes when the run is on the disk; it starts when its turn comes."""
    values = await asked(request)
    await to_thread.run_sync(studio.check_disk)
    return {"id": await to_thread.run_sync(studio.training.create, values, owner)}


@router.post("/estimate")
async def estimate(request: Request, studio: TheStudio, owner: Visitor) -> dict[str, Any]:
    """Seconds, and bytes of memory and disk; `measured`: by a run like it. `remedies`: what to change if it does not fit."""
    return await to_thread.run_sync(studio.training.estimate, await asked(request), owner)


@router.post("/dryrun", status_code=201)
async def dry_run(request: Request, studio: TheStudio, owner: Visitor) -> dict[str, str]:
    """Two steps in a folder of their own, for the estimate."""
    values = await asked(request)
    await to_thread.run_sync(studio.check_disk)
    return {"id": await to_thread.run_sync(studio.training.dry_run, values, owner)}


@router.get("/{run}")
def run(run: str, studio: TheStudio, owner: Whose) -> JSONResponse:
    found = studio.training.shown(run, owner)
    return JSONResponse({**found, "values": for_scripts(found["values"])}, headers=FRESH)


@router.get("/{run}/events")
def events(
    run: str,
    studio: TheStudio,
    owner: Whose,
    start: Annotated[int, Query(alias="from", ge=0)] = 0,
    steps: Annotated[int, Query(ge=2, le=10**6)] = 10**6,
) -> JSONResponse:
    """Those from byte `from` on; `next` is where to go on. steps: so many at the most, evenly."""
    found, following = studio.training.folder(run, owner).log.thinned(start, steps)
    return JSONResponse({"events": [e.model_dump(mode="json") for e in found], "next": following}, headers=FRESH)


@router.get("/{run}/stream")
async def stream(
    run: str, studio: TheStudio, owner: Whose, start: Annotated[int, Query(alias="from", ge=0)] = 0
) -> StreamingResponse:
    """Server-sent events, one for each; its id is the byte to go on from. `event: idle` when the run does not go on."""
    folder = await to_thread.run_sync(studio.training.folder, run, owner)

    async def lines() -> AsyncIterator[str]:
        at, quiet = start, 0.0
        while not studio.training.stopping:
            going = await to_thread.run_sync(lambda: folder.alive() or folder.queued is not None)
            found, at = await to_thread.run_sync(folder.log.placed, at, AT_ONCE)
            for event, after in found:
                yield f"id: {after}\ndata: {event.model_dump_json()}\n\n"
            if not going and not found:
                yield "event: idle\ndata: {}\n\n"
                return
            quiet = 0.0 if found else quiet + LOOK
            if quiet >= QUIET:
                quiet = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(LOOK if len(found) < AT_ONCE else 0)

    headers = {"cache-control": "no-store, no-transform", "x-accel-buffering": "no"}
    return StreamingResponse(lines(), media_type="text/event-stream", headers=headers)


@router.post("/{run}/command")
async def command(run: str, request: Request, studio: TheStudio, owner: Whose) -> dict[str, int]:
    wanted = only(await values_of(request), "command").get("command")
    told: Command | None = next((one for one in COMMANDS if one == wanted), None)
    if told is None:
        raise wrong("command")
    return {"seq": await to_thread.run_sync(studio.training.command, run, owner, told)}


@router.post("/{run}/start")
async def start_again(run: str, studio: TheStudio, owner: Whose) -> dict[str, str]:
    """From its last state."""
    await to_thread.run_sync(studio.check_disk)
    await to_thread.run_sync(studio.training.start_again, run, owner)
    return {"id": run}


@router.delete("/{run}", status_code=204)
def delete(run: str, studio: TheStudio, owner: Whose) -> None:
    studio.training.delete(run, owner)


@router.get("/{run}/sample/{step}/{file}")
def sample(run: str, step: int, file: str, studio: TheStudio, owner: Whose) -> FileResponse:
    path = studio.training.folder(run, owner).samples / f"{step:06}" / file
    if not (file.isascii() and file.endswith(".png") and file[:-4].isdecimal() and path.is_file()):
        raise NotFound("training.sample", "There is no such sample.", "Look for it among the run's events.")
    return FileResponse(path, media_type="image/png", headers={"cache-control": FOREVER})


@router.get("/{run}/condition/{file}")
def condition(run: str, file: str, studio: TheStudio, owner: Whose) -> FileResponse:
    """What the samples of one prompt follow; the same at every step."""
    path = studio.training.folder(run, owner).conditions / file
    if not (file.isascii() and file.endswith(".png") and file[:-4].isdecimal() and path.is_file()):
        raise NotFound("training.sample", "There is no such sample.", "Look for it among the run's events.")
    return FileResponse(path, media_type="image/png", headers={"cache-control": FOREVER})


@router.get("/{run}/report")
def report(run: str, request: Request, studio: TheStudio, owner: Whose, language: str = "en") -> HTMLResponse:
    """One page with everything inside, which needs no studio; nothing in it runs. language: one of the page's, else English."""
    words = request.app.state.words.get(language)
    page = of_run(studio.training.folder(run, owner), Say(language, words) if words else ENGLISH)
    return HTMLResponse(
        page, headers={**FRESH, "content-disposition": f'inline; filename="atelier-run-{run[-8:]}.html"'}
    )


@router.post("/{run}/use")
async def use(run: str, request: Request, studio: TheStudio, owner: Whose) -> dict[str, str]:
    """`step`: of a saved state, or "final"."""
    step: int | Literal["final"] = only(await values_of(request), "step").get("step", "final")
    if step != "final" and (type(step) is not int or step < 0):
        raise wrong("step")
    await to_thread.run_sync(studio.check_disk)
    placed = await to_thread.run_sync(partial(studio.training.use, run, owner, step))
    return {"kind": placed.kind, "name": placed.name}


async def asked(request: Request) -> dict[str, Any]:
    values = only(await values_of(request), "values").get("values")
    if not isinstance(values, dict):
        raise wrong("values")
    return values


def shown(name: str) -> dict[str, Any]:
    """A parameter, JSON-ready. method: that it belongs to."""
    known = TRAINING_PARAMETERS[name]
    kind = "concept" if name == "concepts" else known.type.__name__
    default = list(known.default) if known.many else known.default
    return {
        "name": name,
        "part": known.part,
        "method": known.start,
        "type": kind,
        "default": str(default) if name in LONG else default,
        "label": known.label,
        "help": known.help,
        "low": known.low,
        "high": None if name in LONG else known.high,
        "step": known.step or known.multiple_of,
        "choices": list(known.choices),
        "optional": known.optional,
        "many": known.many,
    }


def about(name: str, field: dict[str, Any]) -> dict[str, Any]:
    """A field of one folder."""
    return {
        "name": name,
        "label": field.get("title", name),
        "help": field.get("description", ""),
        "type": {"integer": "int", "number": "float"}.get(str(field.get("type")), "str"),
        "default": field.get("default"),
        "choices": field.get("enum", []),
        "low": field.get("minimum", field.get("exclusiveMinimum")),
        "high": field.get("maximum"),
    }


def for_scripts(values: dict[str, Any]) -> dict[str, Any]:
    """Seeds as text: a browser's numbers are exact only up to 2**53."""
    return json.loads(json.dumps({name: str(value) if name in LONG else value for name, value in values.items()}))
