"""Folders of pictures over HTTP: upload, look at, caption, scan and mend."""

from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.answer import FRESH
from api.gallery import only, wrong
from api.jobs import TheStudio, Visitor, values_of
from engine.errors import BadRequest
from engine.picture.open import LARGEST_FILE
from engine.training.data.caption_files import LARGEST_CAPTION
from engine.training.datasets import Datasets, operation

router = APIRouter(prefix="/api/training")
MOST_AT_ONCE = 1000  # files of one upload
LARGEST_AT_ONCE = 2**30  # bytes of several files; a zip may be larger


def the_datasets(studio: TheStudio, owner: Visitor) -> Datasets:
    return studio.training.datasets(owner)


TheDatasets = Annotated[Datasets, Depends(the_datasets)]


@router.post("/scan")
async def scan(request: Request, studio: TheStudio, datasets: TheDatasets) -> dict[str, Any]:
    """What the folders of `values` hold, and what would spoil a run; the first 200 pictures are shown."""
    values = values_in(only(await values_of(request), "values"))
    return await to_thread.run_sync(studio.training.scans.shown, values, datasets)


@router.post("/scan/fix")
async def fix(request: Request, studio: TheStudio, datasets: TheDatasets) -> dict[str, Any]:
    """The finding `index` of the last scan, which has `code`. Answers with the scan after it."""
    told = only(await values_of(request), "values", "code", "index")
    if not isinstance(told.get("code"), str):
        raise wrong("code")
    if type(told.get("index")) is not int:
        raise wrong("index")
    done = partial(studio.training.scans.fix, values_in(told), told["code"], told["index"], datasets)
    return await to_thread.run_sync(done)


@router.post("/scan/undo")
async def undo(datasets: TheDatasets) -> dict[str, Any]:
    """Takes back the last change to files, of captions and tags too."""
    return await to_thread.run_sync(datasets.undo)


@router.get("/datasets")
def all_datasets(datasets: TheDatasets) -> JSONResponse:
    return JSONResponse(datasets.all(), headers=FRESH)


@router.post("/datasets/{name}", status_code=201)
async def upload(name: str, request: Request, studio: TheStudio, datasets: TheDatasets) -> dict[str, Any]:
    """A form with files: one zip makes a new dataset; pictures and captions make one, or are added to it."""
    await to_thread.run_sync(studio.check_disk)
    try:
        form = await request.form(max_files=MOST_AT_ONCE, max_fields=10)
    except HTTPException as error:
        raise BadRequest("upload.form", "The upload cannot be read.", str(error.detail)[:200]) from None
    async with form_closed(form):
        files = [one for _, one in form.multi_items() if isinstance(one, UploadFile)]
        if not files:
            raise BadRequest("upload.none", "No file was sent.", "Choose pictures or a zip.", field="files")
        for one in files:
            if (one.size or 0) > LARGEST_FILE and not (len(files) == 1 and zipped(one)):
                raise BadRequest("upload.large", f"{one.filename} is larger than 64 MB.", "Leave it out.")
        if len(files) > 1 and sum(one.size or 0 for one in files) > LARGEST_AT_ONCE:
            raise BadRequest("upload.total", "These are more than 1 GB.", "Send fewer at once, or pack a zip.")
        named = [(one.filename or "picture", one.file) for one in files]
        return await to_thread.run_sync(datasets.receive, name, named)


@router.get("/datasets/{name}/pictures")
def pictures(name: str, datasets: TheDatasets, offset: Annotated[int, Query(ge=0, le=10**6)] = 0) -> JSONResponse:
    """A hundred from `offset` on; a caption's lines are captions of their own."""
    return JSONResponse(datasets.pictures(name, offset), headers=FRESH)


@router.put("/datasets/{name}/captions")
async def captions(name: str, request: Request, datasets: TheDatasets) -> dict[str, Any]:
    """`changes`: a list with `name` and `caption` each."""
    changes = only(await values_of(request), "changes").get("changes")
    if not isinstance(changes, list) or not all(is_change(change) for change in changes):
        raise wrong("changes")
    told = {change["name"]: change["caption"] for change in changes}
    return await to_thread.run_sync(datasets.put_captions, name, told)


@router.get("/datasets/{name}/tags")
def tags(name: str, datasets: TheDatasets) -> JSONResponse:
    return JSONResponse({"tags": datasets.tags(name)}, headers=FRESH)


@router.post("/datasets/{name}/tags")
async def retag(name: str, request: Request, datasets: TheDatasets) -> dict[str, Any]:
    """`operation` with its words; what it would change, and with `apply` it is done."""
    told = only(await values_of(request), "operation", "tag", "new", "keep", "text", "word", "apply")
    apply = told.pop("apply", False)
    if type(apply) is not bool:
        raise wrong("apply")
    return await to_thread.run_sync(partial(datasets.retag, name, operation(told), apply=apply))


@router.get("/datasets/{name}/file/{picture:path}")
def file(name: str, picture: str, datasets: TheDatasets, small: bool = False) -> Response:
    if small:
        return Response(datasets.thumbnail(name, picture), media_type="image/webp", headers=FRESH)
    return FileResponse(datasets.file(name, picture), headers=FRESH)


class form_closed:
    def __init__(self, form: Any):
        self.form = form

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, *error: object) -> None:
        await self.form.close()


def zipped(file: UploadFile) -> bool:
    return (file.filename or "").lower().endswith(".zip")


def is_change(change: Any) -> bool:
    return (
        isinstance(change, dict)
        and set(change) == {"name", "caption"}
        and all(
            isinstance(text, str) and len(text.encode(errors="replace")) < LARGEST_CAPTION for text in change.values()
        )
    )


def values_in(told: dict[str, Any]) -> dict[str, Any]:
    values = told.get("values")
    if not isinstance(values, dict):
        raise wrong("values")
    return values
