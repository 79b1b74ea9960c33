"""People over HTTP: signing in and out, one's own password and tokens, and what admins decide."""

import shutil
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from api.access import Access, Person, person
from api.answer import FRESH, Declined
from api.doors import Doors, address_of, cookie, session_cookie, wrong_login
from api.jobs import TheStudio, values_of
from engine.errors import BadRequest, NotFound
from engine.people.people import People, told
from engine.people.sessions import LONGEST
from engine.people.users import User

router = APIRouter(prefix="/api/people")


def the_people(request: Request) -> People:
    access: Access = request.app.state.access
    if access.people is None:
        raise NotFound("people.none", "This studio is open: it has no accounts.", "Start it with --accounts.")
    return access.people


def the_doors(request: Request) -> Doors:
    return request.app.state.doors


def the_person(request: Request) -> Person:
    return person(request)


ThePeople = Annotated[People, Depends(the_people)]
TheDoors = Annotated[Doors, Depends(the_doors)]
Me = Annotated[Person, Depends(the_person)]


@router.post("/sign-in")
async def sign_in(request: Request, people: ThePeople, doors: TheDoors) -> Response:
    """name and password; with a code from an admin besides, it becomes the password."""
    values = texts(await values_of(request), {"name", "password", "code"})
    name, password, code = values["name"], values["password"], values["code"]
    users = people.users
    look = partial(users.with_code, name, code, password) if code else partial(users.with_password, name, password)
    user = await doors.tried(people, look, name, address_of(request.scope), wrong_login(basic=False))
    return await signed_in(request, people, user, "sign-in")


@router.post("/first", status_code=201)
async def first(request: Request, people: ThePeople, doors: TheDoors) -> Response:
    """The first admin, with the code on the console."""
    values = texts(await values_of(request), {"name", "password", "code"})
    if people.begun():
        raise BadRequest("people.has_admin", "There is an admin already.", "Sign in.")

    def look() -> User | None:
        right = people.is_first_code(values["code"])
        return people.users.first(values["name"], values["password"]) if right else None

    wrong = Declined(
        401, "people.first_wrong", "This is not the code on the console.", "Read it again where you started."
    )
    user = await doors.tried(people, look, values["name"], address_of(request.scope), wrong)
    return await signed_in(request, people, user, "first-admin", 201)


@router.get("/me")
def me(request: Request, who: Me) -> JSONResponse:
    access: Access = request.app.state.access
    known = {"id": who.id, "name": who.name, "role": who.role, "accounts": access.people is not None}
    return JSONResponse(known, headers=FRESH)


@router.post("/me/sign-out", status_code=204)
async def sign_out(request: Request, people: ThePeople, who: Me) -> Response:
    secret = cookie(request.scope["headers"], session_cookie(request.scope))
    if secret:
        await to_thread.run_sync(people.sessions.end, secret)
    await noted(request, people, "sign-out")
    answer = Response(status_code=204)
    keep(answer, request, "", 0)
    return answer


@router.post("/me/password")
async def own_password(request: Request, people: ThePeople, doors: TheDoors, who: Me) -> Response:
    """old and new. All sessions and tokens end; this browser gets a new one."""
    values = texts(await values_of(request), {"old", "new"})
    look = partial(people.users.with_password, who.name or "", values["old"])
    user = await doors.tried(people, look, who.name or "", address_of(request.scope), wrong_login(basic=False))
    await to_thread.run_sync(people.users.set_password, user.id, values["new"])
    return await signed_in(request, people, user, "people.password")


@router.get("/me/tokens")
def tokens(people: ThePeople, who: Me) -> JSONResponse:
    return JSONResponse({"tokens": [dict(row) for row in people.tokens.of(who.id)]}, headers=FRESH)


@router.post("/me/tokens", status_code=201)
async def add_token(request: Request, people: ThePeople, who: Me) -> JSONResponse:
    """name, scope (look, draw or admin) and days. The token is told this once."""
    values = await values_of(request)
    only(values, {"name", "scope", "days"})
    add = partial(people.tokens.add, people.users.get(who.id), values.get("name"), values.get("scope", "draw"))
    token_id, token = await to_thread.run_sync(add, values.get("days"))
    await noted(request, people, "token.new", token_id)
    return JSONResponse({"id": token_id, "token": token}, 201, headers=FRESH)


@router.delete("/me/tokens/{token_id}", status_code=204)
async def end_token(token_id: str, request: Request, people: ThePeople, who: Me) -> None:
    await to_thread.run_sync(people.tokens.end, token_id, who.id)
    await noted(request, people, "token.end", token_id)


