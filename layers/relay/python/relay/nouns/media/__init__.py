"""What a file is, by its bytes; file names and declared types may be wrong on purpose and are not used here.

One module per container format finds where the file ends and checks that it holds a picture, a video or a sound;
`inspect` picks the module. Pictures are decoded too, by zlib and Pillow, within the limits of `pixels`.
"""

from relay.nouns.media.inspection import Inspected, inspect
from relay.nouns.media.kinds import PCM, PICTURES, UPLOADABLE, MediaType, NotMedia, by_name, sniff

__all__ = ["PCM", "PICTURES", "UPLOADABLE", "Inspected", "MediaType", "NotMedia", "by_name", "inspect", "sniff"]
