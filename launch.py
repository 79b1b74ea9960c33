"""Start here: make .venv, install what is pinned, then run the studio, the tests or a command. Standard library only.

This file must be readable by old Pythons, down to 3.6, so that they refuse in words instead of with a syntax error.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent
VENV = HOUSE / ".venv"
STAMP = VENV / "installed.txt"
OLDEST, NEWEST = (3, 11), (3, 13)
UV = "uv==0.13.9"
COMMANDS = ("txt2img", "evaluate", "doctor", "import", "people", "recover", "belongings")

HELP = """\
usage: python3 launch.py [--use-this-python] [studio's flags]
       python3 launch.py [--use-this-python] txt2img "a red house at night" [-o out.png --steps 20 --seed 7 ...]
       python3 launch.py [--use-this-python] evaluate CHECKPOINT --prompts FILE [--real FOLDER --n 256 ...]
       python3 launch.py [--use-this-python] import FOLDER [--for NAME]
       python3 launch.py [--use-this-python] recover
       python3 launch.py [--use-this-python] people add|list|role|password|disable|enable|token ...
       python3 launch.py [--use-this-python] doctor
       python3 launch.py [--use-this-python] test [pytest's arguments]

The first start makes .venv beside this file and installs what the studio needs; later starts need no network.

  (nothing)            start the studio and open its page in a browser
  txt2img              draw pictures without the page; txt2img --help lists the options
  evaluate             measure how good the pictures of checkpoints are; evaluate --help lists the options
  import               take a folder of old pictures into the gallery; the studio must not be running
  belongings           everything of one person as a zip, or erased; the studio must not be running
  recover              put the last daily copy of a damaged database back; the studio must not be running
  people               who has an account, and what they may do; people --help lists the ways
  doctor               say whether this machine can draw, and what to do if not
  test                 check the code and run the tests, in two processes; with arguments, pytest in one (-m slow: the
                       long tests, which are left out otherwise)
  --use-this-python    make no .venv and install nothing: use the Python that runs this file (containers, Spaces)
  --help               show this

The studio's flags:
  --host ADDRESS       address to listen on (127.0.0.1)
  --port NUMBER        port to listen on (7860)
  --data DIR           folder for the database, pictures and caches (data)
  --models DIR         folder with checkpoints and other weights (models)
  --no-browser         do not open the page
  --device NAME        auto, cpu or cuda
  --dtype NAME         auto, float32, bfloat16 or float16
  --model-memory GIB   memory for resident checkpoints; 0 takes half of what is free
  --max-rows NUMBER    rows that one call of the network may hold (16)
  --disk-reserve GIB   room to leave free on the disk (1)
  --names TEMPLATE     how the files of pictures are called, as {date}/{time}-{seed}-{id}
  --workers WHERE      processes or inprocess: where drawing happens
  --training-folders DIR
                       a further folder that trainings may read pictures from; may be repeated
  --training-yields / --no-training-yields
                       trainings rest while pictures are drawn
  --marking HOW        metadata, or signed: how files say where they are from (docs/provenance.md)
  --webhook-hosts NAME a host of your network that webhooks may call (docs/api.md); may be repeated
  --demo               offer what a public demo can bear (docs/spaces.md); so on a Hugging Face Space
  --log-format NAME    text or json: the log's lines, for people or for machines
  --blocked-words WORD a word or phrase that no prompt may have; may be repeated
  --blocked-for ROLE   artist, viewer or admin: whose prompts are looked through (artist and viewer); may be repeated
  --safety-checker     look at finished pictures with the weights in models/safety, and hold some back blurred
  --safety-for ROLE    artist, viewer or admin: whose pictures are looked at (artist and viewer); may be repeated
  --allow-host NAME    a further host name under which the page may be opened; may be repeated
  --listen             listen on all addresses of this machine; needs accounts
  --accounts           people sign in; always so once there are accounts
  --open-lan           let everybody who reaches the address use the studio, without accounts
  --share              refused: Gradio's tunnel does not go with accounts; use a reverse proxy
  --root-path PATH     path below which a reverse proxy shows the page, as /studio
  --trusted-proxy ADDRESS
                       a reverse proxy whose X-Forwarded-For and -Proto are believed; may be repeated
  --tls-cert FILE      PEM file with the certificate, for https
  --tls-key FILE       PEM file with the certificate's key
Each is also read from ATELIER_HOST, ATELIER_PORT ... and from settings.toml in the data folder.
"""

# The same as engine.settings.prepare_environment, which cannot be imported before the installation.
ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "THP_MEM_ALLOC_ENABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "false",
}

# Whole files in the order of the tree: fixtures are shared within them, and few long ones must not come last.
ALL_TESTS = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "25")

CHECKS = (
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("ruff check", ["-m", "ruff", "check", "."]),
    ("pyright", ["-m", "pyright", "--pythonpath", "{python}"]),
    ("lint-imports", ["-c", "from importlinter.cli import lint_imports_command as run; run()"]),
)


class Refused(Exception):
    """Why we cannot go on, with the remedy: all that a person gets to read."""


def main(arguments: "list[str]") -> "int":
    reason = refusal(sys.version_info[:2])
    if reason:
        print(reason, file=sys.stderr)
        return 1
    try:
        return run(arguments)
    except Refused as refused:
        print("\n" + str(refused), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def supported(version: "tuple[int, ...]") -> "bool":
    return OLDEST <= version[:2] <= NEWEST


def refusal(version: "tuple[int, ...]") -> "str":
    """Why this Python cannot be used; empty when it can."""
    if supported(version):
        return ""
    return (
        "Atelier needs Python {}.{} to {}.{}; this is Python {}.{}.\n"
        "Install one of these from python.org or your package manager, and start with it: python{}.{} launch.py"
    ).format(*(OLDEST + NEWEST + version[:2] + NEWEST))


def run(arguments: "list[str]") -> "int":
    own = arguments[:1] != ["--use-this-python"]
    rest = arguments if own else arguments[1:]
    first = rest[0] if rest else ""
    if first in ("--help", "-h"):
        print(HELP, end="")
        return 0
    if first == "--use-this-python" or (first and not first.startswith("-") and first not in (*COMMANDS, "test")):
        print("There is no command '{}'. See: python3 launch.py --help".format(first), file=sys.stderr)
        return 2
    names = ["requirements.txt", "requirements-test.txt"] if first == "test" else ["requirements.txt"]
    python = prepare(names) if own else sys.executable
    environment = {**ENVIRONMENT, **os.environ}
    if first == "test":
        return test(python, rest[1:], environment)
    if first in COMMANDS:
        # -P and PYTHONPATH: our packages, whatever lies in the folder in which this is run
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HOUSE), os.environ.get("PYTHONPATH")]))
        return become([python, "-P", "-m", "commands", *rest], environment)
    return become([python, str(HOUSE / "app.py"), *rest], environment)


def become(command: "list[str]", environment: "dict[str, str]") -> "int":
    """Put the program in this one's place, so that signals reach it; where that cannot be done, wait for it."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execve(command[0], command, environment)
    process = subprocess.Popen(command, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the program got it too, and ends in its own time


def test(python: "str", arguments: "list[str]", environment: "dict[str, str]") -> "int":
    """All checks, then the tests, whatever the checks say; pytest's closing line is the last one.

    Pytest's arguments are passed on as they are, so that a debugger and a single test work as with pytest itself. Many of
    the tests start a program, so what Python compiles is kept whatever the environment says.
    """
    environment = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    failed = []
    for name, command in CHECKS:
        print("== {}".format(name), flush=True)
        words = [word.replace("{python}", python) for word in command]
        if subprocess.call([python, *words], cwd=str(HOUSE), env=environment):
            failed.append(name)
    if failed:
        print("== FAILED: {}. This run fails, whatever the tests say.".format(", ".join(failed)), flush=True)
    print("== pytest", flush=True)
    status = subprocess.call([python, "-m", "pytest", *(arguments or ALL_TESTS)], cwd=str(HOUSE), env=environment)
    return status or int(bool(failed))


def prepare(names: "list[str]") -> "str":
    """The python of .venv, with the requirements in it. Costs one short process when all is there already."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    version = version_in(python)
    if not supported(version):
        make(python)
        version = version_in(python)
    wanted = [line(name, version) for name in names]
    if not set(wanted) <= set(STAMP.read_text().splitlines() if STAMP.exists() else []):
        install(python, names)
        write_stamp(wanted)
    return str(python)


def version_in(python: "Path") -> "tuple[int, ...]":
    """(3, 11) when the environment is whole, () when it is missing, half made, or its Python has gone or changed."""
    settings = VENV / "pyvenv.cfg"
    if not settings.is_file() or not python.exists():
        return ()
    ask = [str(python), "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        found = subprocess.check_output(ask, stderr=subprocess.DEVNULL, timeout=60).decode().strip()
    except (OSError, subprocess.SubprocessError):
        return ()
    made_for = [text.split("=")[1].strip() for text in settings.read_text().splitlines() if text.startswith("version")]
    if not any(version.startswith(found + ".") for version in made_for):
        return ()
    return tuple(int(part) for part in found.split("."))


def make(python: "Path") -> "None":
    if not importlib.util.find_spec("ensurepip"):
        raise Refused(
            "This Python cannot make environments: the modules venv and ensurepip are missing.\n"
            "On Debian and Ubuntu: sudo apt install python{}.{}-venv".format(*sys.version_info[:2])
        )
    print("Making the environment .venv ...", flush=True)
    call([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if not version_in(python):
        raise Refused("The new environment in {} does not work. Delete that folder and start again.".format(VENV))


def install(python: "Path", names: "list[str]") -> "None":
    """Without a stamp until it has ended well, so that an interrupted installation is taken up again."""
    if STAMP.exists():
        STAMP.unlink()
    print("Installing {}; the first time takes minutes ...".format(" and ".join(names)), flush=True)
    if not has(python, "uv"):
        if not has(python, "pip"):
            make(python)
        call([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV])
    files = [part for name in names for part in ("-r", str(HOUSE / name))]
    # Compiled once here: where Python may not write its bytecode, every process would compile torch anew, for seconds.
    call([str(python), "-m", "uv", "pip", "install", "--compile-bytecode", "--python", str(python), *files])


def has(python: "Path", module: "str") -> "bool":
    return not subprocess.call([str(python), "-c", "import " + module], stderr=subprocess.DEVNULL)


def call(command: "list[str]") -> "None":
    quiet = {"PIP_USER": "0", "PYTHONNOUSERSITE": "1"}
    if subprocess.call(command, env={**os.environ, **quiet}):
        raise Refused(
            "The installation did not succeed; the lines above say what stopped it. What often does:\n"
            "  - the network: check the connection; later starts need none\n"
            "  - the disk: torch needs about 6 GB, and {:.1f} GB are free here\n"
            "Start again, and it goes on from here. If that does not help, delete the folder {} first.".format(
                shutil.disk_usage(str(HOUSE)).free / 1e9, VENV
            )
        )


def line(name: "str", version: "tuple[int, ...]") -> "str":
    """What the stamp says of one requirements file: another Python or another pin makes another line."""
    digest = hashlib.sha256((HOUSE / name).read_bytes()).hexdigest()
    return "{} {} python {}".format(name, digest, ".".join(str(part) for part in version))


def write_stamp(lines: "list[str]") -> "None":
    part = STAMP.with_suffix(".part")
    part.write_text("\n".join(lines) + "\n")
    os.replace(str(part), str(STAMP))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
