"""The other side of :mod:`.host`: a script for any Python, which imports nothing of Earmark.

It is started as ``python worker.py REQUESTS ANSWERS`` with two pipes. A message is eight digits of
length, that much JSON, and as many bytes of float32 samples as the JSON says under ``bytes``. What
the user's code prints goes to the standard error; it cannot disturb the pipes. The process ends
with the pipe of requests.
"""

import contextlib
import importlib
import inspect
import json
import os
import sys
from typing import Any


def main() -> None:
    requests = os.fdopen(int(sys.argv[1]), "rb")
    answers = os.fdopen(int(sys.argv[2]), "wb")
    # What prints writes to the log; a C library that writes to descriptor 1 too.
    os.dup2(2, 1)
    end_with_parent()
    model: Any = None
    while True:
        head = requests.read(8)
        if len(head) < 8:
            # Threads and clean-up of the user's own are not waited for.
            os._exit(0)
        asked = json.loads(requests.read(int(head)).decode())
        samples = requests.read(asked.get("bytes", 0))
        try:
            if asked["do"] == "load":
                limit_memory(asked["memory_mb"])
                model = load(asked)
                answer, out = {"ok": True, "facts": model.facts}, b""
            else:
                answer, out = run(model, asked, samples)
        except SystemExit as error:
            answer, out = {"ok": False, "error": f"called exit({error.code})"}, b""
        except MemoryError:
            answer, out = {"ok": False, "error": "memory ran out", "memory": True}, b""
        except BaseException as error:
            answer, out = {"ok": False, "error": told(error)}, b""
        text = json.dumps(dict(answer, bytes=len(out))).encode()
        answers.write(b"%08d" % len(text) + text + out)
        answers.flush()


def told(error: BaseException) -> str:
    """The error in one line, with the place in the user's code that it is from."""
    words = " ".join(str(error).split())
    where = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name != __file__ and not name.startswith("<") and "site-packages" not in name:
            where = f" ({name}:{trace.tb_lineno})"
        trace = trace.tb_next
    return f"{type(error).__name__}{': ' + words if words else ''}{where}"


def end_with_parent() -> None:
    """Linux: be killed when the parent is, even in the middle of work."""
    with contextlib.suppress(Exception):
        import ctypes

        ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL


def limit_memory(megabytes: int) -> None:
    if megabytes:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def load(asked: Any) -> Any:
    if asked["threads"]:
        os.environ["OMP_NUM_THREADS"] = str(asked["threads"])
    # Not the folder of this script: the user's modules may be called like ours.
    sys.path[0] = asked["cwd"]
    if asked["format"] == "python":
        return FromPython(asked)
    return {"torchscript": FromTorchScript, "pt2": FromExport, "onnx": FromOnnx}[asked["format"]](
        asked["path"]
    )


class FromPython:
    """``module:name`` of the user: a model, or what makes one when it is called."""

    def __init__(self, asked: Any) -> None:
        module, _, name = asked["target"].partition(":")
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        arguments = asked["arguments"]
        is_module = hasattr(found, "eval") and hasattr(found, "parameters")
        if (is_module and not isinstance(found, type)) or takes_audio(found, arguments):
            self.model = found
        else:
            self.model = found(**arguments)
        if self.model is None or not callable(self.model):
            made = type(self.model).__name__
            raise TypeError(
                f"{asked['target']} gave {made}, which cannot be called; return a model"
            )
        self.network = hasattr(self.model, "eval") and hasattr(self.model, "parameters")
        if self.network:
            self.model = self.model.eval()
        self.takes_rate = "sample_rate" in parameters(getattr(self.model, "forward", self.model))
        self.facts: Any = {"parameters": count(self.model) if self.network else 0}
        for name in ("sample_rate", "channels", "delay"):
            value = getattr(self.model, name, None)
            if isinstance(value, int) and not isinstance(value, bool):
                self.facts[name] = value

    def __call__(self, audio: Any, asked: Any) -> Any:
        more = {"sample_rate": asked["sample_rate"]} if self.takes_rate else {}
        if not self.network:
            return self.model(tensor(audio), **more)
        return one(self.model(batch(audio), **more))


class FromTorchScript:
    """A TorchScript archive; nothing in it is unpickled as Python."""

    def __init__(self, path: str) -> None:
        import torch

        jit: Any = torch.jit
        self.model = jit.load(path, map_location="cpu").eval()
        inputs = list(self.model.forward.schema.arguments)[1:]
        self.facts: Any = {
            "parameters": count(self.model),
            "inputs": [[one.name, str(one.type)] for one in inputs],
        }

    def __call__(self, audio: Any, asked: Any) -> Any:
        return laid(self.model, audio, asked)


