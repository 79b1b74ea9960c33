"""The command line's options, drawn from the table of parameters and from the installation's settings."""

import argparse
from typing import Any, get_args

from commands.flags import complete
from engine.request.problems import number
from engine.request.schema import PARAMETERS, Parameter
from engine.settings import Settings

INSTALLATION = ("models", "data", "device", "dtype")


def add_parameters(parser: argparse.ArgumentParser) -> None:
    """One option for each parameter of a picture from noise; what is not given stays out of the values."""
    for name, parameter in drawn().items():
        flag = "--" + name.replace("_", "-")
        about = describe(parameter).replace("%", "%%")
        if parameter.type is bool:
            parser.add_argument(
                flag, dest=name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=about
            )
        elif parameter.many:
            parser.add_argument(
                flag,
                dest=name,
                metavar="NAME",
                action="append",
                default=argparse.SUPPRESS,
                help=f"{about} (repeatable)",
            )
        else:
            kind = {int: "NUMBER", float: "NUMBER"}.get(parameter.type, "NAME" if parameter.choices else "TEXT")
            parser.add_argument(flag, dest=name, metavar=kind, default=argparse.SUPPRESS, help=about)


def add_installation(parser: argparse.ArgumentParser) -> None:
    """--models, --data, --device and --dtype; what is not given comes from the environment and settings.toml."""
    for name in INSTALLATION:
        field = Settings.model_fields[name]
        choices = get_args(field.annotation)
        about = f"{field.description} ({', '.join(choices)})" if choices else field.description
        kind = "NAME" if choices else "DIR"
        parser.add_argument(f"--{name}", dest=name, metavar=kind, default=argparse.SUPPRESS, help=about)


def drawn() -> dict[str, Parameter]:
    """The parameters that are options: all of a picture from noise, except the prompt, which needs no name, and what
    only the studio fills in."""
    return {
        name: parameter
        for name, parameter in PARAMETERS.items()
        if parameter.start in (None, "noise") and name != "prompt" and parameter.part != "spent"
    }


def describe(parameter: Parameter) -> str:
    """The table's help with what may be given: "More steps: finer and slower. (1 to 150; default 20)"."""
    facts = []
    if parameter.choices:
        facts.append(", ".join(parameter.choices))
    elif parameter.low is not None and parameter.high is not None:
        facts.append(f"{number(parameter.low)} to {number(parameter.high)}")
    if parameter.multiple_of:
        facts.append(f"divisible by {parameter.multiple_of}")
    if parameter.type is not bool and parameter.default not in (None, "", ()):
        known = isinstance(parameter.default, int | float)
        facts.append(f"default {number(parameter.default) if known else parameter.default}")
    return f"{parameter.help} ({'; '.join(facts)})" if facts else parameter.help


def values(options: argparse.Namespace) -> dict[str, Any]:
    """The given values by parameter name, as they were typed: engine.request.read checks them."""
    return {name: value for name, value in vars(options).items() if name in PARAMETERS}


def settings(options: argparse.Namespace) -> Settings:
    """Raises BadRequest when a setting, from wherever it comes, is wrong."""
    return complete({name: value for name, value in vars(options).items() if name in INSTALLATION})
