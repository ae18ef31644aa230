"""Which metrics of the benchmark follow listeners, where its file names sets of ratings."""

import pandas as pd

from ..registry import Context, Section, render, section


@section(order=24)
def listeners(context: Context) -> Section | None:
    """Every metric with what sets of ratings say of it."""
    known = context.result.listeners
    if not known:
        return None
    rows = []
    for one in known.values():
        found = one.found
        rows.append(
            {
                "metric": one.column.label,
                "variant": one.variant,
                "rho": found.value if found else None,
                "low": found.low if found else None,
                "high": found.high if found else None,
                "tau": found.tau if found else None,
                "sets": ", ".join(found.sets) if found else "",
                "stimuli": found.stimuli if found else None,
                "listeners": found.listeners if found else None,
                "simulated": found.simulated if found else None,
                "note": one.why,
            }
        )
    html = render(
        "sections/listeners.html",
        known=[one for one in known.values() if one.found],
        unknown=[one for one in known.values() if not one.found],
    )
    return Section(
        "listeners",
        "Which metrics follow listeners?",
        html,
        tables={"validity": pd.DataFrame(rows)},
    )
