"""Other tools' names of samplers and schedules, in AUTOMATIC1111's words."""

SAMPLERS = (
    *("DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE", "DPM++ 2M SDE Heun", "DPM++ 2S a", "DPM++ 3M SDE", "Euler a", "Euler"),
    *("LMS", "Heun", "DPM2", "DPM2 a", "DPM fast", "DPM adaptive", "Restart", "DDIM", "DDIM CFG++", "PLMS", "UniPC"),
    *("LCM", "HeunPP2", "IPNDM", "IPNDM_V", "DEIS", "DDPM"),
)
SCHEDULES = {
    name.lower().replace(" ", ""): name
    for name in (
        *("Automatic", "Uniform", "Karras", "Exponential", "Polyexponential", "SGM Uniform", "KL Optimal"),
        *("Align Your Steps", "Simple", "Normal", "DDIM", "Beta"),
    )
}

# What ComfyUI runs under these names (comfy/samplers.py): its "ddim" is Euler, its *_gpu only draw noise elsewhere.
COMFY = {
    "euler": "Euler",
    "euler_ancestral": "Euler a",
    "heun": "Heun",
    "heunpp2": "HeunPP2",
    "dpm_2": "DPM2",
    "dpm_2_ancestral": "DPM2 a",
    "lms": "LMS",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
    "dpmpp_2s_ancestral": "DPM++ 2S a",
    "dpmpp_sde": "DPM++ SDE",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun",
    "dpmpp_3m_sde": "DPM++ 3M SDE",
    "ddpm": "DDPM",
    "lcm": "LCM",
    "ipndm": "IPNDM",
    "ipndm_v": "IPNDM_V",
    "deis": "DEIS",
    "ddim": "Euler",
    "uni_pc": "UniPC",
    "restart": "Restart",
}
COMFY_SCHEDULES = {
    "normal": "Normal",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "simple": "Simple",
    "ddim_uniform": "DDIM",
    "beta": "Beta",
    "kl_optimal": "KL Optimal",
    "polyexponential": "Polyexponential",
    "align_your_steps": "Align Your Steps",
    "uniform": "Uniform",
}
# Those that InvokeAI builds from diffusers; its dpmpp_2s (not ancestral) and dpmpp_3m (not SDE) have no equal here.
INVOKE = {
    "ddim": "DDIM",
    "ddpm": "DDPM",
    "deis": "DEIS",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_sde": "DPM++ SDE",
    "euler": "Euler",
    "euler_a": "Euler a",
    "heun": "Heun",
    "kdpm_2": "DPM2",
    "kdpm_2_a": "DPM2 a",
    "lcm": "LCM",
    "lms": "LMS",
    "pndm": "PLMS",
    "plms": "PLMS",
    "unipc": "UniPC",
    "dpm_2": "DPM2",
    "dpm_2_a": "DPM2 a",
    "dpmpp_2": "DPM++ 2M",
    "dpmpp_2_a": "DPM++ 2S a",
}
EASY = {
    "plms": "PLMS",
    "ddim": "DDIM",
    "heun": "Heun",
    "euler": "Euler",
    "euler_a": "Euler a",
    "dpm2": "DPM2",
    "dpm2_a": "DPM2 a",
    "lms": "LMS",
    "dpmpp_2s_a": "DPM++ 2S a",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_sde": "DPM++ SDE",
    "dpm_fast": "DPM fast",
    "dpm_adaptive": "DPM adaptive",
}
ALIASES = {"DPM++ 2S Ancestral": "DPM++ 2S a", "Euler Ancestral": "Euler a", "DPM2 Ancestral": "DPM2 a", "LMS_K": "LMS"}


def automatic(name: str) -> tuple[str, str | None]:
    """Sampler and schedule of AUTOMATIC1111 before 1.9: "DPM++ 2M Karras", "Euler SGMUniform"."""
    name = " ".join(name.split())
    for base in sorted((*SAMPLERS, *ALIASES), key=len, reverse=True):
        if not name.lower().startswith(base.lower()):
            continue
        rest = name[len(base) :].lower().replace(" ", "")
        if not rest:
            return ALIASES.get(base, base), None
        if name[len(base)] == " " and rest in SCHEDULES:
            return ALIASES.get(base, base), SCHEDULES[rest]
    return name, None


def comfy(sampler: str, schedule: str = "") -> tuple[str, str | None]:
    """ComfyUI's names, which Fooocus, SwarmUI and NovelAI share."""
    plain = sampler.removeprefix("k_").removesuffix("_gpu")
    return COMFY.get(plain, sampler), COMFY_SCHEDULES.get(schedule, schedule) or None


def invoke(scheduler: str) -> tuple[str, str | None]:
    """A trailing _k is Karras, and none is diffusers' own spacing; a leading k_ is of the years before 3.0."""
    old = scheduler.startswith("k_")
    plain = scheduler.removeprefix("k_")
    karras = plain.endswith("_k")
    sampler = INVOKE.get(plain.removesuffix("_k"))
    if sampler is None:
        return scheduler, None
    return sampler, "Karras" if karras else None if old or sampler in ("DDIM", "PLMS", "UniPC", "LCM") else "Uniform"


def easy(name: str) -> tuple[str, str | None]:
    return EASY.get(name, name), None
