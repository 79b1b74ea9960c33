"""Atelier: settings, library, studio, page and API put together and served; the only place where all meet, and long for that."""

# Only the standard library up here: each worker process imports this file again before it starts.
import faulthandler
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI
    from gradio import Blocks

    from api.access import Access
    from engine.people.people import People
    from engine.queue.terms import TermsOf
    from engine.rules import RulesOf
    from engine.settings import Settings
    from engine.studio import Studio
    from ui.launched import FromThePage

FAREWELL = 3  # seconds that requests under way get when the server stops
KEPT_OPEN = 75  # seconds that a connection may be silent: longer than a client is told to wait before it asks again


def main(arguments: Sequence[str] | None = None) -> int:
    """0: stopped as asked; 2: could not start, the reason was printed."""
    from engine.errors import AtelierError
    from engine.settings import as_a_demo, prepare_environment

    prepare_environment()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, file=2)  # for who wonders where it hangs
    try:
        from commands.flags import settings_from

        serve(as_a_demo(settings_from(arguments), os.environ))
    except AtelierError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        pass
    return 0


def serve(settings: "Settings") -> None:
    """Until a signal comes. What can fail fast comes first; the worker loads torch while Gradio is imported here."""
    from api.modes import check_certificate, refuse_tunnel
    from engine.logs import prepare_logs

    prepare_logs(settings.log_format)
    refuse_tunnel(settings.share)
    check_certificate(settings.tls_cert, settings.tls_key)
    listening = listen(settings.address, settings.port)
    with listening, people_for(settings) as people:
        data = settings.data.resolve()
        uploads = data / "gradio"  # what it copies for itself; nothing else is in here
        uploads.mkdir(parents=True, exist_ok=True)
        os.environ["GRADIO_TEMP_DIR"] = str(uploads)
        access = access_for(settings, uploads, people)
        lend = lender() if settings.workers == "borrowed" else None
        studio = make_studio(settings, data, access.private, terms_for(people), rules_for(settings, access), lend)
        studio.start()
        try:
            if lend:
                listening.close()  # Gradio opens its port itself
                stay(studio, access, settings, lend)
            else:
                run(compose(studio, access), listening, settings, lambda: announce(settings, access))
        finally:
            studio.stop()


@contextmanager
def people_for(settings: "Settings") -> "Iterator[People | None]":
    """Those who have accounts; None in an open studio. Raises BadRequest where strangers would get in by oversight."""
    from api.access import LOOPBACK
    from api.modes import mode_of
    from engine.people.people import People

    people = People(settings.data.resolve())
    try:
        mode = mode_of(
            loopback=settings.address.lower() in LOOPBACK,
            has_admin=people.users.has_admin(),
            has_users=people.users.any(),
            accounts=settings.accounts,
            open_lan=settings.open_lan,
        )
        yield people if mode == "accounts" else None
    finally:
        people.close()


def terms_for(people: "People | None") -> "TermsOf":
    """What each account may ask of the queue; who has none, and an account that does not say it, may ask the usual."""
    from engine.queue.terms import USUAL, Terms, same_for_all

    if people is None:
        return same_for_all

    def terms(owner: str) -> Terms:
        user = people.users.find(owner)
        if user is None:
            return USUAL
        waiting = USUAL.waiting if user.jobs_waiting is None else user.jobs_waiting
        return Terms(user.weight, user.cost_per_day, waiting)

    return terms


def rules_for(settings: "Settings", access: "Access") -> "RulesOf":
    """What holds for a person's role as it is now; without accounts everybody has that of api/doors.py. Raises BadRequest and
    ModelDamaged where the safety checker is asked for and cannot work."""
    from engine.people.roles import ROLES
    from engine.prompt.blocked import Blocked
    from engine.rules import NO_WORDS, Rules, free_for_all

    checks = safety_checks(settings)
    if not settings.blocked_words and not checks:
        return free_for_all
    blocked, people = Blocked(settings.blocked_words), access.people
    table = {
        role: Rules(blocked if role in settings.blocked_for else NO_WORDS, checks and role in settings.safety_for)
        for role in ROLES
    }
    strictest = Rules(blocked, checks)

    def rules(owner: str) -> Rules:
        if people is None:
            return table["artist" if access.private else "admin"]
        user = people.users.find(owner)
        return table[user.role] if user else strictest  # an account that is gone has no privilege

    return rules


