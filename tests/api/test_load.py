"""Many people at once, small: nobody is left without an answer, no job is lost, and nobody waits for a hog.

`python -m benchmarks load` does it with a hundred people and takes the times.
"""

import asyncio

from benchmarks.load import hog, server, storm


def test_every_request_is_answered_no_job_is_lost_and_a_hog_delays_others_by_one_batch_at_most() -> None:
    with server() as (url, _):
        told = asyncio.run(storm(url, clients=15, each=3))
        assert (told.unanswered, told.bare, told.accepted, told.lost) == (0, 0, 45, 0)
        assert told.health
        _, begun = asyncio.run(hog(url, 30))
        assert begun <= 8
