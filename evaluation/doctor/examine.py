"""Examines a system: all probes, or the few that a run makes of a system it has not seen."""

from collections.abc import Callable, Mapping

from torch import Tensor

from ...models.errors import UserError
from ...models.systems.contract import System, SystemSpec, build
from . import layout, levels, repeats, timing
from .character import measures, tones
from .contract import Diagnosis, Health, Probe, worst
from .patient import Patient, UnheardError
from .signals import MUSIC, PINK, SILENCE, music, pink, silence

Examined = Callable[[Patient], Probe]
_CEILINGS = ("limiter_ceiling_dbtp", "ceiling_dbtp")
_HOT_PEAK = 2.0
_TONE_DBFS = -12.0
_IMD_LEAST_RATE = 15_000  # 7 kHz and its side tones lie below half of it
_NOTHING = "no such output to measure"
# Kinds whose audio was made before, and answers to no signal of ours.
_FINISHED = ("imported", "reference")


def _delay(patient: Patient) -> Probe:
    return timing.delay_probe([patient.pink(), _music(patient)])


def _quick_delay(patient: Patient) -> Probe:
    return timing.delay_probe([patient.pink()])


def _bands(patient: Patient) -> Probe:
    return timing.bands_probe(patient.pink())


def _polarity(patient: Patient) -> Probe:
    return timing.polarity_probe(patient.pink())


def _gain(patient: Patient) -> Probe:
    return levels.gain_probe(tuple(patient.pink(level) for level in (-40.0, -20.0, -6.0)))


def _quick_gain(patient: Patient) -> Probe:
    return levels.gain_probe((patient.pink(),))


def _silence(patient: Patient) -> Probe:
    return levels.silence_probe(_of_silence(patient), SILENCE)


def _edges(patient: Patient) -> Probe:
    return levels.edges_probe(_of_silence(patient), SILENCE)


def _of_silence(patient: Patient) -> Tensor:
    return patient.hear(silence(patient.samples), (SILENCE,))


def _true_peak(patient: Patient) -> Probe:
    heard = _music(patient)
    said = [patient.notes[name] for name in _CEILINGS if name in patient.notes]
    ceiling = float(said[0]) if said and isinstance(said[0], int | float) else None
    return levels.true_peak_probe(heard, ceiling)


def _hot(patient: Patient) -> Probe:
    given = pink(patient.samples, patient.rate, 0.0).clamp(-_HOT_PEAK, _HOT_PEAK)
    return levels.hot_probe(patient.hear(given), f"{PINK} at +6 dBFS")


def _music(patient: Patient) -> timing.Heard:
    given = music(patient.rate)
    return timing.Heard(patient.hear(given, (MUSIC,)), given, patient.rate, MUSIC)


def _response(patient: Patient) -> Probe:
    heard = patient.pink()
    gains = measures.response_db(heard.output, heard.given, heard.rate)
    limit = "describes: largest less smallest gain of the octaves from 63 Hz"
    if not gains:
        return Probe("frequency_response", Health.WARN, None, "dB", limit, PINK, _NOTHING)
    said = ", ".join(f"{gain:+.1f} at {hertz:.0f} Hz" for hertz, gain in gains.items())
    spread = max(gains.values()) - min(gains.values())
    return Probe(
        "frequency_response", Health.PASS, spread, "dB", limit, PINK, f"gain in dB: {said}"
    )


def _thd_n(patient: Patient) -> Probe:
    given = tones.tone(patient.samples, patient.rate, _TONE_DBFS)
    output = patient.judged(patient.hear(given), given, "").output
    value = measures.thd_n_db(output, patient.rate)
    return _of_tones("thd_n", value, f"sine of 997 Hz at {_TONE_DBFS:g} dBFS")


def _imd(patient: Patient) -> Probe:
    given = tones.two_tones(patient.samples, patient.rate, _TONE_DBFS)
    output = patient.judged(patient.hear(given), given, "").output
    value = measures.imd_db(output, patient.rate) if patient.rate > _IMD_LEAST_RATE else None
    return _of_tones("imd", value, f"60 Hz and 7 kHz, 4 to 1, at {_TONE_DBFS:g} dBFS")


def _of_tones(name: str, value: float | None, signal: str) -> Probe:
    limit = "describes: what is not the tones, over them"
    if value is None:
        return Probe(name, Health.WARN, None, "dB", limit, signal, _NOTHING)
    share = f"{100 * 10 ** (value / 20):.2g} %"
    return Probe(name, Health.PASS, value, "dB", limit, signal, f"{share}, of the worse channel")


