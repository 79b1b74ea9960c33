"""Who may do what over HTTP: one table by the beginning of the path. What is not in it is an admin's alone."""

from dataclasses import dataclass
from typing import Literal

from engine.people.roles import Role
from engine.picture.open import LARGEST_FILE

SMALL, LARGEST_DATASET = 4 * 2**20, 4 * 2**30  # bytes of a body
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
Need = Role | Literal["anyone"]


@dataclass(frozen=True)
class Rule:
    """look: the least role for GET, HEAD and OPTIONS; act: for everything else.

    A prefix is the whole path, or its beginning up to a slash; one that ends with "/" or "=" stands for what is below it.
    body: bytes at most. read: it is read and looked through before the application sees any of it.
    stream: a GET stays open, and each person has only so many of them. in_person: not with a token.
    basic: programs are asked for name and password, as AUTOMATIC1111 does."""

    prefix: str
    look: Need
    act: Need
    body: int = SMALL
    read: bool = True
    stream: bool = False
    in_person: bool = False
    basic: bool = False


def upload(prefix: str, look: Need, act: Need, body: int = LARGEST_FILE) -> Rule:
    """A file's bytes, which go on as they come."""
    return Rule(prefix, look, act, body, read=False)


RULES = (
    # the page
    Rule("/", "viewer", "admin"),
    Rule("/sign-in", "anyone", "admin"),
    Rule("/set-up", "anyone", "admin"),
    Rule("/healthz", "anyone", "admin"),
    Rule("/readyz", "anyone", "admin"),
    Rule("/favicon.ico", "anyone", "admin"),
    Rule(
        "/metrics", "viewer", "admin", basic=True
    ),  # where it says itself that there is nothing for others than admins
    # Gradio: what its page needs. An event is besides judged by its number.
    Rule("/config", "viewer", "admin"),
    Rule("/svelte/", "viewer", "admin"),
    Rule("/static/", "viewer", "admin"),
    Rule("/assets/", "viewer", "admin"),
    Rule("/theme.css", "viewer", "admin"),
    Rule("/robots.txt", "viewer", "admin"),
    Rule("/manifest.json", "viewer", "admin"),
    Rule("/pwa_icon", "viewer", "admin"),
    Rule("/gradio_api", "admin", "admin"),
    Rule("/gradio_api/theme.css", "viewer", "admin"),
    Rule("/gradio_api/startup-events", "viewer", "admin"),
    Rule("/gradio_api/heartbeat/", "viewer", "admin", stream=True),
    Rule("/gradio_api/queue/data", "viewer", "admin", stream=True),
    Rule("/gradio_api/call/", "admin", "admin", stream=True),
    Rule("/gradio_api/run/predict", "admin", "viewer"),
    Rule("/gradio_api/queue/join", "admin", "viewer"),
    upload("/gradio_api/upload", "admin", "admin"),
    # the rest of Gradio's: nobody's but an admin's
    Rule("/openapi.json", "admin", "admin"),
    Rule("/login", "admin", "admin"),
    Rule("/logout", "admin", "admin"),
    Rule("/monitoring", "admin", "admin"),
    # drawing
    Rule("/api/openapi.json", "viewer", "admin"),
    Rule("/api/state", "viewer", "admin", stream=True),
    Rule("/api/now", "viewer", "admin"),
    Rule("/api/jobs", "viewer", "artist"),
    Rule("/api/load", "admin", "admin"),
    Rule("/api/webhooks", "artist", "admin"),
    Rule("/api/restorations", "artist", "artist"),
    upload("/api/pictures", "artist", "artist"),
    upload("/api/preprocess", "artist", "artist"),
    Rule("/api/preprocessors", "viewer", "admin"),
    Rule("/api/controlnets", "viewer", "admin"),
    Rule("/api/detectors", "viewer", "admin"),
    Rule("/api/checkpoints", "viewer", "admin"),
    Rule("/api/loras", "viewer", "admin"),
    Rule("/api/embeddings", "viewer", "admin"),
    Rule("/api/upscalers", "viewer", "admin"),
    Rule("/api/restorers", "viewer", "admin"),
    upload("/api/read-settings", "viewer", "viewer"),
    upload("/api/verify", "viewer", "viewer"),
    upload("/api/read-recipe", "artist", "artist"),  # it may bring pictures to begin from
    Rule("/api/prompt", "viewer", "viewer"),
    Rule("/api/styles", "viewer", "artist"),
    Rule("/api/wildcards", "viewer", "admin"),
    Rule("/api/form", "viewer", "viewer"),
    Rule("/api/presets", "viewer", "artist"),
    Rule("/api/history", "viewer", "artist"),
    Rule("/api/grids", "viewer", "artist"),
    # the gallery
    Rule("/api/images", "viewer", "artist"),
    Rule("/api/images/selection", "viewer", "viewer"),
    upload("/api/images/import", "artist", "artist"),
    Rule("/api/boards", "viewer", "artist"),
    # training
    Rule("/api/training", "artist", "artist"),
    upload("/api/training/datasets/", "artist", "artist", LARGEST_DATASET),
    # people
    Rule("/api/people", "admin", "admin", in_person=True),
    Rule("/api/people/sign-in", "anyone", "anyone"),
    Rule("/api/people/first", "anyone", "anyone"),
    Rule("/api/people/me", "viewer", "viewer"),
    Rule("/api/people/me/", "viewer", "viewer", in_person=True),
    # programs written for AUTOMATIC1111
    Rule("/sdapi", "artist", "artist", LARGEST_FILE, read=False, basic=True),
    Rule("/controlnet", "artist", "artist", LARGEST_FILE, read=False, basic=True),
    Rule("/internal", "artist", "artist", read=False, basic=True),
)
OTHERWISE = Rule("", "admin", "admin")
BY_LENGTH = sorted(RULES, key=lambda rule: -len(rule.prefix))


def rule_of(path: str) -> Rule:
    """The longest prefix that fits."""
    for rule in BY_LENGTH:
        if fits(path, rule.prefix):
            return adjusted(rule, path)
    return OTHERWISE


def fits(path: str, prefix: str) -> bool:
    if not path.startswith(prefix):
        return False
    if len(path) == len(prefix):
        return True
    return prefix != "/" and (prefix[-1] in "/=" or path[len(prefix)] == "/")


def adjusted(rule: Rule, path: str) -> Rule:
    """Pictures to learn from are uploaded to datasets/NAME itself; a training is followed at NAME/stream, a job at
    ID/events."""
    if rule.prefix == "/api/training/datasets/" and "/" in path.removeprefix(rule.prefix):
        return TRAINING
    if rule.prefix == "/api/training" and path.endswith("/stream"):
        return FOLLOWED
    if rule.prefix == "/api/jobs" and path.endswith("/events"):
        return EVENTS
    return rule


TRAINING = Rule("/api/training", "artist", "artist")
FOLLOWED = Rule("/api/training", "artist", "artist", stream=True)
EVENTS = Rule("/api/jobs", "viewer", "artist", stream=True)