def safety_checks(settings: "Settings") -> bool:
    """Whether the safety checker looks at anybody's pictures: where it is asked for, and in a demo also where nothing is said
    of it and its weights are there."""
    from engine.library.safety import check_checker, checker_there

    models = settings.models.resolve()
    unsaid = settings.demo and "safety_checker" not in settings.model_fields_set
    if not settings.safety_for or not (settings.safety_checker or (unsaid and checker_there(models))):
        return False
    check_checker(models)
    return True


def make_studio(
    settings: "Settings",
    data: Path,
    private: bool,
    terms: "TermsOf",
    rules: "RulesOf",
    lend: "FromThePage | None" = None,
) -> "Studio":
    from engine.library.scan import Library
    from engine.policy import DEMO, WHOLE
    from engine.studio import Studio, Training
    from engine.workers.messages import PainterSettings

    library = Library(settings.models.resolve(), data / "cache")
    painter = PainterSettings(settings.device, settings.dtype, settings.max_rows, settings.model_memory)
    return Studio(
        data,
        library,
        painter,
        workers="processes" if settings.workers == "borrowed" else settings.workers,
        lend=lend,
        disk_reserve=settings.disk_reserve,
        logs=settings.log_format,
        policy=DEMO if settings.demo else WHOLE,
        names=settings.names,
        sign=settings.marking == "signed",
        terms=terms,
        rules=rules,
        webhook_hosts=settings.webhook_hosts,
        training=Training(
            tuple(folder.resolve() for folder in settings.training_folders),
            settings.training_yields,
            private=private,
        ),
    )


def compose(studio: "Studio", access: "Access") -> "FastAPI":
    """The application to be served by our own server, the page mounted on it."""
    import gradio

    app, blocks, how = put_together(studio, access)
    gradio.mount_gradio_app(app, blocks, path="/", root_path=access.root_path or None, **how)
    blocks.has_launched = True  # otherwise a mounted Gradio lets any request read any file
    return app


def put_together(studio: "Studio", access: "Access") -> "tuple[FastAPI, Blocks, dict[str, Any]]":
    """Our application, the page, and how Gradio is to show it: the same whoever serves it."""
    from api.access import visitor
    from api.server import make_app
    from engine.picture.open import LARGEST_FILE
    from ui import page
    from ui.entrance.pages import pages
    from ui.words import LANGUAGES

    blocks, looks = page.build(studio, visitor, access.policy)
    access = replace(access, events=page.events(blocks, access.policy))
    how = {
        "show_error": False,
        "max_file_size": LARGEST_FILE,
        "footer_links": [],
        "run_history": False,
        "ssr_mode": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "pwa": False,
    }
    return make_app(studio, access, LANGUAGES, pages()), blocks, {**how, **looks}


@contextmanager
def launch(
    studio: "Studio", access: "Access", settings: "Settings"
) -> "Iterator[tuple[FastAPI, Blocks, threading.Thread]]":
    """The page served by Gradio, for the time of the block: see ui/launched.py. Yields the server's thread besides."""
    from ui.launched import launched

    allow_connections()
    app, blocks, how = put_together(studio, access)
    how |= {"root_path": access.root_path, "ssl_certfile": settings.tls_cert, "ssl_keyfile": settings.tls_key}
    with launched(app, blocks, settings.address, settings.port, app.state.streams.close, FAREWELL, **how) as thread:
        yield app, blocks, thread


def stay(studio: "Studio", access: "Access", settings: "Settings", lend: "FromThePage") -> None:
    """Until a signal comes, served by Gradio."""
    with launch(studio, access, settings) as (_, blocks, server):
        lend.begin(blocks)
        announce(settings, access)
        while server.is_alive():
            server.join(1)


