"""`python -m commands txt2img ...`, `evaluate`, `people` ...: finds the command and turns what went wrong into words."""

import importlib
import sys

COMMANDS = {  # name: module
    "txt2img": "txt2img",
    "evaluate": "evaluate",
    "doctor": "doctor",
    "import": "import_pictures",
    "recover": "recover",
    "belongings": "belongings",
    "people": "people",
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        print(f"Name a command: {' or '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        command = importlib.import_module(f"commands.{COMMANDS[arguments[0]]}")
    except ModuleNotFoundError as missing:
        if missing.name and missing.name.split(".")[0] in ("commands", "engine"):
            raise
        print(f"The package {missing.name} is not installed.", file=sys.stderr)
        print("Start with python3 launch.py, which installs what is needed.", file=sys.stderr)
        return 1
    try:
        return command.main(arguments[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
