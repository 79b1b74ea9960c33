"""The page: header, tabs, and which event goes where."""

import json
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.blocks import Block

from engine.people.roles import Role
from engine.policy import WHOLE, Policy
from engine.studio import Studio
from ui.actions import Actions
from ui.head import head
from ui.pieces.piece import piece
from ui.tabs.gallery import gallery
from ui.tabs.grid import connect_grid, grid
from ui.tabs.restore import restore
from ui.tabs.training import training
from ui.tabs.verify import verify
from ui.tabs.workbench import TO_QUALITY, TO_SIZE, TO_STEPS, Workbench, workbench
from ui.theme import theme
from ui.words import translations, word

BENCHES = ("txt2img", "img2img", "inpaint", "sketch")
# Nothing waits in Gradio's queue (its events die with the page) and nothing is offered as an endpoint.
PLAIN: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


# Who may call what the page asks the server for, by Gradio's name of the event. One that is not in here is an admin's.
EVENTS: dict[str, Role] = {
    "restore": "viewer",
    "submit": "artist",
    "look": "artist",
    "fill": "artist",
    "choose_model": "artist",
    "refresh": "artist",
    "reply": "artist",
}


def events(page: gr.Blocks, policy: Policy = WHOLE) -> dict[int, Role]:
    """Who may call each event, by its number. What a demo leaves out is an admin's, whom it does not have."""
    offered: dict[str, Role] = EVENTS if policy.events is None else {name: EVENTS[name] for name in policy.events}
    return {number: offered.get(str(event.api_name)) or "admin" for number, event in page.fns.items() if event.fn}


def build(
    studio: Studio, visitor: Callable[[gr.Request], str], policy: Policy = WHOLE
) -> tuple[gr.Blocks, dict[str, Any]]:
    """The blocks, and what mounting them needs besides: theme, head and translations. visitor: who is asking."""
    with gr.Blocks(title="Atelier", fill_width=True, analytics_enabled=False) as page:
        piece("header")
        bridge = piece("bridge", elem_classes=["unseen"])
        piece("drop", elem_classes=["unseen"])
        piece("apply", elem_classes=["unseen"])
        with gr.Tabs(elem_id="tabs"):
            for name in BENCHES:  # they are empty: all of them show the workbench below
                opens(name, name)
            with opens("restore", shown="restore" not in policy.closed):
                restore()
            with opens("gallery"):
                gallery()
            with opens("grid", shown="grid" not in policy.closed):
                table = grid()
            with opens("training", shown="training" not in policy.closed):
                training()
            with opens("verify"):
                verify()
        tab = workbench()
        connect(page, tab, bridge, Actions(studio, visitor, tab.form))
        connect_grid(table, tab.form, studio, visitor, PLAIN)
    return page, {"theme": theme(), "head": head(policy), "i18n": translations()}


def opens(name: str, bench: str = "", shown: bool = True) -> gr.Tab:
    """A tab that says which way of beginning a picture the workbench shows; none hides it."""
    tab = gr.Tab(word(f"tab.{name}"), id=name, elem_id=f"tab-{name}", visible=shown)
    tab.select(None, js=f"() => {{ window.atelier.bench('{bench}'); }}", **PLAIN)
    return tab


def connect(page: gr.Blocks, tab: Workbench, bridge: gr.HTML, actions: Actions) -> None:
    form, controls = tab.form, list(tab.form.values())
    # JavaScript sees every change and saves it (form.js). What is filled into a group that was never opened changes
    # without an event, so it is told of that besides.
    tell: dict[str, Any] = {"fn": None, "inputs": controls, "js": told("saw", form), **PLAIN}
    page.load(actions.restore, None, [*controls, tab.models], **PLAIN).then(**{**tell, "js": told("restored", form)})
    gr.on([control.change for control in controls], **tell)  # pyright: ignore[reportAttributeAccessIssue]

    tab.generate.click(
        actions.submit,
        inputs_kwargs={**form, "begin": tab.begin},
        outputs=tab.stage,
        trigger_mode="multiple",
        js="async (...values) => { window.atelier.emit('asked'); return [...values.slice(0, -1), await window.atelier.start()]; }",
        **PLAIN,
    )
    tab.live.input(actions.look, inputs_kwargs={**form, "live": tab.live}, outputs=tab.live, **PLAIN)
    tab.stop.click(None, js="() => { window.atelier.stop(); }", **PLAIN)

    bridge.input(fill_with(actions), inputs=[bridge, *controls], outputs=[bridge, *controls, tab.models], **PLAIN).then(
        **tell
    )

    size = [form["width"], form["height"]]
    form["checkpoint"].input(  # pyright: ignore[reportAttributeAccessIssue]
        actions.choose_model, [form["checkpoint"], *size], [*size, tab.models], **PLAIN
    )
    tab.refresh.click(actions.refresh, form["checkpoint"], [form["checkpoint"], tab.models], **PLAIN)
    tab.aspects.input(None, tab.aspects, size, js=TO_SIZE, **PLAIN)
    tab.quality.input(None, tab.quality, form["steps"], js=TO_STEPS, **PLAIN)
    form["steps"].change(None, form["steps"], tab.quality, js=TO_QUALITY, **PLAIN)  # pyright: ignore[reportAttributeAccessIssue]
    tab.dice.click(None, None, form["seed"], js="() => '-1'", **PLAIN)
    tab.last_seed.click(None, form["seed"], form["seed"], js="(seed) => window.atelier.lastSeed() ?? seed", **PLAIN)


def told(what: str, form: dict[str, Block]) -> str:
    """JavaScript that hands all values by name to `atelier.saw` or `atelier.restored`."""
    return f"(...values) => {{ window.atelier.{what}({json.dumps(list(form))}, values); return []; }}"


def fill_with(actions: Actions) -> Callable[..., list[Any]]:
    """Gradio hands the bridge's message and the controls over in order."""

    def fill(request: gr.Request, message: Any, *values: Any) -> list[Any]:
        return actions.fill(message, request, **dict(zip(actions.form, values, strict=True)))

    return fill
