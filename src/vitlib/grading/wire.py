"""Values as bytes: what may go between the grader and a student's code.

A message is a JSON head and a body of raw tensor bytes. The head holds None, bools,
numbers and texts as they are, and everything else as a list that opens with a tag.
Nothing is pickled and nothing evaluated; what cannot be written this way arrives as
an object that only tells the name of its type.
"""

import json
import math
import os
import select
import struct
import time

import torch

MAX_HEAD, MAX_BODY = 4 << 20, 64 << 20  # bytes of one message
MAX_DEPTH, MAX_AXES = 20, 16
FRAME = struct.Struct("!II")  # lengths of head and body
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
        *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
        *(torch.bool, torch.complex64, torch.complex128),
    )
}


class Cut(BaseException):
    """The conversation cannot go on. No `except Exception` of a check hides it."""


class Broken(Cut):
    """The other end sent something that is no message."""


class Late(Cut):
    """Nothing came before the deadline."""


class Closed(Cut):
    """The other end is gone."""


class TooLarge(ValueError):
    """A value that is too large or too deep for a message."""


def pack(value, lend):
    """A value as (something for JSON, bytes).

    Args:
        lend: makes a tagged list of a function.

    Raises:
        TooLarge: more than `MAX_BODY` bytes or `MAX_DEPTH` levels.
    """
    pieces = []
    head = _pack(value, lend, pieces, 0)
    return head, b"".join(pieces)


def _pack(value, lend, pieces, depth):
    if depth > MAX_DEPTH:
        raise TooLarge(f"the value is nested more than {MAX_DEPTH} levels deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and value.bit_length() < 10_000:
        return int(value)
    if isinstance(value, (float, str)):
        return float(value) if isinstance(value, float) else str(value)
    if value is Ellipsis:
        return ["e"]
    if isinstance(value, torch.Tensor):
        return _pack_tensor(value, pieces)
    if isinstance(value, (list, tuple)):
        tag = "l" if isinstance(value, list) else "t"
        return [tag, *(_pack(entry, lend, pieces, depth + 1) for entry in value)]
    if isinstance(value, dict):
        return ["d", *(_pack(pair, lend, pieces, depth + 1) for pair in value.items())]
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 2) < 2:
        return _pack(value.tolist(), lend, pieces, depth + 1)
    if callable(value):
        return lend(value)
    return ["o", type(value).__name__]


def _pack_tensor(tensor, pieces):
    name = str(tensor.dtype).removeprefix("torch.")
    if name not in DTYPES or tensor.layout != torch.strided or tensor.is_meta:
        return ["o", f"Tensor_{name}"]
    size = tensor.numel() * tensor.element_size()
    if size + sum(map(len, pieces)) > MAX_BODY:
        raise TooLarge(f"tensors of {size} bytes, at most {MAX_BODY} can be handed on")
    plain = tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()
    flat = plain.reshape(-1)  # (*shape,) -> (numbers,)
    pieces.append(flat.view(torch.uint8).numpy().tobytes())  # (bytes,)
    return ["T", name, list(tensor.shape)]


