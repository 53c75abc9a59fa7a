"""Why a task failed, and the sentence its client is told: our own for each canonical code, never the upstream's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a task failed: a canonical code, which decides what the client is told, and the upstream's own code.

    `words` are the upstream's text for the log; they are not stored with the task.
    """

    code: str
    words: str = ""
    upstream_code: str = ""


FAILED = "GENERATION_FAILED"

# By canonical code, in English and in Chinese.
SENTENCES: Mapping[str, tuple[str, str]] = {
    FAILED: ("the generation failed; the charge was returned", "生成失败，费用已退回"),
    "TASK_TIMEOUT": ("the task did not finish in time; the charge was returned", "任务未能按时完成，费用已退回"),
    "TASK_CANCELLED": ("the task was cancelled; the charge was returned", "任务已取消，费用已退回"),
    "API_ERROR": (
        "the task cannot be carried out at the moment; the charge was returned",
        "任务暂时无法执行，费用已退回",
    ),
    "INVALID_PARAMETER": ("the parameters were not accepted; the charge was returned", "请求参数未被接受，费用已退回"),
    "CONTENT_POLICY_VIOLATION": (
        "the request or its result violates the content policy; the charge was returned",
        "请求或结果违反内容政策，费用已退回",
    ),
    "INPUT_FETCH_FAILED": ("an input file cannot be read; the charge was returned", "无法读取输入文件，费用已退回"),
}


def sentence(code: str, language: str) -> str:
    """The sentence for a code in `language` ("en" or "zh"); an unknown code counts as a failed generation."""
    english, chinese = SENTENCES.get(code, SENTENCES[FAILED])
    return chinese if language == "zh" else english