@router.get("")
def everybody(people: ThePeople) -> JSONResponse:
    return JSONResponse({"people": [told(user) for user in people.users.all()]}, headers=FRESH)


@router.post("", status_code=201)
async def add(request: Request, people: ThePeople) -> JSONResponse:
    """name and role. The answer holds the code with which they sign in first; it is told this once."""
    values = await values_of(request)
    only(values, {"name", "role"})

    def make() -> tuple[User, str]:
        user = people.users.add(values.get("name", ""), values.get("role", "artist"))
        return user, people.users.new_code(user.id)

    user, code = await to_thread.run_sync(make)
    await noted(request, people, "people.add", user.name, user.role)
    return JSONResponse({"person": told(user), "code": code}, 201, headers=FRESH)


@router.get("/audit")
def audit(people: ThePeople, before: int | None = None, limit: int = 100) -> JSONResponse:
    """Newest first; `next` goes on."""
    found = people.audit.latest(before, max(1, min(500, limit)))
    rows = [vars(entry) for entry in found]
    return JSONResponse({"entries": rows, "next": found[-1].id if len(found) >= limit else None}, headers=FRESH)


@router.get("/load")
async def load(people: ThePeople, studio: TheStudio) -> JSONResponse:
    """What is drawn and what waits, by person; and the disk. Never what they asked for."""

    def look() -> dict[str, Any]:
        names = {user.id: user.name for user in people.users.all()}
        waiting = Counter(job.owner for job in studio.store.waiting())
        running = Counter(claim.owner for claim in studio.store.running())
        owners = sorted({*waiting, *running}, key=lambda owner: names.get(owner, ""))
        disk = shutil.disk_usage(studio.data)
        return {
            **studio.ready(),
            "running": running.total(),
            "by": [
                {"name": names.get(owner), "waiting": waiting[owner], "running": running[owner]} for owner in owners
            ],
            "disk": {"free": disk.free, "total": disk.total, "reserve": round(studio.disk_reserve * 2**30)},
        }

    return JSONResponse(await to_thread.run_sync(look), headers=FRESH)


@router.patch("/{person_id}")
async def change(person_id: str, request: Request, people: ThePeople) -> dict[str, Any]:
    """role, disabled, weight, cost_per_day, jobs_waiting. A new role, or being disabled, signs them out at once."""
    values = await values_of(request)
    user = await to_thread.run_sync(people.users.change, person_id, values)
    await noted(request, people, "people.change", user.name, " ".join(f"{name}={values[name]}" for name in values))
    return told(user)


@router.post("/{person_id}/code")
async def code(person_id: str, request: Request, people: ThePeople) -> JSONResponse:
    """For somebody who forgot their password; it is told this once, and ends their sessions and tokens."""
    fresh = await to_thread.run_sync(people.users.new_code, person_id)
    await noted(request, people, "people.code", people.users.get(person_id).name)
    return JSONResponse({"code": fresh}, headers=FRESH)


async def signed_in(request: Request, people: People, user: User, what: str, status: int = 200) -> Response:
    address, agent = address_of(request.scope), request.headers.get("user-agent", "")
    secret = await to_thread.run_sync(people.sessions.begin, user, address, agent)
    await to_thread.run_sync(partial(people.audit.write, user.name, what, user.name, address))
    answer = JSONResponse({"name": user.name, "role": user.role}, status, headers=FRESH)
    keep(answer, request, secret, int(LONGEST))
    return answer


def keep(answer: Response, request: Request, secret: str, seconds: int) -> None:
    secure = request.scope.get("scheme") == "https"
    answer.set_cookie(
        session_cookie(request.scope), secret, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


async def noted(request: Request, people: People, what: str, target: str = "", result: str = "ok") -> None:
    who = person(request)
    write: Callable[[], None] = partial(
        people.audit.write, who.name or who.id, what, target, address_of(request.scope), result
    )
    await to_thread.run_sync(write)


def only(values: dict[str, Any], known: set[str]) -> None:
    for name in values.keys() - known:
        raise BadRequest("request.unknown", "There is no such value.", "Leave it out.", field=name)


def texts(values: dict[str, Any], known: set[str]) -> dict[str, str]:
    """What is left out is empty."""
    only(values, known)
    for name, value in values.items():
        if not isinstance(value, str) or len(value) > 4096:
            raise BadRequest("request.invalid", "The request has a wrong value.", field=name)
    return {name: values.get(name, "") for name in known}
