"""How close each system comes to the human master: closer than the mix or not, song by song."""

import numpy as np

from ....presentation.figures import Figure, Rows
from ....presentation.numbers import number_format
from ...result.baselines import mix_of
from ...result.columns import Column
from ...result.document import Result
from ...result.standings import SongVerdict
from ..figures import Shades, diverging_scale, drawn, heat_map
from ..registry import Chart, Context, Section, Table, metric_chart, render, section

_WORDS = {SongVerdict.BETTER: "closer", SongVerdict.WORSE: "further away"}


@section(order=22)
def master(context: Context) -> Section | None:
    """Distances to the human master beside those of the mix."""
    result = context.result
    if not result.references or not any(column.is_distance for column in result.columns):
        return None
    html = render("sections/master.html", mix=mix_of(result.systems))
    return Section("master", "Closer to the human master than the mix?", html)


@metric_chart("master")
def closeness(result: Result, column: Column, variant: str) -> Chart | None:
    """Each system's distance less the mix's, systems × songs, the most often closer first."""
    mix = mix_of(result.systems)
    if mix is None or not column.is_distance:
        return None
    sign = -1.0 if column.better == "higher" else 1.0
    names = [name for name in result.system_names if name not in (mix, *_masters(result))]
    size = np.abs if column.better == "zero" else np.asarray
    base = size(result.values.of(column.id, variant, mix))
    values = {name: size(result.values.of(column.id, variant, name)) for name in names}
    further = {name: sign * (own - base) for name, own in values.items()}
    if not any(np.isfinite(d).any() for d in further.values()):
        return None
    closer = {name: int((d < 0).sum()) for name, d in further.items()}
    names.sort(key=lambda name: (-closer[name], float(np.nan_to_num(np.nanmean(further[name])))
                                 if np.isfinite(further[name]).any() else 0.0))  # fmt: skip
    told = {one.system: one.verdict for one in result.standings[column.id, variant].beside[mix]}
    show = number_format([float(v) for own in values.values() for v in own], column.unit)
    rows = []
    for name in names:
        known = values[name][np.isfinite(values[name])]
        both = int(np.isfinite(further[name]).sum())
        word = _WORDS.get(told[name], str(told[name]))
        mean = float(known.mean()) if len(known) else None
        rows.append([name, mean, f"{closer[name]} of {both}", word])
    header = ["system", "mean distance", "closer than the mix", "over all songs"]
    table = Table(header, rows, (None, show.decimals, None, None))
    return Chart(_figure(result, column, names, further), table)


def _figure(
    result: Result, column: Column, names: list[str], further: dict[str, np.ndarray]
) -> Figure:
    songs = result.song_names
    z = [[drawn(v) if np.isfinite(v) else None for v in further[name]] for name in names]
    reach = float(np.nanquantile(np.abs(np.concatenate(list(further.values()))), 0.95)) or 1.0
    # Blue is closer to the master than the mix is.
    hover = ": %{z:+.4g} from the mix's distance"
    shades = Shades(column.heading, diverging_scale(), hover, -reach, reach)
    return heat_map(Rows(names, result.looks), songs, z, shades)


def _masters(result: Result) -> set[str]:
    roles = zip(result.system_names, result.systems["role"], strict=True)
    return {name for name, role in roles if role == "reference"}