def unpack(head, body, borrow):
    """The value that `pack` made head and body of.

    Args:
        borrow: makes a function of what the other end's `lend` made.

    Raises:
        Broken: they are not what `pack` makes.
    """
    try:
        value, end = _unpack(head, memoryview(body), 0, borrow, 0)
    except (IndexError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from None
    if end != len(body):
        raise Broken(f"{len(body)} bytes of tensors, {end} of them used")
    return value


def _unpack(head, body, at, borrow, depth):
    if depth > MAX_DEPTH:
        raise Broken("nested too deeply")
    if not isinstance(head, list):
        if isinstance(head, dict):
            raise Broken("a dict without a tag")
        return head, at
    tag, *rest = head
    if tag in ("l", "t", "d"):
        entries = []
        for entry in rest:
            value, at = _unpack(entry, body, at, borrow, depth + 1)
            entries.append(value)
        return {"l": list, "t": tuple, "d": dict}[tag](entries), at
    if tag == "T":
        return _unpack_tensor(*rest, body, at)
    if tag == "e":
        return Ellipsis, at
    if tag == "o":
        return _stranger(*rest), at
    return borrow(tag, *rest), at


def _unpack_tensor(name, shape, body, at):
    dtype = DTYPES[name]
    if len(shape) > MAX_AXES or not all(type(n) is int and n >= 0 for n in shape):
        raise Broken("a shape that is none")
    # An empty tensor, too: a long axis beside one of 0 would be filled by a sum.
    if math.prod(max(n, 1) for n in shape) * dtype.itemsize > MAX_BODY:
        raise Broken("a shape that is too large")
    end = at + math.prod(shape) * dtype.itemsize
    if end > len(body):
        raise Broken("a tensor whose bytes are missing")
    if end == at:
        return torch.empty(shape, dtype=dtype), end
    raw = torch.frombuffer(bytearray(body[at:end]), dtype=torch.uint8)  # (bytes,)
    # A byte that is neither 0 nor 1 must not become a bool that is neither.
    flat = raw != 0 if dtype is torch.bool else raw.view(dtype)  # (numbers,)
    return flat.reshape(shape), end  # (numbers,) -> (*shape,)


def _stranger(name):
    """An object that only knows what its type was called at the other end."""
    return type(identifier(name), (), {})()


def identifier(name):
    """A name from the other end as a short identifier."""
    name = str(name)[:60]
    return name if name.isidentifier() and name.isascii() else "Object"


class Channel:
    """Two pipes that carry messages.

    Args:
        read, write: file descriptors.
        watch: called ten times a second while waiting; may raise.

    `room` is how many bytes may still come; None is no limit.
    """

    def __init__(self, read, write, watch=None):
        self.read, self.write, self.watch = read, write, watch
        self.room, self._watched = None, 0.0
        for fd in (read, write):
            os.set_blocking(fd, False)

    def send(self, head, body=b"", deadline=None):
        """Raises: TooLarge, Late, Closed."""
        text = json.dumps(head).encode()
        if len(text) > MAX_HEAD or len(body) > MAX_BODY:
            raise TooLarge(f"a message of {len(text) + len(body)} bytes is too large")
        rest = memoryview(FRAME.pack(len(text), len(body)) + text + body)
        while rest:
            self._wait(self.write, select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self.write, rest[: 1 << 20]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Closed from None

    def receive(self, deadline=None):
        """The next (head, body). Raises: Broken, Late, Closed."""
        sizes = FRAME.unpack(self._exactly(FRAME.size, deadline))
        if sizes[0] > MAX_HEAD or sizes[1] > MAX_BODY:
            raise Broken(f"a message of {sum(sizes)} bytes")
        if self.room is not None:
            self.room -= sum(sizes)
            if self.room < 0:
                raise Broken("more data than an exercise may send")
        text, body = (self._exactly(size, deadline) for size in sizes)
        try:
            head = json.loads(text)
        except (ValueError, RecursionError):
            raise Broken("a head that is no JSON") from None
        if not isinstance(head, dict):
            raise Broken("a head that is no object")
        return head, body

    def _exactly(self, size, deadline):
        data = bytearray()
        while len(data) < size:
            self._wait(self.read, select.POLLIN, deadline)
            try:
                piece = os.read(self.read, min(size - len(data), 1 << 20))
            except BlockingIOError:
                continue
            except OSError:
                raise Closed from None
            if not piece:
                raise Closed
            data += piece
        return data

    def _wait(self, fd, event, deadline):
        poll = select.poll()
        poll.register(fd, event)
        while True:
            now = time.monotonic()
            left = None if deadline is None else deadline - now
            if left is not None and left <= 0:
                raise Late
            if self.watch:
                left = 0.1 if left is None else min(left, 0.1)
                if now > self._watched + 0.1:
                    self._watched = now
                    self.watch()
            if poll.poll(None if left is None else math.ceil(1000 * left)):
                return
