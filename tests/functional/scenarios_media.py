"""Every course a file can take: uploaded, sent by form, given to an upstream, archived, downloaded."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

from relay.effects.bucket import PART_BYTES
from relay.effects.outbound import Incoming
from relay.nouns.task import Delivery, State
from relay.nouns.wire import Answer
from tests.functional.holding import ANSWERING, AT_ONCE, STREAMING, URL, Streamed, said
from tests.functional.network import CLIENT, PICTURE, Script
from tests.functional.recorded_calls import RecordingHarness
from tests.functional.scenarios import RESENT, lose_messages

FILM = {"prompt": "a cat", "action": "image2video", "duration": 5}
BOUNDARY = "example"
MULTIPART = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
FORM = {"filename": "a.png", "content_type": "image/png", "size": len(PICTURE)}


def upload_file(here: RecordingHarness) -> str:
    """A link to a file uploaded through the API."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'.encode()
    body = head + PICTURE + f"\r\n--{BOUNDARY}--\r\n".encode()
    status, document = here.post("/api/upload", raw=body, headers=MULTIPART)
    assert status == 200, document
    return str(document["url"])


def upload_by_form(here: RecordingHarness, body: bytes = PICTURE) -> str:
    """A link to a file uploaded by a form."""
    status, document = here.post("/api/upload/presign", FORM)
    assert status == 200, document
    (form,) = document["data"]
    here.put_by_form(form["fields"]["key"], body)
    return str(form["url"])


def archived_task(here: RecordingHarness, **fields: object) -> str:
    """A task whose result has been copied."""
    here.turn_archiving_on()
    task_id = here.submit_image(**fields)
    here.pump()
    here.network.finish()
    here.run(60)
    assert here.task(task_id).state is State.SUCCEEDED
    return task_id


def result_of(here: RecordingHarness, task_id: str) -> str:
    (image,) = here.post("/api/kling/tasks", {"task_id": task_id})[1]["images"]
    return str(image["url"])


def submit_video_of(here: RecordingHarness, image_url: str) -> None:
    """Submit a video of a picture, up to its hand-over to the upstream."""
    status, document = here.post("/api/kling/videos", FILM | {"image_url": image_url})
    assert status == 200, document
    here.pump()
    assert here.task(document["task_id"]).state is State.QUEUED


def a_file_is_brought_and_used(here: RecordingHarness) -> None:
    link = upload_file(here)
    assert here.follow(link) == 200
    submit_video_of(here, link)


def a_file_arrives_by_form_and_is_used(here: RecordingHarness) -> None:
    link = upload_by_form(here)
    assert here.follow(link) == 200
    submit_video_of(here, link)


def a_file_that_arrives_is_none(here: RecordingHarness) -> None:
    assert here.follow(upload_by_form(here, b"<html>")) == 404


def a_picture_comes_inline(here: RecordingHarness) -> None:
    submit_video_of(here, "data:image/png;base64," + base64.b64encode(PICTURE).decode())


def a_result_is_copied_shown_and_used(here: RecordingHarness) -> None:
    link = result_of(here, archived_task(here, callback_url=CLIENT))
    assert here.follow(link) == 200
    submit_video_of(here, link)


def a_callback_brings_a_result_to_copy(here: RecordingHarness) -> None:
    here.turn_archiving_on()
    task_id = here.submit_kie_image(callBackUrl=CLIENT)
    here.pump()
    (job,) = here.network.jobs.values()
    job.state = "succeeded"
    assert here.callback(job)[0] == 200
    assert here.task(task_id).state is State.STORING
    while here.pump():
        continue
    assert here.task(task_id).delivery is Delivery.DONE
    (url,) = here.request("GET", f"/api/v1/gpt4o-image/record-info?taskId={task_id}")[1]["data"]["response"][
        "resultUrls"
    ]
    assert here.post("/api/v1/gpt4o-image/download-url", {"url": url})[0] == 200


