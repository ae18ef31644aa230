"""A stimulus as it is stored, as it is sent, and the address that it is sent from."""

import io
import wave
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from listening_client import Client
from study_fixtures import make_study

from earmark.listening_test.server.app import create_app
from earmark.listening_test.stimuli.addresses import PREFIX, Addresses, addresses_of
from earmark.listening_test.stimuli.served_file import ServedFile, dithered_silence
from earmark.listening_test.stimuli.wav import decode, encode, same_header
from earmark.listening_test.stimuli.wav_header import HEADER_BYTES, layout_of, wav_header
from earmark.listening_test.study.study import StudyFolder, load_keys

# ---- stored


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize(
    ("channels", "samples", "rate"), [(1, 1, 8000), (2, 4411, 44100), (2, 3, 96000)]
)
def test_a_file_is_read_alike_by_three_readers(
    bits: int, channels: int, samples: int, rate: int
) -> None:
    audio = torch.rand(channels, samples, generator=torch.Generator().manual_seed(1)) * 1.8 - 0.9
    data = encode(audio, rate, bits, 7)
    with wave.open(io.BytesIO(data)) as one:
        assert one.getparams()[:4] == (channels, bits // 8, rate, samples)
        raw = one.readframes(samples)
    assert data == wav_header(channels, rate, bits, samples) + raw
    values, _ = soundfile.read(io.BytesIO(data), dtype="int32", always_2d=True)
    wide = np.frombuffer(raw, np.uint8).reshape(-1, bits // 8)
    whole = np.zeros((len(wide), 4), np.uint8)
    whole[:, -wide.shape[1] :] = wide
    assert (whole.view("<i4").reshape(-1, channels) == values).all()
    assert float((decode(data)[0] - audio).abs().max()) <= 1.51 / 2 ** (bits - 1)


def test_what_would_clip_is_refused_and_files_of_other_lengths_are_not_alike() -> None:
    from earmark.models.errors import UserError

    with pytest.raises(UserError, match="above full scale"):
        encode(torch.ones(2, 10), 48000, 24, 0)
    short, long = (encode(torch.zeros(2, n), 48000, 24, 0) for n in (10, 11))
    assert same_header([short, encode(torch.full((2, 10), 0.4), 48000, 24, 3)])
    assert not same_header([short, long])


@pytest.mark.parametrize("wrong", [b"", b"RIFF", b"fLaC" + bytes(60), bytes(44)])
def test_what_is_no_file_of_ours_is_not_read_as_one(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"WAV"):
        layout_of(wrong)


# ---- sent


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("sent") / "one.wav"
    found.write_bytes(encode(torch.rand(2, 500) - 0.5, 8000, 16, 0))
    return found


LEAD = 40
SIZE = HEADER_BYTES + (500 + 2 * LEAD) * 4


@given(st.integers(-SIZE - 5, SIZE + 5), st.integers(-1, SIZE + 5))
@settings(max_examples=200, deadline=None)
def test_any_part_that_is_asked_for_is_that_part_of_the_whole(
    path: Path, place: int, size: int
) -> None:
    with ServedFile(path, LEAD, b"seed") as file:
        whole = file.read()
        assert len(whole) == file.size == SIZE
        start = file.seek(place, io.SEEK_END if place < 0 else io.SEEK_SET)
        assert file.read(size) == whole[start:][: None if size < 0 else size]
        file.seek(0)
        assert io.BufferedReader(file).read() == whole


def test_noise_surrounds_the_samples_and_is_the_same_for_one_seed_alone(path: Path) -> None:
    def sent(seed: bytes) -> bytes:
        with ServedFile(path, LEAD, seed) as file:
            return file.read()

    one, again, other = sent(b"1"), sent(b"1"), sent(b"2")
    assert one == again
    middle = slice(HEADER_BYTES + LEAD * 4, -LEAD * 4)
    assert one[middle] == other[middle] == path.read_bytes()[HEADER_BYTES:]
    assert one[:HEADER_BYTES] == other[:HEADER_BYTES] == wav_header(2, 8000, 16, 500 + 2 * LEAD)
    ends = [(data[: middle.start], data[middle.stop :]) for data in (one, other)]
    assert ends[0][0] != ends[1][0]
    assert ends[0][1] != ends[1][1]
    assert ends[0][0][HEADER_BYTES:] != ends[0][1]


@pytest.mark.parametrize("bits", [16, 24])
def test_noise_is_silence_with_triangular_dither(bits: int) -> None:
    data = dithered_silence(b"x", 80_000, bits)
    file = io.BytesIO(wav_header(1, 8000, bits, 80_000) + data)
    steps = soundfile.read(file, dtype="int32")[0] >> (32 - bits)
    counts = Counter(steps.tolist())
    assert set(counts) == {-1, 0, 1}
    for value, share in ((-1, 1 / 8), (0, 3 / 4), (1, 1 / 8)):
        assert counts[value] / len(steps) == pytest.approx(share, abs=0.01)


def test_a_file_that_was_cut_off_is_not_sent_as_if_it_were_whole(
    tmp_path: Path, path: Path
) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes(path.read_bytes()[:-100])
    with ServedFile(cut, LEAD, b"") as file, pytest.raises(OSError, match="shorter"):
        file.read()


# ---- addressed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    more = "before: [volume, {type: headphone_check, trials: 4}]"
    return make_study(tmp_path_factory.mktemp("study"), "ape", seconds=0.6, more=more)


@pytest.fixture(scope="module")
def addresses(folder: StudyFolder) -> Addresses:
    return addresses_of(folder)


@pytest.mark.slow
def test_an_address_leads_to_its_file_and_no_two_are_alike(addresses: Addresses) -> None:
    made = {}
    for one in addresses.study.files:
        for occurrence in ("a", "b", "ab"):
            address = addresses.of(one.token, occurrence)
            assert addresses.behind(address) == one
            assert addresses.of(one.token, occurrence) == address
            made[address] = one
    assert len(made) == 3 * len(addresses.study.files)
    # No part of an address is the same wherever the file is: not a character in its place.
    names = [address.removeprefix(PREFIX) for address in made]
    assert all(len({name[at] for name in names}) > 1 for at in range(len(names[0])))


@given(st.integers(0, 47), st.sampled_from("0123456789abcdef"))
@settings(max_examples=100, deadline=None)
def test_an_address_that_was_changed_leads_nowhere(
    addresses: Addresses, at: int, letter: str
) -> None:
    name = addresses.of(addresses.study.stimuli[0].token, "x").removeprefix(PREFIX)
    changed = name[:at] + letter + name[at + 1 :]
    assert (addresses.file(changed) is None) == (changed != name)


def test_addresses_of_another_key_a_token_or_nonsense_lead_nowhere(addresses: Addresses) -> None:
    other = replace(addresses, secret="another")
    token = addresses.study.stimuli[0].token
    name = other.of(token, "x").removeprefix(PREFIX)
    for wrong in (name, token, "", "../study.json", name.upper(), name + "0", "é" * 48):
        assert addresses.file(wrong) is None
    with pytest.raises(KeyError):
        addresses.behind("/audio/nothing")


def test_two_sessions_share_no_address_no_name_of_a_trial_and_no_order(
    folder: StudyFolder, addresses: Addresses
) -> None:
    app = create_app(folder)
    seen: list[list[str]] = []
    named: list[list[str]] = []
    orders = set()
    for _ in range(6):
        client = Client(app, load_keys(folder).study)
        urls, names = [], []
        step = client.step()
        while step["type"] != "page":
            asked = [*step.get("sides", []), *step.get("trials", [])]
            urls += [one["url"] for one in asked]
            names += [one["id"] for one in asked]
            if step["type"] == "volume":
                urls.append(step["audio"]["url"])
                given: dict[str, object] = {one["id"]: "left" for one in asked} | {"level": 0.5}
            else:
                trials = {one["id"]: addresses.behind(one["url"]) for one in asked}
                orders.add(tuple(one.token for one in trials.values()))
                given = {name: int(one.answer) for name, one in trials.items()}  # type: ignore[union-attr]
            client.post("answers", {"step": step["id"], "answers": given})
            step = client.post("next", {"step": step["id"]}).get_json()["step"]
        urls += [one["url"] for one in step["stimuli"]]
        seen.append(urls)
        named.append(names)
    assert len({url for urls in seen for url in urls}) == sum(map(len, seen))
    assert len({name for names in named for name in names}) == sum(map(len, named))
    assert len(orders) > 1


def test_parts_are_answered_alike_and_never_beyond_the_end(folder: StudyFolder) -> None:
    client = Client(create_app(folder), load_keys(folder).study)
    addresses = addresses_of(folder)
    url = addresses.of(addresses.study.stimuli[0].token, "here")
    whole = client.http.get(url)
    assert whole.status_code == 200
    assert whole.mimetype == "audio/wav"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert int(whole.headers["Content-Length"]) == len(whole.data)
    assert "immutable" in whole.headers["Cache-Control"]
    for span, part in (
        ("0-45", whole.data[:46]),
        ("-10", whole.data[-10:]),
        ("50000-", whole.data[50000:]),
        (f"{len(whole.data) - 3}-{len(whole.data) + 9}", whole.data[-3:]),
    ):
        answer = client.http.get(url, headers={"Range": f"bytes={span}"})
        assert (answer.status_code, answer.data) == (206, part)
    past = client.http.get(url, headers={"Range": f"bytes={len(whole.data)}-"})
    assert past.status_code == 416
    known = client.http.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert (known.status_code, known.data) == (304, b"")
    head = client.http.head(url)
    assert (head.headers["Content-Length"], head.data) == (str(len(whole.data)), b"")


@pytest.mark.parametrize("harm", ["gone", "cut", "another"])
def test_a_file_that_is_not_what_it_was_is_asked_for_again(tmp_path: Path, harm: str) -> None:
    folder = make_study(tmp_path, "ape", seconds=0.6)
    client, addresses = Client(create_app(folder), load_keys(folder).study), addresses_of(folder)
    one = addresses.study.stimuli[0]
    path, url = folder.stimulus(one.token), addresses.of(one.token, "here")
    whole = path.read_bytes()
    path.unlink()
    if harm != "gone":
        path.write_bytes(whole[:-6] if harm == "cut" else bytes(len(whole)))
    answer = client.http.get(url)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    path.write_bytes(whole)
    assert client.http.get(url).status_code == 200
