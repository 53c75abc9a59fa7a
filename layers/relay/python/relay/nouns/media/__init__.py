"""What a file really is, judged by its bytes; names and declared types are hostile input and never looked at here.

One module per container format finds where the file ends and proves that it holds a picture or a film; `judge` picks
the module. Pictures are decoded too, by zlib and Pillow, within the limits of `pixels`.
"""

from relay.nouns.media.judge import Judged, judge
from relay.nouns.media.kinds import PICTURES, UPLOADABLE, MediaType, NotMedia, by_name, sniff

__all__ = ["PICTURES", "UPLOADABLE", "Judged", "MediaType", "NotMedia", "by_name", "judge", "sniff"]
