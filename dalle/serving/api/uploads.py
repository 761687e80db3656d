"""POST /gradio_api/upload as gradio's clients use it, in the place of gradio's own.

Theirs takes any file of any size, and keeps all of them for a day. This one takes pictures, as
many as may be ranked in one call, and lets the oldest go where they are too many.
"""

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dalle.engine.messages import DISK_FULL, is_disk_full
from dalle.safety.open_image import allowed, kind_of
from dalle.serving.api.descriptions import MAX_RANKED
from dalle.serving.api.files import SENT, keep
from dalle.serving.api.incoming import MAX_MEGABYTES
from dalle.serving.http.bodies import told
from dalle.serving.http.routes import UPLOAD


async def take_pictures(request: Request) -> Response:
    """The paths of the files in a form's field "files"; a sentence where one is no picture."""
    try:
        async with request.form(max_files=MAX_RANKED, max_fields=MAX_RANKED) as form:
            contents = [await read_file(file) for file in form.getlist("files")]
        if None in contents or not contents:
            return told(400, f'The form must have fields "files", each {allowed(MAX_MEGABYTES)}.')
        paths = await run_in_threadpool(keep_all, contents)
    except (MultiPartException, HTTPException) as error:
        reason = getattr(error, "message", None) or getattr(error, "detail", "")
        return told(400, f"The form cannot be read ({str(reason)[:80]}).")
    except OSError as error:
        if not is_disk_full(error):
            raise
        return told(507, DISK_FULL)
    # Gradio deletes these after a day, like the files of the page.
    request.app.get_blocks().upload_file_set.update(paths)
    return JSONResponse(paths)


async def read_file(file: UploadFile | str) -> bytes | None:
    """The file's content; None for anything but a picture's file of a usual length."""
    if not isinstance(file, UploadFile):
        return None
    content = await file.read(MAX_MEGABYTES * 2**20 + 1)
    return content if kind_of(content) and len(content) <= MAX_MEGABYTES * 2**20 else None


def keep_all(contents: list[bytes]) -> list[str]:
    """The files under names of our own: a stranger's names are nobody's business."""
    return [keep(each, f"picture.{kind_of(each).lower()}", SENT) for each in contents]


upload = Route(UPLOAD, take_pictures, methods=["POST"])
