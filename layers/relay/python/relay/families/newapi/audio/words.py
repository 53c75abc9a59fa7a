"""What both sides of the audio API call things."""

from __future__ import annotations

from collections.abc import Mapping

PLATFORM = "audio"
SPEECH, TRANSCRIPTIONS = "/v1/audio/speech", "/v1/audio/transcriptions"
TRANSLATIONS = "/v1/audio/translations"  # what is heard, in English
TRANSLATE = "translate"  # the action of a draft; one without listens and writes
SPEECH_OBJECT, TRANSCRIPT_OBJECT = "audio.speech", "audio.transcription"  # of the documents that tell how tasks stand
OTHER_FAULT = "audio_generation_failed"  # where the family has no word for it

VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova"),
    *("sage", "shimmer", "verse", "marin", "cedar"),
)
MOST_TEXT = 4096  # characters
# The types of speech as they are told; opus comes in Ogg.
SPOKEN: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
OPUS = "audio/ogg"  # what such a file is by its bytes
JSON, VERBOSE, TEXT = "json", "verbose_json", "text"
SUBTITLES = ("srt", "vtt")
FORMS = (JSON, TEXT, *SUBTITLES, VERBOSE)  # of a transcript
DETAILS = ("task", "language", "duration", "segments", "words")  # what the verbose form says beside the text
# What is asked for by the same name on the wire and in our vocabulary.
SPEECH_OPTIONS = ("voice", "speed", "instructions")
TRANSCRIPT_OPTIONS = ("language", "temperature")

MOST_INSIDE = 4 << 20  # bytes of a sound in an answer: as base64 they are 5.6 MB, and a function answers 6
