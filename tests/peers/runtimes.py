# SPDX-License-Identifier: MIT OR Apache-2.0
"""The peers: one step of the same network in other runtimes, each with its best settings.

All of them have `load` (a picture, bytes [height, width, 3]), `step` (to the end, with states
carried on), `result` and `forget`; what `step` does is what is timed.
"""
import io
import pathlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from network import Live, Step, as_frame
from torch import Tensor

Call = Callable[..., tuple[Tensor, ...]]


class Missing(Exception):
    """Why a peer cannot run here."""


@dataclass(frozen=True)
class Job:
    """What all peers have in common."""

    file: pathlib.Path
    width: int
    height: int
    device: torch.device
    kind: torch.dtype
    threads: int

    @property
    def on_cuda(self) -> bool:
        return self.device.type == "cuda"

    def network(self) -> Step:
        return Step(self.file, self.kind).to(self.device)

    def states(self, step: Step) -> list[Tensor]:
        return step.first_states(self.height, self.width, self.device)


class TorchPeer:
    """PyTorch; `live` brings bytes from pinned memory to the device and back in every step."""

    def __init__(self, job: Job, call: Call, states: list[Tensor], live: bool):
        self.job, self.call, self.live, self.states = job, call, live, states
        size = (job.height, job.width, 3)
        if live:
            self.x = torch.zeros(size, dtype=torch.uint8, device=job.device)
            self.sent, self.received = (
                torch.zeros(size, dtype=torch.uint8, pin_memory=job.on_cuda) for _ in range(2))
        else:
            self.x = as_frame(torch.zeros(size, device=job.device))
        self.y: Tensor | None = None

    def load(self, picture: Tensor) -> None:
        if self.live:
            self.sent.copy_(picture)
        else:
            self.x.copy_(as_frame(picture))
            self.wait()

    def step(self) -> None:
        if self.live:
            self.x.copy_(self.sent, non_blocking=True)
        self.advance()
        if self.live:
            self.received.copy_(self.y, non_blocking=True)
        self.wait()

    def advance(self) -> None:
        self.y, *self.states = self.call(self.x, *self.states)

    def wait(self) -> None:
        if self.job.on_cuda:
            torch.cuda.synchronize(self.job.device)

    def result(self) -> Tensor:
        return self.received.clone() if self.live else self.y.to("cpu", copy=True)

    def forget(self) -> None:
        # New tensors: what the last step gave may be read-only outside of inference mode.
        self.states = [torch.zeros_like(state) for state in self.states]


class GraphPeer(TorchPeer):
    """The same as one CUDA graph, with the states in place: a replay copies nothing else."""

    def __init__(self, job: Job, call: Call, states: list[Tensor], live: bool):
        super().__init__(job, call, states, live)
        if not job.on_cuda:
            raise Missing("CUDA graphs need CUDA")
        side = torch.cuda.Stream(job.device)
        side.wait_stream(torch.cuda.current_stream(job.device))
        with torch.cuda.stream(side):
            for _ in range(3):
                self.in_place()
        torch.cuda.current_stream(job.device).wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.in_place()

    def in_place(self) -> None:
        self.y, *new = self.call(self.x, *self.states)
        for state, value in zip(self.states, new, strict=True):
            state.copy_(value)

    def advance(self) -> None:
        self.graph.replay()

    def forget(self) -> None:
        for state in self.states:
            state.zero_()


def eager(job: Job, live: bool) -> TorchPeer:
    step = job.network()
    module = Live(step) if live else step

    def call(*inputs: Tensor) -> tuple[Tensor, ...]:
        with torch.inference_mode():
            return module(*inputs)

    return TorchPeer(job, call, job.states(step), live)


def graph(job: Job, live: bool) -> TorchPeer:
    step = job.network()
    return GraphPeer(job, Live(step) if live else step, job.states(step), live)


def compiled(job: Job, live: bool) -> TorchPeer:
    """On CUDA the graph is captured here and not by the compiler: its own copies every state into
    a static place and out again."""
    import torch._inductor.config as inductor

    torch.compiler.reset()
    step = job.network()
    module = Live(step) if live else step
    if job.on_cuda:
        call = torch.compile(module, mode="max-autotune-no-cudagraphs")
        return GraphPeer(job, call, job.states(step), live)
    inductor.freezing = True
    return TorchPeer(job, torch.compile(module), job.states(step), live)


def exported(step: Step, job: Job) -> tuple[bytes, list[str], list[Tensor]]:
    """The network as ONNX, the names of its inputs, and its first inputs. Output i becomes input i
    of the next step, but for the frame."""
    step = step.cpu()
    frame = torch.zeros(1, 3, job.height, job.width)
    first = [frame, *step.first_states(job.height, job.width, torch.device("cpu"))]
    first = [tensor.contiguous() for tensor in first]
    names = list("x" + "".join(step.network.states))
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(step, tuple(first), target, opset_version=18, dynamo=False,
                          input_names=names, output_names=[f"{name}_out" for name in names])
    return target.getvalue(), names, first


