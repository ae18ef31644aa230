"""What was judged, in a sentence."""

from ..document import ValidityDocument


def design_text(document: ValidityDocument) -> str:
    """What was judged: listeners, passages, systems, stimuli."""
    found = document.following
    listeners = counted(found.listeners, "listener") if found.listeners else "means of listeners"
    aside = f"; set aside: {', '.join(found.set_aside)}" if found.set_aside else ""
    screened = document.input.screened_out
    left = f" ({screened} excluded by screening)" if screened else ""
    return (
        f"{listeners}{left}, {counted(found.passages, 'passage')}, "
        f"{counted(found.systems, 'system')}{aside}; {document.stimuli.matched} of "
        f"{document.stimuli.rated} rated stimuli have a metric"
    )


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
