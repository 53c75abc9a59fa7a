"""Writing what is submitted to a Midjourney upstream, one body for each action."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from relay.families.newapi.midjourney.words import ACTS, DIMENSIONS, HOME, MODES, SUBMIT, SWAP, VIDEO_TYPES
from relay.families.provider import Carries, Order
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unfit
from relay.nouns.options import OPTIONS
from relay.nouns.shapes import nearest
from relay.nouns.wire import Call

Body = dict[str, Any]
Role = MediaRole
_HOMES = {mode: home for home, mode in MODES.items()}
_ALWAYS = ("mode", "bot_type")  # what every submission can say


def _prompt(draft: Draft) -> str:
    """The prompt, which says the shape as well."""
    shape = nearest((), draft.ratio, draft.size)
    return f"{draft.prompt} --ar {shape.replace('x', ':')}" if shape else draft.prompt


def _write_imagine(draft: Draft) -> Body:
    body: Body = {"prompt": _prompt(draft)}
    images = draft.urls(Role.IMAGE)
    return body | ({"base64Array": images} if images else {})


def _write_blend(draft: Draft) -> Body:
    ratio = nearest(tuple(DIMENSIONS.values()), draft.ratio, draft.size)
    words = {ratio: word for word, ratio in DIMENSIONS.items()}
    return {"base64Array": draft.urls(Role.IMAGE)} | ({"dimensions": words[ratio]} if ratio else {})


def _write_image(draft: Draft) -> Body:
    return {"prompt": draft.prompt, "image": draft.url(Role.IMAGE)}


def _write_swap(draft: Draft) -> Body:
    return {"sourceBase64": draft.url(Role.SOURCE), "targetBase64": draft.url(Role.TARGET)}


def _write_video(draft: Draft) -> Body:
    body: Body = {"prompt": _prompt(draft), "batchSize": draft.count}
    wire = {"image": draft.url(Role.FIRST_FRAME) or draft.url(Role.IMAGE), "endImage": draft.url(Role.LAST_FRAME)}
    body |= {name: url for name, url in wire.items() if url}
    body |= {name: draft.options[name] for name in ("motion", "loop") if name in draft.options}
    if resolution := draft.options.get("resolution"):
        types = {word: number for number, word in VIDEO_TYPES.items()}
        if resolution not in types:
            raise Unfit("resolution", f"must be one of: {', '.join(types)}", f"必须是以下之一：{', '.join(types)}")
        body["videoType"] = types[str(resolution)]
    return body


def _write_extend(draft: Draft) -> Body:
    """What goes on from one of the films of a job: they are counted from 0 there."""
    job, number = (draft.parent.upstream_task_id, draft.parent.upstream_ref) if draft.parent else ("", "")
    index = int(number) - 1 if number.isdecimal() else 0
    return _write_video(draft) | {"action": "extend", "taskId": job, "index": index}


def _write_action(draft: Draft) -> Body:
    """What goes on from a job by one of its buttons."""
    if draft.parent is None or not draft.parent.upstream_ref:
        raise Unfit("action", "needs a button of a task that was made here", "需要在此生成的任务的按钮")
    body: Body = {"taskId": draft.parent.upstream_task_id, "customId": draft.parent.upstream_ref}
    body |= {"enableRemix": True} if draft.options.get("remix") else {}
    return body | ({"strong": draft.options["strong"]} if "strong" in draft.options else {})


class Form(NamedTuple):
    """How an action is submitted, what it takes, and which inputs it cannot do without."""

    path: str
    write: Callable[[Draft], Body]
    media: Collection[Role] = ()
    needs: Collection[Role] = ()
    options: Collection[str] = ()
    parent: bool = False


_BUTTON = Form(f"{SUBMIT}/action", _write_action, options=("remix", "strong"), parent=True)
_FRAMES, _FILM = (Role.FIRST_FRAME, Role.IMAGE, Role.LAST_FRAME), ("motion", "loop", "resolution")
FORMS: Mapping[str, Form] = {
    **{action: _BUTTON for action, act in ACTS.items() if act.button},
    "inpaint": _BUTTON._replace(media=(Role.MASK,)),  # said in the second step
    "imagine": Form(f"{SUBMIT}/imagine", _write_imagine, (Role.IMAGE,)),
    "blend": Form(f"{SUBMIT}/blend", _write_blend, (Role.IMAGE,), (Role.IMAGE,)),
    "describe": Form(
        f"{SUBMIT}/describe", lambda draft: {"base64": draft.url(Role.IMAGE)}, (Role.IMAGE,), (Role.IMAGE,)
    ),
    "shorten": Form(f"{SUBMIT}/shorten", lambda draft: {"prompt": draft.prompt}),
    "edits": Form(f"{SUBMIT}/edits", _write_image, (Role.IMAGE,), (Role.IMAGE,)),
    "retexture": Form(f"{SUBMIT}/retexture", _write_image, (Role.IMAGE,), (Role.IMAGE,)),
    "swap_face": Form(SWAP, _write_swap, (Role.SOURCE, Role.TARGET), (Role.SOURCE, Role.TARGET)),
    "video": Form(f"{SUBMIT}/video", _write_video, _FRAMES, (), _FILM),
    "extend": Form(f"{SUBMIT}/video", _write_extend, (), (), _FILM, parent=True),
}
# What requests of other families' clients say, which name no action of this wire.
_PLAIN = {"image2video": "video", "text2video": "video"}


def action_of(order: Order) -> str:
    """The action; where none is named, the one that the model is the price of."""
    said = order.draft.action
    own = next((action for action, act in ACTS.items() if act.model == order.source.model), "imagine")
    return _PLAIN.get(said, said) or own


def home(draft: Draft) -> str:
    """What the paths of a request begin with: they say how fast its job is made. Raises Unfit for another mode."""
    mode = draft.options.get("mode")
    if mode is None:
        return HOME
    if mode not in _HOMES:
        raise Unfit("mode", f"must be one of: {', '.join(_HOMES)}", f"必须是以下之一：{', '.join(_HOMES)}")
    return _HOMES[str(mode)]


def write_submit(order: Order) -> Call:
    draft = order.draft
    form = FORMS[action_of(order)]
    _check(draft, form)
    body = form.write(draft)
    if "bot_type" in draft.options:
        body["botType"] = draft.options["bot_type"]
    if order.callback_url:
        body["notifyHook"] = order.callback_url
    return Call.json("POST", home(draft) + form.path, body, {"accept": "application/json"})


def _check(draft: Draft, form: Form) -> None:
    """Raises Unfit for what this action does not take and would be dropped, and for an input it lacks."""
    given = [medium.role for medium in draft.media]
    left = [*(role for role in given if role not in form.media), *(["parent"] * bool(draft.parent and not form.parent))]
    left += [
        name
        for name, value in draft.options.items()
        if name not in (*form.options, *_ALWAYS) and not OPTIONS[name].hint and value != OPTIONS[name].usual
    ]
    if left:
        raise Unfit(left[0], "is not taken by this action", "该操作不支持")
    if form.parent and draft.parent is None:
        raise Unfit("action", "must go on from a task that was made here", "必须基于在此生成的任务")
    for role in form.needs:
        if role not in given:
            raise Unfit(role, "is required", "为必填")


def _carries(kind: Kind) -> Carries:
    actions = {action: FORMS[action] for action, act in ACTS.items() if act.kind is kind}
    return Carries(
        (*actions, *(said for said, action in _PLAIN.items() if action in actions)),
        {role for form in actions.values() for role in form.media},
        {*_ALWAYS, *(name for form in actions.values() for name in form.options)},
        parent=any(form.parent for form in actions.values()),
    )


CARRIES = {kind: _carries(kind) for kind in (Kind.IMAGE, Kind.TEXT, Kind.VIDEO)}