class PingPong:
    """Two sets of inputs: a step reads the states of one and writes those of the other."""

    def __init__(self) -> None:
        self.turn = 0

    def load(self, picture: Tensor) -> None:
        frame = as_frame(picture).contiguous().numpy()
        for index in range(2):
            self.write(index, 0, frame)

    def step(self) -> None:
        self.run(self.turn)
        self.turn = 1 - self.turn


class OnnxPeer(PingPong):
    def __init__(self, job: Job):
        super().__init__()
        import onnxruntime as ort

        provider = "CUDAExecutionProvider" if job.on_cuda else "CPUExecutionProvider"
        if provider not in ort.get_available_providers():
            raise Missing(f"not installed: this ONNX Runtime has no {provider}")
        if job.kind == torch.bfloat16 or (job.kind == torch.float16 and not job.on_cuda):
            raise Missing(f"not compared in {str(job.kind)[6:]}")
        content, names, first = exported(Step(job.file, job.kind), job)
        options = ort.SessionOptions()
        options.intra_op_num_threads = job.threads
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        # Its threads look for work until the run is over, and not in the turn of the next peer.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = ort.InferenceSession(content, options, providers=[provider])
        place, number = job.device.type, job.device.index or 0
        make = ort.OrtValue.ortvalue_from_numpy
        self.zeros = [tensor.numpy() for tensor in first[1:]]
        self.sets = [[make(tensor.numpy().copy(), place, number) for tensor in first]
                     for _ in range(2)]
        self.y = make(first[0].numpy().copy(), place, number)
        self.bindings = [self.bind(names, index) for index in range(2)]

    def bind(self, names: list[str], index: int) -> object:
        binding = self.session.io_binding()
        for name, value in zip(names, self.sets[index], strict=True):
            binding.bind_ortvalue_input(name, value)
        for name, value in zip(names, [self.y, *self.sets[1 - index][1:]], strict=True):
            binding.bind_ortvalue_output(f"{name}_out", value)
        return binding

    def write(self, index: int, which: int, values: object) -> None:
        self.sets[index][which].update_inplace(values)

    def run(self, index: int) -> None:
        # Returns when the outputs are there, on CUDA too.
        self.session.run_with_iobinding(self.bindings[index])

    def result(self) -> Tensor:
        return torch.from_numpy(self.y.numpy().copy())

    def forget(self) -> None:
        for index in range(2):
            for which, zeros in enumerate(self.zeros, 1):
                self.write(index, which, zeros)


class OpenVinoPeer(PingPong):
    def __init__(self, job: Job):
        super().__init__()
        import openvino

        if job.on_cuda:
            raise Missing("OpenVINO does not use CUDA")
        hint = {torch.float32: "f32", torch.bfloat16: "bf16"}[job.kind]
        # Exported in float32: OpenVINO itself changes to half precision.
        content, names, first = exported(Step(job.file), job)
        core = openvino.Core()
        model = core.compile_model(core.read_model(io.BytesIO(content)), "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": job.threads, "INFERENCE_PRECISION_HINT": hint})
        used = model.get_property("INFERENCE_PRECISION_HINT").to_string()
        if used != hint:
            raise Missing(f"computes in {used} on this processor")
        self.requests = [model.create_infer_request() for _ in range(2)]
        self.arrays = [[tensor.numpy().copy() for tensor in first] for _ in range(2)]
        # Shared, so that nothing is copied between steps.
        inputs = [[openvino.Tensor(array, shared_memory=True) for array in arrays]
                  for arrays in self.arrays]
        self.y = first[0].numpy().copy()
        y = openvino.Tensor(self.y, shared_memory=True)
        for index, request in enumerate(self.requests):
            for which in range(len(names)):
                request.set_input_tensor(which, inputs[index][which])
                request.set_output_tensor(which, inputs[1 - index][which] if which else y)

    def write(self, index: int, which: int, values: object) -> None:
        self.arrays[index][which][...] = values

    def run(self, index: int) -> None:
        self.requests[index].infer()

    def result(self) -> Tensor:
        return torch.from_numpy(self.y.copy())

    def forget(self) -> None:
        for arrays in self.arrays:
            for array in arrays[1:]:
                array[...] = 0


Peer = TorchPeer | OnnxPeer | OpenVinoPeer


def candidates(job: Job, live: bool) -> Iterator[tuple[str, str, bool, Callable[[], Peer]]]:
    """Word for --only, name, whether it carries bytes, and what makes it; the slowest to make
    comes last."""
    forms = [False, True] if live else [False]
    if not job.on_cuda:
        yield "openvino", "OpenVINO", False, lambda: OpenVinoPeer(job)
    yield "onnxruntime", "ONNX Runtime", False, lambda: OnnxPeer(job)
    makers = [("eager", "PyTorch eager, channels-last", eager)]
    if job.on_cuda:
        makers.append(("graph", "PyTorch, CUDA graph", graph))
        makers.append(("compile", "torch.compile max-autotune, CUDA graph", compiled))
    else:
        makers.append(("compile", "torch.compile, freezing", compiled))
    for word, name, make in makers:
        for form in forms:
            yield word, name, form, lambda make=make, form=form: make(job, form)
