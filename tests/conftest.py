"""What all tests share: the environment of the studio's processes, set before anything imports torch."""

from engine.settings import prepare_environment

prepare_environment()
