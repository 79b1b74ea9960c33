"""A gallery of 100,000 pictures: pages, searches, facets, and an older studio's folder opened for the first time.

Milliseconds are the processor's, of the thread that answers: what else runs on the machine does not count.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from api.images import shown
from benchmarks.table import Row, seconds, timed
from engine import infotext
from engine.gallery.arrivals import bare
from engine.gallery.looks import LENGTH
from engine.gallery.rows import NewImage, insert
from engine.gallery.search import SORTS, Filters, cursor_part
from engine.gallery.store import Change, Gallery
from engine.gallery.upkeep import read_batch
from engine.request.generation import GenerationRequest
from engine.request.samplers import SAMPLERS

PICTURES = 100_000
MODELS = [f"model-{number:02d}" for number in range(40)]
SIZES = ((512, 512), (512, 768), (768, 512), (1024, 1024), (640, 960))
CHINESE = ("夜晚的红色房子", "草地上的一只猫", "城市风景，高质量", "森林里的女孩")
SYLLABLES = ("ba", "be", "co", "da", "el", "fa", "go", "hi", "in", "ju", "ka", "lo", "mi", "no", "or", "pa", "re", "sa")
NEGATIVE = "lowres, bad hands, blurry, text, watermark, worst quality"


def measure(runs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        with closing(Gallery(data)) as gallery:
            filling = timed(f"{PICTURES:,} rows put in, one transaction", [seconds(lambda: fill(gallery))])
            tag(gallery)
            rows = [
                filling,
                *pages(gallery, runs),
                *searches(gallery, runs),
                *counts(gallery, runs),
                *boards(gallery, runs),
            ]
        age(data)
        return [*rows, *opening(data)]


def pages(gallery: Gallery, runs: int) -> Iterator[Row]:
    for sort in ("newest", "oldest", "stars", "seed"):
        far = middle(gallery, sort)
        for place, cursor in (("first", None), ("far", far)):

            def page(cursor: str | None = cursor, sort: str = sort) -> None:
                images, _ = gallery.page(None, cursor, filters=Filters(), sort=sort)
                assert len([shown(image) for image in images]) == 48

            yield milliseconds(f"page of 48, {sort}, {place}", page, runs, "<= 50")


def middle(gallery: Gallery, sort: str) -> str:
    """The cursor 1,000 pictures before the end."""
    columns, direction = SORTS[sort].columns, "" if SORTS[sort].downwards else "DESC"
    order = ", ".join(f"{name} {direction}" for name in columns)
    with gallery.rows.reading() as connection:
        row = connection.execute(
            f"SELECT {', '.join(columns)} FROM catalogue ORDER BY {order} LIMIT 1 OFFSET 1000"
        ).fetchone()
    return "_".join(cursor_part(value) for value in row)


def searches(gallery: Gallery, runs: int) -> Iterator[Row]:
    common = " ".join(vocabulary()[:64])
    pasted = words_of(random.Random(5))
    for name, filters in {
        "a frequent word": Filters(q=f"{vocabulary()[0]} "),
        "a word of every picture": Filters(q="watermark "),
        "a phrase of every picture": Filters(q='"worst quality"'),
        "one letter, as it is typed": Filters(q="b"),
        "two letters": Filters(q="re"),
        "a Chinese word of two": Filters(q="房子"),
        "without a word": Filters(q=f"-{vocabulary()[0]}"),
        "a whole prompt": Filters(q=pasted),
        "the 64 most frequent words": Filters(q=common),
        "no picture has it": Filters(q="qqqq"),
        "a rare model": Filters(models=(MODELS[-1],)),
        "model, sampler, size and stars": Filters(models=(MODELS[1],), samplers=("Heun",), size=SIZES[1], stars=3),
        "a tag": Filters(tags=("tag 7",)),
        "word, model and stars": Filters(q="watermark ", models=(MODELS[-1],), stars=1),
    }.items():
        for sort in ("newest", "stars") if name == "a word of every picture" else ("newest",):

            def search(filters: Filters = filters, sort: str = sort) -> None:
                gallery.rows.version += 1  # what was counted is forgotten
                images, _ = gallery.page(None, filters=filters, sort=sort)
                gallery.count(None, filters)
                assert len([shown(image) for image in images]) <= 48

            yield milliseconds(f"search and total, {name}, {sort}", search, runs, "<= 100")


def counts(gallery: Gallery, runs: int) -> Iterator[Row]:
    for name, filters in {
        "of all": Filters(),
        "of a word of every picture": Filters(q="watermark "),
        "of one letter": Filters(q="b"),
        "of a rare model": Filters(models=(MODELS[-1],)),
        "of a tag": Filters(tags=("tag 7",)),
    }.items():

        def facets(filters: Filters = filters) -> None:
            gallery.rows.version += 1
            assert gallery.facets(None, filters)["models"]

        yield milliseconds(f"facets {name}", facets, runs, "<= 100")

        def all_at_once(filters: Filters = filters) -> None:
            gallery.rows.version += 1
            gallery.page(None, filters=filters)
            gallery.count(None, filters)
            gallery.facets(None, filters)

        yield milliseconds(f"search, total and facets {name}", all_at_once, runs, "<= 100")
    yield milliseconds("facets again, nothing changed", lambda: gallery.facets(None), runs)


def boards(gallery: Gallery, runs: int) -> Iterator[Row]:
    """As bob meets boards of ann, who has half of the pictures: a few old ones, most of them, and all that is shared."""
    with gallery.rows.reading() as connection:
        hers = [row["id"] for row in connection.execute("SELECT id FROM catalogue WHERE owner = 'ann' ORDER BY number")]
    few, most = (gallery.boards.add("ann", name, "Ann", shared=True) for name in ("few", "most"))
    gallery.boards.put(few, hers[:30], "ann")
    for start in range(0, 40_000, 10_000):
        gallery.boards.put(most, hers[start : start + 10_000], "ann")
    for name, filters in {
        "30 old pictures": Filters(board=few),
        "40,000 pictures": Filters(board=most),
        "40,000 pictures and a word": Filters(board=most, q="watermark "),
        "all that is shared": Filters(shared=True),
    }.items():

        def board(filters: Filters = filters) -> None:
            gallery.rows.version += 1
            gallery.page("bob", filters=filters)
            gallery.count("bob", filters)
            gallery.facets("bob", filters)

        yield milliseconds(f"a board of {name}: page, total and facets", board, runs, "<= 100")
    yield milliseconds("the list of boards with their counts", lambda: gallery.boards.all("bob"), runs, "<= 50")
    with gallery.rows.writing() as connection:
        draw = random.Random(9)
        looks = (
            (row["number"], draw.randbytes(LENGTH))
            for row in connection.execute("SELECT number FROM catalogue").fetchall()
        )
        connection.executemany("INSERT INTO looks VALUES (?, ?)", looks)

    def alike() -> None:
        gallery.rows.version += 1
        gallery.alike(hers[5], None)

    yield milliseconds("what looks alike among 100,000, something was written", alike, runs, "<= 500")
    yield milliseconds("what looks alike among 100,000", lambda: gallery.alike(hers[5], None), runs, "<= 250")
    yield milliseconds("10,000 pictures of others: which are seen", lambda: gallery.select(hers[:10_000], "bob"), runs)


def opening(data: Path) -> Iterator[Row]:
    opened: list[Gallery] = []
    used = busy(lambda: opened.append(Gallery(data)))
    yield timed("an older studio's folder, opened first", [used], "ms", "<= 1000")
    (gallery,) = opened
    with closing(gallery):
        yield milliseconds("page of 48, not read yet", lambda: gallery.page(None), 5, "<= 50")
        taken: list[float] = []
        before = 1
        while before:
            taken.append(busy(lambda: read_batch(gallery.rows)))
            with gallery.rows.reading() as connection:
                before = connection.execute("SELECT count(*) FROM catalogue WHERE model IS NULL").fetchone()[0]
        yield timed("a batch of it, read beside the day's work", taken, "ms")
        yield timed("all of it", [sum(taken)], "ms")
        yield timed("its indexes", [busy(gallery.rows.build_indexes)], "ms")
        yield milliseconds("page of 48 afterwards", lambda: gallery.page(None), 5, "<= 50")


def milliseconds(name: str, act: Callable[[], object], runs: int, wanted: str = "") -> Row:
    act()
    return timed(name, [busy(act) for _ in range(runs)], "ms", wanted)


def busy(act: Callable[[], object]) -> float:
    """Milliseconds of this thread."""
    begun = time.thread_time()
    act()
    return 1000 * (time.thread_time() - begun)


def fill(gallery: Gallery) -> None:
    draw = random.Random(1)
    with gallery.rows.writing() as connection:
        for number in range(PICTURES):
            insert(connection, picture(draw, number))


def picture(draw: random.Random, number: int) -> NewImage:
    prompt = words_of(draw) + (f", {draw.choice(CHINESE)}" if number % 10 == 0 else "")
    width, height = draw.choice(SIZES)
    request = GenerationRequest().with_(
        words={"prompt": prompt, "negative_prompt": NEGATIVE},
        model={"checkpoint": MODELS[min(int(draw.expovariate(0.2)), len(MODELS) - 1)]},
        canvas={"width": width, "height": height},
        sampling={"sampler": draw.choice(SAMPLERS), "seed": draw.getrandbits(32)},
    )
    owner, created = "ann" if number % 2 else "bob", 1.7e9 + 60 * number
    return bare(request, infotext.write(request), owner, created, (width, height))


def words_of(draw: random.Random) -> str:
    """Thirty words, some far more frequent than others, as in prompts."""
    known = vocabulary()
    return ", ".join(known[min(int(draw.paretovariate(0.6)) - 1, len(known) - 1)] for _ in range(30))


def vocabulary() -> list[str]:
    if not WORDS:
        draw = random.Random(3)
        WORDS.extend(dict.fromkeys("".join(draw.choices(SYLLABLES, k=draw.randint(2, 4))) for _ in range(20_000)))
    return WORDS


WORDS: list[str] = []


def tag(gallery: Gallery) -> None:
    with gallery.rows.reading() as connection:
        ids = [row["id"] for row in connection.execute("SELECT id FROM catalogue ORDER BY number").fetchall()]
    for number in range(20):
        gallery.change(ids[number * 37 :: 101], None, Change(stars=1 + number % 5, add_tags=(f"tag {number}",)))


def age(data: Path) -> None:
    """Make the database as an older studio left it."""
    with closing(sqlite3.connect(data / "atelier.db")) as connection:
        for table in (
            "catalogue",
            "catalogue_kinds",
            "catalogue_tags",
            "catalogue_words",
            "boards",
            "board_pictures",
            "looks",
        ):
            connection.execute(f"DROP TABLE {table}")
        for column in ("format", "imported", "name", "prompt", "trace"):
            connection.execute(f"ALTER TABLE images DROP COLUMN {column}")
        connection.execute("CREATE INDEX images_newest ON images (created, id)")
        connection.execute("CREATE INDEX images_newest_of ON images (owner, created, id)")
        connection.commit()
