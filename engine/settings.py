"""The settings of an installation: flags, environment (ATELIER_*), and settings.toml in the data folder, in this order."""

import ipaddress
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

HOUSE = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Frozen. app.py makes one and hands its values on; no other module reads settings."""

    model_config = SettingsConfigDict(env_prefix="ATELIER_", frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(7860, ge=1, le=65535, description="Port to listen on.")
    data: Path = Field(HOUSE / "data", description="Folder for the database, pictures and caches.")
    models: Path = Field(HOUSE / "models", description="Folder with checkpoints and other weights.")
    browser: bool = Field(True, description="Open the page in a browser once the studio answers.")
    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="What to draw on.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Number format of the weights."
    )
    model_memory: float = Field(0, ge=0, description="GiB for resident checkpoints; 0 takes half of what is free.")
    max_rows: int = Field(16, ge=2, le=64, description="Rows that one call of the network may hold.")
    disk_reserve: float = Field(1.0, ge=0, description="GiB of disk to leave free; below it new jobs are refused.")
    names: str = Field("{date}/{time}-{seed}-{id}", description="How the files of pictures are called.")
    marking: Literal["metadata", "signed"] = Field(
        "metadata", description="How files say where they are from: in XMP alone, or signed (C2PA) besides."
    )
    workers: Literal["processes", "inprocess", "borrowed"] = Field(
        "processes", description="Where drawing happens; borrowed: on the GPU that ZeroGPU lends, and only there."
    )
    training_folders: tuple[Path, ...] = Field(
        (), description="Further folders that pictures to learn from may come from."
    )
    training_yields: bool = Field(True, description="Trainings rest while pictures are drawn.")
    log_format: Literal["text", "json"] = Field(
        "text", description="Lines of the log for people, or JSON objects for machines."
    )
    webhook_hosts: tuple[str, ...] = Field(
        (), description="Hosts, addresses and networks that webhooks may call although they are not public."
    )
    blocked_words: tuple[str, ...] = Field((), description="Words and phrases that no prompt may have.")
    blocked_for: tuple[Literal["viewer", "artist", "admin"], ...] = Field(
        ("artist", "viewer"), description="Roles whose prompts are looked through for blocked words."
    )
    safety_checker: bool = Field(
        False,
        description="Look at finished pictures with the safety checker in models/safety, and hold some back blurred.",
    )
    safety_for: tuple[Literal["viewer", "artist", "admin"], ...] = Field(
        ("artist", "viewer"), description="Roles whose pictures the safety checker looks at."
    )
    allow_host: tuple[str, ...] = Field((), description="Further host names under which the page may be opened.")
    listen: bool = Field(False, description="Listen on all addresses of this machine; needs accounts.")
    accounts: bool = Field(False, description="People sign in; always so once there are accounts.")
    open_lan: bool = Field(False, description="Let everybody who reaches the address use the studio, without accounts.")
    share: bool = Field(False, description="Refused: Gradio's tunnel does not go with accounts; use a reverse proxy.")
    root_path: str = Field("", description="Path below which a reverse proxy shows the page, as /studio.")
    trusted_proxy: tuple[str, ...] = Field(
        (), description="Address of a reverse proxy whose X-Forwarded-For and -Proto are believed."
    )
    tls_cert: Path | None = Field(None, description="PEM file with the certificate, for https.")
    tls_key: Path | None = Field(None, description="PEM file with the certificate's key.")

    demo: bool = Field(False, description="Offer what a public demo can bear; so on a Hugging Face Space.")

    @property
    def address(self) -> str:
        """What to listen on: --listen is short for --host 0.0.0.0."""
        return "0.0.0.0" if self.listen and self.host == "127.0.0.1" else self.host

    @field_validator("root_path")
    @classmethod
    def _rooted(cls, path: str) -> str:
        kept = path.rstrip("/")
        if kept and not re.fullmatch(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", kept):
            raise ValueError("should be a path as /studio")
        return kept

    @field_validator("trusted_proxy")
    @classmethod
    def _addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ipaddress.ip_address(proxy)
            except ValueError:
                raise ValueError("should be an address as 127.0.0.1") from None
        return proxies

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        chosen: dict[str, Any] = {**env_settings(), **init_settings()}
        data = Path(chosen.get("data") or HOUSE / "data")
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, data / "settings.toml")


def as_a_demo(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """What a Hugging Face Space says of itself goes before the defaults: anybody may come, nothing lasts unless a disk was
    bought (it lies at /data), and drawing happens in this process, or on the GPU that ZeroGPU lends. Elsewhere --demo
    changes only what is offered."""
    space = environment.get("SPACE_ID")
    if not space:
        return settings
    told = settings.model_fields_set
    lasting = Path(environment.get("ATELIER_SPACE_DISK", "/data"))
    changes: dict[str, Any] = {
        "demo": True,
        "open_lan": True,
        "browser": False,
        "allow_host": (*settings.allow_host, *filter(None, [environment.get("SPACE_HOST")])),
    }
    if "host" not in told:
        changes["host"] = "0.0.0.0"
    if "data" not in told:
        changes["data"] = (lasting if os.access(lasting, os.W_OK) else Path(tempfile.gettempdir())) / "atelier"
    if "workers" not in told:
        changes["workers"] = "borrowed" if lends_a_gpu(environment) else "inprocess"
    if changes.get("workers", settings.workers) == "borrowed" and "device" not in told:
        changes["device"] = "cuda"
    return settings.model_copy(update=changes)


def lends_a_gpu(environment: Mapping[str, str]) -> bool:
    """On ZeroGPU; the variable is read as its `spaces` package does."""
    return environment.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def prepare_environment() -> None:
    """Set before torch is imported, and inherited by the workers: quiet threads, no network, no telemetry."""
    for name, value in {
        "OMP_WAIT_POLICY": "PASSIVE",  # spinning barriers made two busy threads 4 to 15 times slower
        "THP_MEM_ALLOC_ENABLE": "1",  # huge pages for large tensors: converting a checkpoint is a third faster
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "TOKENIZERS_PARALLELISM": "false",
    }.items():
        os.environ.setdefault(name, value)
