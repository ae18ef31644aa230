"""``effect-songs``: write songs for an effect-modelling benchmark."""

from pathlib import Path

import click


@click.command("effect-songs")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--tracks",
    type=click.Path(path_type=Path),
    help="Folder of your own dry tracks; by default demo songs (SIMULATED).",
)
@click.option("--count", default=4, show_default=True, help="Songs for each row of the table.")
@click.option("--seconds", default=5.0, show_default=True, help="Length of each song, 3 to 600.")
@click.option("--seed", default=0, show_default=True, help="Another seed draws other controls.")
@click.option("--no-orders", is_flag=True, help="Leave the other orders of the effects out.")
@click.option(
    "--control",
    "controls",
    multiple=True,
    metavar="NAME=LOW:HIGH",
    help="A control to draw and its range; several replace the usual ones.",
)
def effect_songs(
    folder: Path,
    tracks: Path | None,
    count: int,
    seconds: float,
    seed: int,
    no_orders: bool,  # noqa: FBT001  click passes by name
    controls: tuple[str, ...],
) -> None:
    """Put tracks through the channel strip: equalizer, compressor, reverb, combined, each order.

    Every song keeps the controls that it was made with, for systems that have controls.
    """
    from ...evaluation.songs.effect_modelling import CONTROLS, EffectSongs, write_effect_songs
    from ...models.training_data.tracks import audio_below

    wanted = EffectSongs(
        count=count,
        seconds=seconds,
        seed=seed,
        orders=not no_orders,
        controls=dict(map(_range, controls)) or dict(CONTROLS),
    )
    found = audio_below(tracks) if tracks is not None else []
    written = write_effect_songs(folder, wanted, found)
    rows = len(wanted.rows())
    kind = "tracks of yours" if found else "SIMULATED music"
    click.echo(f"{len(written)} songs in {folder}: {rows} rows of {count}, from {kind}")


def _range(text: str) -> tuple[str, tuple[float, float]]:
    from ...models.errors import UserError

    name, _, values = text.partition("=")
    low, _, high = values.partition(":")
    try:
        return name.strip(), (float(low), float(high or low))
    except ValueError:
        raise UserError(
            f"--control {text!r}: write a name and a range, such as ratio=1:8"
        ) from None
