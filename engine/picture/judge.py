"""What a request starts from, looked at before it is accepted: whether it is there and fits, and the size to draw at."""

from pathlib import Path

from engine.errors import BadRequest
from engine.picture.fit import LARGEST, natural_size
from engine.picture.inputs import input_bytes
from engine.picture.mask import brought, check_covers, check_shape, greys
from engine.picture.open import LARGEST_PIXELS, LONGEST_SIDE, open_safe, upright
from engine.request.generation import GenerationRequest
from engine.request.starts import FromMask, FromPicture

Size = tuple[int, int]


def judged(request: GenerationRequest, inputs: Path, model: Size) -> GenerationRequest:
    """With a size where none was asked for, of the picture's own shape. inputs: the folder of starting pictures;
    model: the model's own size. Raises NotFound or BadRequest for what cannot be drawn."""
    match request.start:
        case FromPicture() as start:
            size = upright(input_bytes(inputs, start.picture))
            if start.resize_mode == "Just resize (latent upscale)" and max(size) > LARGEST:
                raise too_large_for_latents(size)
            return sized(request, size, model)
        case FromMask() as start:
            size = canvas_size(upright(input_bytes(inputs, start.picture)), start)
            check_mask(start, inputs)
            return request if start.inpaint_area == "Only masked" else sized(request, size, model)
        case _:
            return request


def sized(request: GenerationRequest, picture: Size, model: Size) -> GenerationRequest:
    given = request.canvas.width, request.canvas.height
    if all(given):
        return request
    width, height = natural_size(picture, model, given)
    return request.with_(canvas={"width": width, "height": height})


def check_mask(start: FromMask, inputs: Path) -> None:
    """That it is there and of the picture's shape, and that something is to be redrawn."""
    if not start.mask:
        return
    data = input_bytes(inputs, start.mask, "mask")
    size = upright(input_bytes(inputs, start.picture))
    check_shape(upright(data), size)
    mask = brought(greys(open_safe(data)), size)
    if start.mask_mode == "Inpaint not masked":
        mask = mask.point([255 - level for level in range(256)])
    if not any(start.frame):
        check_covers(mask, start.soft_inpainting)


def canvas_size(picture: Size, start: FromMask) -> Size:
    """The picture's with what is added at its edges."""
    left, top, right, bottom = start.frame
    width, height = picture[0] + left + right, picture[1] + top + bottom
    if width * height > LARGEST_PIXELS or max(width, height) > LONGEST_SIDE:
        raise BadRequest(
            "outpaint.large",
            f"With what is added the picture has {width} x {height} pixels, more than can be kept.",
            "Add less, or scale the picture down first.",
            field=next(name for name, pixels in edges(start).items() if pixels),
            width=width,
            height=height,
        )
    return width, height


def edges(start: FromMask) -> dict[str, int]:
    return {
        f"outpaint_{edge}": pixels for edge, pixels in zip(("left", "top", "right", "bottom"), start.frame, strict=True)
    }


def too_large_for_latents(size: Size) -> BadRequest:
    return BadRequest(
        "picture.latents",
        f"The picture has {size[0]} x {size[1]} pixels; to resize its latents it is read in full, up to {LARGEST} a side.",
        "Scale it down, or choose another resize mode.",
        field="resize_mode",
        width=size[0],
        height=size[1],
        most=LARGEST,
    )
