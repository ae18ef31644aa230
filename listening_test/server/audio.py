"""Sends a stimulus by its address; every answer is alike but for the address and the samples."""

from typing import IO, cast

from flask import abort, request
from werkzeug.wrappers import Response
from werkzeug.wsgi import wrap_file

from ..stimuli.served_file import ServedFile
from ..storage.connections import UnavailableError
from ..study.study import Sound, Stimulus
from .request import ServedStudy

_YEAR_SECONDS = 31_536_000
_TYPES = {"wav": "audio/wav", "flac": "audio/flac"}


def sent_audio(served: ServedStudy, name: str) -> Response:
    """The file of an address, or the part of it that is asked for.

    No header says when a file was made, since that tells the order in which they were made.
    """
    study, found = served.study, served.addresses.file(name)
    if found is None:
        abort(404)
    file, size = _opened(served, found, name)
    answer = Response(
        wrap_file(request.environ, file),
        mimetype=_TYPES[study.container],
        direct_passthrough=True,
    )
    answer.content_length = size
    answer.set_etag(name)
    answer.headers["Cache-Control"] = f"private, max-age={_YEAR_SECONDS}, immutable"
    answer.make_conditional(request, accept_ranges=True, complete_length=size)
    # A server that sends files by itself stops at the length that is said (PEP 3333). It reads as
    # fast as the client does; a part that is handed over in pieces would wait in its memory.
    if answer.status_code == 206 and "wsgi.file_wrapper" in request.environ:
        file.seek(answer.content_range.start or 0)
        answer.response = wrap_file(request.environ, file)
    return answer


def _opened(served: ServedStudy, found: Stimulus | Sound, name: str) -> tuple[IO[bytes], int]:
    """What is sent, and how many bytes that are.

    Raises:
        UnavailableError: if the file is gone or not what it was: the page then asks again.
    """
    study = served.study
    path = served.folder.stimulus(found.token, study.container)
    try:
        if path.stat().st_size != found.bytes:
            raise ValueError("has another size than it was made with")
        if study.container == "flac":
            return path.open("rb"), found.bytes
        file = ServedFile(path, study.lead, served.addresses.seed(name))
    except (OSError, ValueError) as error:
        raise UnavailableError(f"{path}: {error}; restore it from a backup") from None
    return cast(IO[bytes], file), file.size
