"""The server's flags, one for each setting, drawn from `Settings`."""

import argparse
import difflib
import tomllib
from collections.abc import Sequence
from typing import Any, NoReturn

from pydantic import ValidationError
from pydantic_settings import SettingsError

from engine.errors import BadRequest
from engine.settings import Settings


class Flags(argparse.ArgumentParser):
    """Says what is wrong in one sentence, in the same way as everything else."""

    def error(self, message: str) -> NoReturn:
        raise BadRequest("flag.wrong", f"{message[0].upper()}{message[1:]}.", "See --help.")


def settings_from(arguments: Sequence[str] | None) -> Settings:
    """Flags over environment over settings.toml; None reads the command line. Raises BadRequest."""
    given, unknown = parser().parse_known_args(arguments)
    if unknown:
        known = [flag_of(name) for name in Settings.model_fields]
        close = difflib.get_close_matches(unknown[0].split("=")[0], known, 1)
        remedy = f"Did you mean {close[0]}?" if close else "See --help."
        raise BadRequest("flag.unknown", f"There is no flag {unknown[0]}.", remedy)
    return complete(vars(given))


def complete(given: dict[str, Any]) -> Settings:
    """The settings with what was given on the command line. Raises BadRequest, from wherever the wrong value comes."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise explain(error, given) from None
    except tomllib.TOMLDecodeError as error:
        raise BadRequest("settings.toml", f"settings.toml cannot be read: {error}.", "Correct that line.") from None
    except SettingsError as error:
        raise BadRequest("settings.wrong", f"A setting cannot be read: {error}.", "Correct it.") from None


def parser() -> Flags:
    flags = Flags(prog="atelier", description="A Stable Diffusion studio in the browser.", allow_abbrev=False)
    for name, field in Settings.model_fields.items():
        options: dict[str, Any] = {"dest": name, "default": argparse.SUPPRESS, "help": field.description}
        if field.annotation is bool:
            flags.add_argument(flag_of(name), action=argparse.BooleanOptionalAction, **options)
        elif isinstance(field.default, tuple):
            flags.add_argument(flag_of(name), action="append", metavar="NAME", **options)
        else:
            flags.add_argument(flag_of(name), metavar=name.split("_")[-1].upper(), **options)
    return flags


def flag_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def explain(error: ValidationError, given: dict[str, Any]) -> BadRequest:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, Settings.model_fields, 1)
        remedy = f"Did you mean {close[0]}?" if close else "Remove it from settings.toml."
        return BadRequest("settings.unknown", f"There is no setting '{name}'.", remedy, field=name)
    called = flag_of(name) if name in given else f"The setting {name}"
    said = first["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return BadRequest(
        "settings.wrong", f"{called} {said}; '{first.get('input')}' was given.", "Correct it; see --help.", field=name
    )