def a_result_is_not_there(here: RecordingHarness) -> None:
    here.turn_archiving_on()
    here.network.script["file"] = [Answer(404), Answer(404), Answer(404)]
    task_id = here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.run(300)
    assert here.entries(task_id) == ["release", "reserve"]


def a_large_result_breaks_off(here: RecordingHarness) -> None:
    def cut_off() -> Iterator[bytes]:
        yield PICTURE
        yield bytes(3 * PART_BYTES)

    here.network.script["file"] = [Incoming(200, {"content-length": str(4 * PART_BYTES)}, cut_off())]
    archived_task(here)


def a_late_result_is_not_there_yet(here: RecordingHarness) -> None:
    here.turn_archiving_on()
    here.network.script["file"] = [Answer(404)]
    task_id = here.submit_kie_image()
    here.pump()
    here.wait(61)  # by now the poller that dispatch started has ended
    (job,) = here.network.jobs.values()
    job.state = "succeeded"
    here.callback(job)
    here.pump()
    assert here.task(task_id).copies == 1


def a_picture_is_answered_with_its_bytes(here: RecordingHarness) -> None:
    here.turn_archiving_on()
    body = {"model": "flux-dev", "prompt": "a boat", "response_format": "b64_json"}
    once = {"idempotency-key": "bytes"}
    _, made = here.post("/v1/images/generations", body, headers={**once, "prefer": "wait=0"})
    here.pump()
    here.network.finish()
    here.run(60)
    for status, document in (
        here.post("/v1/images/generations", body, headers=once),
        here.request("GET", f"/v1/images/generations/{made['id']}?response_format=b64_json"),
    ):
        assert (status, "b64_json" in document["data"][0]) == (200, True)


def a_word_to_the_archive_is_lost(here: RecordingHarness) -> None:
    here.turn_archiving_on()
    task_id = here.submit_image()
    here.pump()
    here.network.finish()
    here.wait(10)
    here.tick()
    assert here.task(task_id).state is State.STORING
    lose_messages(here)
    here.wait(RESENT)
    here.tick()
    assert here.pump()


def an_answer_is_the_result(here: RecordingHarness) -> None:
    for api in (AT_ONCE, ANSWERING):
        for answer in (said(b64=[base64.b64encode(PICTURE).decode()]), said(urls=[URL]), said(private=["/files/1"])):
            here.network.script["kie.query"] = [Answer(200, PICTURE)]
            here.turn_archiving_on()
            here.speak(api)
            here.network.script["kie.submit"] = [answer]
            _, made = here.post("/api/grok/images", {"prompt": "a cat", "callback_url": CLIENT})
            here.wait(61)  # by now the poller that was started before has ended
            here.run(10)
            assert here.task(made["task_id"]).delivery is Delivery.DONE


def an_answer_takes_minutes(here: RecordingHarness) -> None:
    links = upload_file(here), result_of(here, archived_task(here))
    here.speak(STREAMING)
    refused: list[Script] = [Answer(429, b'{"said": "no"}')] * 3
    broken: list[Script] = [Streamed([{"progress": 1}]).incoming()]
    for link, answers in zip(links, (refused, broken), strict=True):
        here.network.script = {"kie.submit": answers, "aistudio.submit": [Answer(401)], "newapi.submit": [Answer(401)]}
        film = FILM | {"model": "kling-3.0", "image_url": link, "callback_url": CLIENT}
        task_id = here.post("/api/kling/videos", film)[1]["task_id"]
        here.run(60)
        assert here.task(task_id).state is State.FAILED or here.task(task_id).sending


MEDIA_SCENARIOS: tuple[Callable[[RecordingHarness], None], ...] = (
    *(a_file_is_brought_and_used, a_file_arrives_by_form_and_is_used, a_file_that_arrives_is_none),
    *(a_picture_comes_inline, a_result_is_copied_shown_and_used, a_callback_brings_a_result_to_copy),
    a_picture_is_answered_with_its_bytes,
    *(a_result_is_not_there, a_large_result_breaks_off, a_late_result_is_not_there_yet, a_word_to_the_archive_is_lost),
    *(an_answer_is_the_result, an_answer_takes_minutes),
)
