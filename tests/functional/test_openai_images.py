"""Pictures as the published OpenAI client asks for them, over HTTP."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from openai import BadRequestError, OpenAI

from tests.functional.harness import KEY, harness
from tests.functional.serving import served
from tests.samples import sample


def test_a_picture_is_asked_for_as_a_task_by_waiting_and_by_a_form() -> None:
    with harness(archive=True, balance="1000") as here, served(here) as relay:
        here.switch_on("newapi")
        with OpenAI(api_key=KEY, base_url=f"{relay.url}/v1", max_retries=0) as client, ThreadPoolExecutor(1) as pool:
            made = client.images.generate(model="gpt-image-1", prompt="a boat", extra_body={"async": True})
            task_id = str(made.to_dict()["id"])
            relay.until(lambda: here.task(task_id).terminal)
            done = client.get(f"/images/generations/{task_id}", cast_to=type(made))
            assert [str(each.url).startswith(f"{relay.url}/media/") for each in done.data or ()] == [True]

            def pause(_: float) -> None:
                here.run(6)

            here.services = replace(here.services, pause=pause)
            waited = pool.submit(client.images.generate, prompt="a boat", size="1024x1536").result()
            assert (waited.created > 0, len(waited.data or ())) == (True, 1)
            edited = client.images.edit(image=[sample("png"), sample("png")], mask=sample("png"), prompt="a hat", n=2)
            assert edited.data
            (*_, sent) = here.network.sent("newapi.submit")
            assert (sent.url.rpartition("/")[2], sent.body.count(sample("png"))) == ("edits", 3)
            with pytest.raises(BadRequestError) as refused:
                client.images.generate(prompt="a boat", n=11)
            assert (refused.value.param, refused.value.type) == ("n", "invalid_request_error")