def lender() -> "FromThePage":
    """Draws a job on the GPU that ZeroGPU lends. Raises BadRequest elsewhere."""
    from engine.errors import BadRequest
    from engine.settings import lends_a_gpu

    if not lends_a_gpu(os.environ):
        raise BadRequest(
            "workers.borrowed",
            "There is no GPU to borrow: this is not ZeroGPU.",
            "Leave out --workers borrowed.",
            field="workers",
        )
    import spaces  # before anything else that imports torch or Gradio

    from engine.workers.borrowed import draw, seconds
    from ui.launched import FromThePage

    spaces.disable_gradio_auto_wrap()  # the page's events need none
    return FromThePage(spaces.GPU(draw, duration=seconds))


def run(app: "FastAPI", listening: socket.socket, settings: "Settings", when_ready: Callable[[], None]) -> None:
    import uvicorn

    allow_connections()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                when_ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.state.streams.close()
            await super().shutdown(sockets)

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        log_config=None,  # ours: engine/logs.py
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=FAREWELL,
        timeout_keep_alive=KEPT_OPEN,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    Server(config).run(sockets=[listening])


def allow_connections() -> None:
    """Each is an open file, and many systems begin with 1024; how many requests are answered at once the guard says."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(8192, hard) if hard != resource.RLIM_INFINITY else 8192
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow; who connects early waits in line. Raises InUse."""
    from engine.errors import BadRequest, InUse

    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        raise BadRequest("host.unknown", f"There is no address {host} here.", "Leave out --host.") from None
    if os.name != "nt":  # there it would let two servers share the port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(100)
    except OSError as error:
        listening.close()
        remedy = f"Stop it, or choose another port: --port {port + 1 if port < 65535 else port - 1}."
        if isinstance(error, PermissionError):
            raise InUse("port.forbidden", f"Port {port} may not be opened.", "Choose one above 1023.") from None
        raise InUse("port.in_use", f"Port {port} is used by another program.", remedy) from None
    return listening


def access_for(settings: "Settings", uploads: Path, people: "People | None" = None) -> "Access":
    """Without accounts on loopback: one person, everything is theirs. Otherwise: everybody has only their own pictures."""
    from api.access import LOOPBACK, Access
    from api.proxies import address
    from engine.policy import DEMO, WHOLE

    loopback = settings.address.lower() in LOOPBACK
    hosts = LOOPBACK | {name.lower() for name in settings.allow_host}
    return Access(
        hosts=hosts if loopback else hosts | names_of(settings.address),
        private=people is not None or not loopback or settings.demo,
        policy=DEMO if settings.demo else WHOLE,
        uploads=uploads,
        people=people,
        proxies=frozenset(map(address, settings.trusted_proxy)),
        root_path=settings.root_path,
    )


def names_of(host: str) -> set[str]:
    """What this machine is called in its network."""
    import psutil

    name = socket.gethostname().lower()
    addresses = {a.address.split("%")[0].lower() for found in psutil.net_if_addrs().values() for a in found}
    return {host.lower(), name, f"{name}.local", *addresses}


def announce(settings: "Settings", access: "Access") -> None:
    scheme = "https" if settings.tls_cert else "http"
    url = f"{scheme}://{bracketed(shown_host(settings.address))}:{settings.port}{settings.root_path}"
    if access.private and access.people is None:
        print(
            f"Warning: Atelier listens on {settings.address} without accounts, as --open-lan asks for: whoever reaches this"
            " address can use it. Each visitor sees only their own pictures.",
            file=sys.stderr,
        )
    print(f"Atelier is ready: {url}", flush=True)
    if safety_checks(settings):
        print(f"The safety checker looks at the pictures of: {', '.join(settings.safety_for)}.", flush=True)
    elif settings.demo and "safety_checker" not in settings.model_fields_set:
        print("Pictures are not looked at: the safety checker's weights are not in models/safety.", flush=True)
    if access.people and not access.people.begun():
        code = access.people.first_code
        print(f"There is no admin yet. Open {url}/set-up with this code: {code}", flush=True)
    if settings.browser and has_display():
        import webbrowser

        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def shown_host(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    sys.exit(main())
