"""Whether the files of a study are still those that were made; needs no audio library.

The server asks this when it starts, so nothing here may import what reads or makes audio.
"""

from hashlib import sha256

from ..study.plugin_files import wrong_plugins
from ..study.study import Study, StudyFolder


def check_files(study: Study, folder: StudyFolder) -> list[str]:
    """Files that are missing or are not what the study says, as lines of text."""
    found = wrong_plugins(study.plugins, folder.plugins)
    for one in study.files:
        path = folder.stimulus(one.token, study.container)
        if not path.is_file():
            found.append(f"{path}: is gone; restore it from a backup")
        elif sha256(path.read_bytes()).hexdigest() != one.sha256:
            found.append(f"{path}: was changed after the study was made; restore it from a backup")
    return found