class FromExport:
    """A program of torch.export; a pickle inside, so only for files that are trusted."""

    def __init__(self, path: str) -> None:
        import torch

        program = torch.export.load(path)
        self.model = program.module()
        shapes = [
            [str(size) for size in node.meta["val"].shape]
            for node in program.graph.nodes
            if node.op == "placeholder" and node.name in program.graph_signature.user_inputs
        ]
        self.facts: Any = {
            "parameters": sum(one.numel() for one in program.state_dict.values()),
            "inputs": [[f"input {at + 1}", shape] for at, shape in enumerate(shapes)],
        }

    def __call__(self, audio: Any, asked: Any) -> Any:
        return laid(self.model, audio, asked)


class FromOnnx:
    """An ONNX graph, run by onnxruntime on the CPU."""

    def __init__(self, path: str) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
        self.inputs = [one.name for one in self.session.get_inputs()]
        meta = dict(self.session.get_modelmeta().custom_metadata_map)
        self.facts: Any = {
            "parameters": 0,
            "inputs": [[o.name, [str(s) for s in o.shape]] for o in self.session.get_inputs()],
            "metadata": meta,
        }
        with contextlib.suppress(KeyError, ValueError):
            name = "sample_rate" if "sample_rate" in meta else "sampling_rate"
            self.facts["sample_rate"] = int(meta[name])

    def __call__(self, audio: Any, asked: Any) -> Any:
        import numpy

        shaped = numpy.ascontiguousarray(arranged(audio, asked["layout"]))
        given = {self.inputs[0]: shaped}
        if asked["controls"]:
            values = numpy.asarray(asked["controls"], dtype="float32")
            given[self.inputs[1]] = values.reshape((1,) * asked["control_axes"] + (-1,))
        return self.session.run(None, given)[0]


def laid(model: Any, audio: Any, asked: Any) -> Any:
    """Call a torch program with the audio in the layout and the controls in the axes asked for."""
    import torch

    given = [torch.from_numpy(arranged(audio, asked["layout"]).copy())]
    if asked["controls"]:
        values = torch.tensor(asked["controls"], dtype=torch.float32)
        given.append(values.reshape((1,) * asked["control_axes"] + (-1,)))
    with torch.inference_mode():
        return model(*given)


def arranged(audio: Any, layout: str) -> Any:
    """``(channels, samples)`` laid out as ``BCN``, ``CN`` or ``N``; the latter has one channel."""
    return audio[None] if layout == "BCN" else audio[0] if layout == "N" else audio


def run(model: Any, asked: Any, samples: bytes) -> Any:
    import numpy

    if model is None:
        raise RuntimeError("nothing is loaded")
    audio = numpy.frombuffer(samples, dtype="float32").reshape(asked["shape"]).copy()
    found = model(audio, asked)
    if isinstance(found, (tuple, list)) and found:
        found = found[0]
    if hasattr(found, "detach"):
        found = found.detach().cpu().numpy()
    if not isinstance(found, numpy.ndarray):
        kind = type(found).__name__
        return {"ok": False, "error": f"gave {kind}, not a tensor or array", "wrong": True}, b""
    if found.dtype.kind != "f":
        said = f"gave {found.dtype} samples; return floats, full scale 1.0"
        return {"ok": False, "error": said, "wrong": True}, b""
    while found.ndim > 2 and found.shape[0] == 1:
        found = found[0]
    if found.ndim == 1:
        found = found[None]
    out = numpy.ascontiguousarray(found, dtype="float32")
    return {"ok": True, "shape": list(out.shape)}, out.tobytes()


def batch(audio: Any) -> Any:
    import torch

    return torch.from_numpy(audio)[None]


def tensor(audio: Any) -> Any:
    """A torch tensor where there is torch, else the array."""
    try:
        import torch
    except ImportError:
        return audio
    return torch.from_numpy(audio)


def one(found: Any) -> Any:
    return found[0] if isinstance(found, (tuple, list)) else found


def count(model: Any) -> int:
    return sum(int(weight.numel()) for weight in model.parameters())


def parameters(function: Any) -> Any:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def takes_audio(found: Any, arguments: Any) -> bool:
    """Whether a function needs something that ``arguments`` do not give: it processes audio."""
    if isinstance(found, type):
        return False
    needed = [
        name
        for name, one in parameters(found).items()
        if one.default is one.empty
        and one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        and name not in arguments
    ]
    return bool(needed)


if __name__ == "__main__":
    main()
