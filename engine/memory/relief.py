"""What counts as running out of memory, and what counts as a device that is lost for good."""

SHORT = ("out of memory", "cudnn_status_alloc_failed", "cublas_status_alloc_failed", "can't allocate memory")
LOST = ("device-side assert", "illegal memory access", "unspecified launch failure", "cuda error: misaligned")


def out_of_memory(error: BaseException) -> bool:
    """Frameworks tell it by type or only by text."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in SHORT)


def device_lost(error: BaseException) -> bool:
    """After these a CUDA process cannot draw any more: it must be replaced."""
    return isinstance(error, RuntimeError) and any(text in str(error).lower() for text in LOST)
