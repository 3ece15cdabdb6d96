"""POST /v1/ingest: a batch comes in, is judged event by event, committed, and answered."""

from __future__ import annotations

from msgspec import structs
from starlette.responses import Response

from hiveboard.errors import StoreUnavailableError, TooManyRequestsError
from hiveboard.ingest.body import ACCEPTED_ENCODINGS, read_body
from hiveboard.ingest.decode import decode_batch
from hiveboard.ingest.judge import Judge
from hiveboard.ingest.verdict import IngestAnswer, encode_answer
from hiveboard.ingest.wire import WireBatch
from hiveboard.store import QueueFullError, StoreFailedError
from hiveboard.store.process import header_process
from hiveboard.store.records import Batch

from .table import Context, Endpoint

__all__ = ["ENDPOINTS"]


async def ingest(context: Context) -> Response:
    """Store a batch; 200 when everything was stored, 207 when something was refused."""
    services, request = context.services, context.request
    limits = services.settings.limits
    body = await read_body(
        request.stream(),
        encoding=", ".join(request.headers.getlist("content-encoding")),
        declared_length=request.headers.get("content-length", ""),
        limits=limits,
    )
    await services.prices.ready()
    received_at = services.clock()
    process = header_process(request.headers.get("x-hiveloop-client"))
    made: list[IngestAnswer] = []

    def prepare() -> Batch:
        judge = Judge(limits, services.prices)
        judged = judge.judge(decode_batch(body, limits), context.tenant, received_at)
        # Only what the answer needs is kept: the writer lets go of the events as soon as they are stored.
        accepted, refused = len(judged.batch.records), len(judged.refusals)
        made.append(IngestAnswer(accepted, refused, 0, judged.refusals, judged.remarks))
        if process is not None:
            judged.batch.origin = structs.replace(judged.batch.origin, process=process)
        return judged.batch

    try:
        appended = await services.store.append(prepare, len(body))
    except QueueFullError:
        raise TooManyRequestsError(
            "too much is waiting to be written; send this batch again", limits.retry_after_seconds
        ) from None
    except StoreFailedError as error:
        raise StoreUnavailableError(f"the batch could not be committed: {error}") from None
    answer = made[-1]
    answer.duplicates = appended.duplicates
    return Response(
        encode_answer(answer),
        207 if answer.rejected else 200,
        {"X-HiveBoard-Accept-Encoding": ACCEPTED_ENCODINGS},
        media_type="application/json",
    )


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/ingest",
        ingest,
        IngestAnswer,
        "Store a batch of events of one agent.",
        tag="ingest",
        needs="write",
        body=WireBatch,
        errors=(400, 401, 403, 408, 413, 415, 429, 503),
        more_answers=(
            (207, IngestAnswer, "Stored in part: `errors` says which events were refused and why."),
        ),
    ),
)
