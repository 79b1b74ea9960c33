"""Who has an account, from the machine itself: works beside a running studio, which obeys at once."""

import argparse
import getpass
import sys
from collections.abc import Callable

from commands.options import add_installation, settings
from engine.errors import AtelierError, BadRequest
from engine.people.people import People
from engine.people.roles import ROLES, SCOPES
from engine.people.users import User, unknown


def main(arguments: list[str]) -> int:
    """0: done; 2: it cannot be done, the reason was printed."""
    options = parse(arguments)
    try:
        people = People(settings(options).data.resolve())
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        WAYS[options.way](people, options)
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        people.close()
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="launch.py people", description="Who has an account.", allow_abbrev=False)
    ways = parser.add_subparsers(dest="way", required=True, metavar="|".join(WAYS))
    for way, about in ABOUT.items():
        one = ways.add_parser(way, help=about, description=about, allow_abbrev=False)
        if way != "list":
            one.add_argument("name", help="of the person")
        if way in ("add", "role"):
            how = {"nargs": "?", "default": "artist"} if way == "add" else {}
            one.add_argument("role", choices=ROLES, help="of the person", **how)  # pyright: ignore[reportArgumentType]
        if way in ("add", "password"):
            one.add_argument(
                "--code", action="store_true", help="print a one-time code instead of asking for a password"
            )
        if way == "token":
            one.add_argument("--for", dest="program", required=True, metavar="PROGRAM", help="what will use it")
            one.add_argument("--scope", choices=SCOPES, default="draw", help="what it may do at most (draw)")
            one.add_argument("--days", type=int, help="after which it ends (never)")
        add_installation(one)
    return parser.parse_args(arguments)


def add(people: People, options: argparse.Namespace) -> None:
    password = None if options.code else asked()
    user = people.users.add(options.name, options.role, password)
    noted(people, "people.add", user, user.role)
    if options.code:
        tell_code(people, user)


def listed(people: People, options: argparse.Namespace) -> None:
    for user in people.users.all():
        state = "disabled" if user.disabled else "" if user.has_password else "waits for the first sign-in"
        print(f"{user.role:8}{user.name}{f'  ({state})' if state else ''}")


def role(people: People, options: argparse.Namespace) -> None:
    user = named(people, options.name)
    people.users.change(user.id, {"role": options.role})
    noted(people, "people.change", user, f"role={options.role}")


def password(people: People, options: argparse.Namespace) -> None:
    user = named(people, options.name)
    if options.code:
        tell_code(people, user)
    else:
        people.users.set_password(user.id, asked())
    noted(people, "people.code" if options.code else "people.password", user)


def disable(people: People, options: argparse.Namespace) -> None:
    user, disabled = named(people, options.name), options.way == "disable"
    people.users.change(user.id, {"disabled": disabled})
    noted(people, "people.change", user, f"disabled={disabled}")


def token(people: People, options: argparse.Namespace) -> None:
    user = named(people, options.name)
    token_id, secret = people.tokens.add(user, options.program, options.scope, options.days)
    noted(people, "token.new", user, token_id)
    print(secret)


ABOUT = {
    "add": "make an account",
    "list": "who has one",
    "role": "give another role; ends what is signed in",
    "password": "set a password; ends what is signed in",
    "disable": "let somebody in no more; ends what is signed in",
    "enable": "let them in again",
    "token": "make a token for a program, and print it",
}
WAYS: dict[str, Callable[[People, argparse.Namespace], None]] = {
    "add": add,
    "list": listed,
    "role": role,
    "password": password,
    "disable": disable,
    "enable": disable,
    "token": token,
}


def named(people: People, name: str) -> User:
    user = people.users.named(name)
    if user is None:
        raise unknown()
    return user


def asked() -> str:
    """From the terminal, twice; or from a pipe, one line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise BadRequest("people.password_twice", "These are two different passwords.", "Try again.")
    return first


def tell_code(people: People, user: User) -> None:
    print(f"{user.name} signs in within a day with this code: {people.users.new_code(user.id)}")


def noted(people: People, what: str, user: User, result: str = "ok") -> None:
    people.audit.write("console", what, user.name, "console", result)
