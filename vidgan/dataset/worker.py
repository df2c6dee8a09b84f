"""Worker process: ``python -m vidgan.dataset.worker`` scans sources until its input ends.

Jobs and answers are lines of JSON. Workers are separate programs instead of ``multiprocessing``
processes, which would run the user's script again and do not tell which file crashed them.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import cv2

from vidgan.config import PreprocessConfig
from vidgan.dataset.scan import scan


def main() -> None:
    """Answer each line ``{path, frame_file, config, fps, threads}``.

    Answers are ``{"progress": frames}``, then ``{"scan": …}``, or ``{"errno": …, "text": …}`` if
    the frame file cannot be written.
    """
    cv2.setNumThreads(1)
    # Only answers may go to the pipe: whatever libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = scan(
                Path(job["path"]),
                Path(job["frame_file"]),
                PreprocessConfig.from_json(job["config"], "the parent process"),
                job["fps"],
                job["threads"],
                lambda frames: answer(progress=frames),
            )
        except BrokenPipeError:
            # The parent process has ended.
            return
        except OSError as error:
            answer(errno=error.errno, text=error.strerror)
        else:
            answer(scan=result.to_json())


if __name__ == "__main__":
    main()
