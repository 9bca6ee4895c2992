"""One training in several processes, on one machine or many, as `torchrun` starts them.

Every process builds the same nets and plays the same rounds; of each batch it takes its own rows. Its loss is its share
of the batch's, so gradients are summed: one flattened all-reduce a step, over gloo between CPUs and NCCL between GPUs.
What must not differ (a path, a plan, whether to go on) the first process decides and the others are told. Alone, every
function here leaves things as they are.
"""

import atexit
import contextlib
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from gansmith import machine
from gansmith.errors import GansmithError, TrainingError, UsageError

LONGEST_WAIT = timedelta(hours=6)  # for the first process, which judges and writes; who dies is noticed at once
CPU = torch.device("cpu")
T = TypeVar("T")


def join() -> None:
    """Meet the other processes, where torchrun started several; they stay together until they end."""
    if machine.torchrun("WORLD_SIZE", 1) == 1 or not alone():
        return
    # Its functions take the group as a default: read after we met, they would keep it alive, and its threads, past the
    # end of the interpreter, which then aborts now and then. The compiler imports it later.
    importlib.import_module("torch.distributed.nn.functional")
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(machine.torchrun("LOCAL_RANK", 0) % torch.cuda.device_count())
        backend = "cpu:gloo,cuda:nccl"
    with _lost():
        store, rank, world = next(rendezvous("env://", timeout=LONGEST_WAIT))
        # The store may outlive a restart, and with it the addresses of those that were killed.
        store = PrefixStore(f"attempt-{machine.torchrun('TORCHELASTIC_RESTART_COUNT', 0)}", store)
        dist.init_process_group(backend, timeout=LONGEST_WAIT, store=store, rank=rank, world_size=world)
    atexit.register(dist.destroy_process_group)


def alone() -> bool:
    """Tell whether this process trains by itself."""
    return not (dist.is_available() and dist.is_initialized())


def world() -> int:
    """Return how many processes train together."""
    return 1 if alone() else dist.get_world_size()


def rank() -> int:
    """Return the number of this process, from 0."""
    return 0 if alone() else dist.get_rank()


def first() -> bool:
    """Tell whether this is the process that writes, judges and decides."""
    return rank() == 0


def rows(batch: int) -> slice:
    """Return which rows of a batch this process plays with; UsageError where the batch does not divide."""
    if batch % world():
        raise UsageError(
            f"a batch of {batch} cannot be shared evenly by {world()} processes",
            f"give --batch a multiple of {world()}",
        )
    share = batch // world()
    return slice(rank() * share, (rank() + 1) * share)


def own_device(name: str) -> str:
    """Return the device of this process: of several GPUs the one of its local number, whatever `name` counts."""
    kind = "cuda" if name == "auto" and torch.cuda.is_available() else name.partition(":")[0]
    return name if alone() or kind != "cuda" else f"cuda:{machine.torchrun('LOCAL_RANK', 0)}"


def add_up(parameters: Sequence[Tensor], numbers: Mapping[str, float]) -> dict[str, float]:
    """Sum the gradients of `parameters`, in place, and `numbers` over all processes, in one all-reduce."""
    if alone():
        return dict(numbers)
    gradients = [p.grad for p in parameters if p.grad is not None]
    *summed, values = _summed([*gradients, torch.tensor(list(numbers.values()), device=gradients[0].device)])
    for gradient, total in zip(gradients, summed, strict=True):
        gradient.copy_(total)
    return dict(zip(numbers, values.tolist(), strict=True))


def even_out(buffers: Iterable[Tensor]) -> None:
    """Replace buffers that each process moved by its own rows, such as batch statistics, by their mean."""
    if alone():
        return
    real = [buffer for buffer in buffers if buffer.is_floating_point()]
    for buffer, total in zip(real, _summed(real), strict=True):
        buffer.copy_(total / world())


def _summed(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Sum each over all processes. Every process gets the same bits, so what started equal stays equal."""
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    with _lost():
        dist.all_reduce(flat)
    parts = flat.split([tensor.numel() for tensor in tensors])
    return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]


def agreed(make: Callable[[], T]) -> T:
    """Return on every process what the first one makes; what a user can mend is raised on all of them."""
    if alone():
        return make()
    told: list[Any] = [None]
    if first():
        try:
            told = [(make(), None)]
        except GansmithError as error:
            told = [(None, error)]
    with _lost():
        dist.broadcast_object_list(told, device=CPU)
    value, error = told[0]
    if error is not None:
        raise error
    return value


def loudest(level: int) -> int:
    """Return the highest level of all processes; nobody goes on before all have come here."""
    if alone():
        return level
    value = torch.tensor(level)
    with _lost():
        dist.all_reduce(value, dist.ReduceOp.MAX)
    return int(value)


def in_turn(make: Callable[[], T]) -> T:
    """Call `make` in one process of each machine and then in the others, which find on disk what it left there."""
    leads = machine.torchrun("LOCAL_RANK", 0) == 0
    try:
        made = make() if leads else None
    finally:
        loudest(0)
    return make() if made is None else made


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"process {machine.torchrun('RANK', 0)} lost the others: {reason}",
            "the message of the one that ended first says why; torchrun --max-restarts, or gansmith resume, goes on",
        ) from error