def _gain_curve(patient: Patient) -> Probe:
    given = tones.rising_tone(patient.rate)
    gains = measures.gains_db(patient.hear(given), patient.rate)
    signal = "sine of 997 Hz in six rising steps"
    limit = "describes: gain at the softest less gain at the loudest level"
    said = ", ".join(
        f"{'none' if gain is None else f'{gain:+.1f}'} at {level:g}"
        for level, gain in zip(tones.LEVELS_DBFS, gains, strict=True)
    )
    softest, loudest = gains[0], gains[-1]
    if softest is None or loudest is None:
        return Probe("gain_curve", Health.WARN, None, "dB", limit, signal, f"gain in dB: {said}")
    note = f"gain in dB: {said} dBFS"
    return Probe("gain_curve", Health.PASS, softest - loudest, "dB", limit, signal, note)


# In the order of a report; the names are those of the JSON.
PROBES: Mapping[str, Examined] = {
    "delay": _delay,
    "delay_by_band": _bands,
    "polarity": _polarity,
    "gain": _gain,
    "silence": _silence,
    "silence_edges": _edges,
    "true_peak": _true_peak,
    "hot_input": _hot,
    "repeatable": repeats.repeatable_probe,
    "processes": repeats.processes_probe,
    "chunks": repeats.chunks_probe,
    "batches": repeats.batches_probe,
    "seams": repeats.seams_probe,
    "excerpt": repeats.part_probe,
    "channels": layout.channels_probe,
    "mono": layout.mono_probe,
    "equal_channels": layout.equal_channels_probe,
    "swapped_channels": layout.swapped_channels_probe,
    "lengths": layout.lengths_probe,
    "rates": layout.rates_probe,
    "frequency_response": _response,
    "thd_n": _thd_n,
    "imd": _imd,
    "gain_curve": _gain_curve,
}
# Three calls of two seconds: what a run can spare for each system that is new to it.
QUICK: Mapping[str, Examined] = {
    "delay": _quick_delay,
    "polarity": _polarity,
    "gain": _quick_gain,
    "silence": _silence,
    "silence_edges": _edges,
    "repeatable": repeats.repeatable_probe,
    "channels": lambda patient: levels.dropped_probe(patient.pink()),
}


def examine(
    system: System,
    device: str = "cpu",
    probes: Mapping[str, Examined] = PROBES,
    named: SystemSpec | None = None,
) -> tuple[Probe, ...]:
    """The probes of a built system, in their order; one that could not run says why.

    The first is ``runs``: a system that gives nothing for two seconds of noise is not asked again.
    """
    limit = "audio of the input's length, all values finite"
    if system.spec.kind in _FINISHED:
        why = "finished audio: a run checks each render against its mix"
        return (Probe("runs", Health.NOT_RUN, None, "", limit, "", why),)
    patient = Patient(system, device, named)
    try:
        patient.pink()
    except UnheardError as error:
        runs = Probe("runs", Health.FAIL, None, "", limit, PINK, str(error))
        why = "it gave nothing for noise"
        left = (Probe(name, Health.NOT_RUN, None, "", "", "", why) for name in probes)
        return (runs, *left)
    runs = Probe("runs", Health.PASS, None, "", limit, PINK, "gives audio")
    return (runs, *(_tried(name, probe, patient) for name, probe in probes.items()))


def diagnose(
    spec: SystemSpec, device: str = "cpu", probes: Mapping[str, Examined] = PROBES
) -> Diagnosis:
    """Build a system and examine it.

    Raises:
        UserError: if its files are missing or do not fit.
    """
    system = build(spec)
    found = examine(system, device, probes, spec)
    return Diagnosis(spec.name, spec.kind, spec.key, worst([one.verdict for one in found]), found)


def unbuilt(spec: SystemSpec, error: UserError) -> Diagnosis:
    """The diagnosis of a system that cannot be built."""
    text = " ".join(str(error).split())
    probe = Probe("build", Health.FAIL, None, "", "it can be built", "", text)
    return Diagnosis(spec.name, spec.kind, "", Health.FAIL, (probe,))


def _tried(name: str, probe: Examined, patient: Patient) -> Probe:
    try:
        return probe(patient)
    except UnheardError as error:
        return Probe(name, Health.NOT_RUN, None, "", "", "", str(error))
