"""vitlib-grade: the wire and the conversation, without a sandbox."""

import json
import os
import random
import threading
import time

import pytest
import torch

from vitlib.exercises import judge
from vitlib.grading import seccomp, wire
from vitlib.grading.conversation import Borrowed, Peer, Raised, raised


def no_function(*args):
    raise KeyError(args)


def carried(value):
    head, body = wire.pack(value, no_function)
    return wire.unpack(json.loads(json.dumps(head)), body, no_function)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, -7, 2**70, 1.5, float("inf"), "", "한글 \ud800 \0", ...),
        *([], (), {}, [1, (2, [3])], {"a": {1: (None,)}, (1, 2): "k"}),
    ],
)
def test_plain_values_arrive_as_they_are(value):
    found = carried(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("dtype", wire.DTYPES.values(), ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0, 4), (2, 3, 4)])
def test_tensors_arrive_bit_by_bit(dtype, shape):
    X = (10 * torch.randn(shape)).to(dtype)
    found = carried([X, "between", X.unsqueeze(0).transpose(0, -1)])  # (*shape, 1)
    assert found[0].dtype == dtype
    assert torch.equal(found[0], X)
    assert found[2].shape == X.unsqueeze(0).transpose(0, -1).shape  # (*shape, 1)


def test_nan_arrives():
    assert carried(float("nan")) != carried(float("nan"))


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"", "bytes"),
        ({1}, "set"),
        (object(), "object"),
        (1j, "complex"),
        (torch.float32, "dtype"),
        (torch.zeros(2).to_sparse(), "Tensor_float32"),
        (10**5000, "int"),
    ],
    ids=range(7),
)
def test_other_objects_only_tell_their_type(value, name):
    assert type(carried(value)).__name__ == name


def test_what_is_too_large_or_too_deep_is_refused():
    deep = []
    deep.append(deep)
    for value in (deep, torch.zeros(wire.MAX_BODY + 1, dtype=torch.uint8)):
        with pytest.raises(wire.TooLarge):
            wire.pack(value, no_function)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (["T", "float32", [2]], b"\0" * 7),
        (["T", "float32", [2]], b"\0" * 9),
        (["T", "float32", [-1]], b""),
        (["T", "float32", [2.0]], b"\0" * 8),
        (["T", "float32", [0, 2**40]], b""),
        (["T", "float32", [1] * 99], b"\0" * 4),
        (["T", "pickle", [1]], b"\0" * 4),
        (["T"], b""),
        ([], b""),
        ({"a": 1}, b""),
        (["d", ["t", ["l"], 1]], b""),
        (["d", 1], b""),
        (["f", 1], b""),
        (["x"], b""),
        (1, b"left over"),
    ],
)
def test_what_pack_never_makes_is_broken(head, body):
    with pytest.raises(wire.Broken):
        wire.unpack(head, body, no_function)


def test_a_bool_is_one_whatever_its_byte():
    found = wire.unpack(["T", "bool", [2]], b"\x07\x00", no_function)
    assert found.tolist() == [True, False]
    assert found.view(torch.uint8).tolist() == [1, 0]  # (2,)


def ends():
    """Two channels that are connected."""
    (a, b), (c, d) = os.pipe(), os.pipe()
    return wire.Channel(a, d), wire.Channel(c, b)


def test_noise_never_gets_through():
    draw = random.Random(0)
    for _ in range(300):
        ours, theirs = ends()
        noise = draw.randbytes(draw.randint(1, 60))
        if draw.random() < 0.5:  # lengths that are plausible, and a bad head
            noise = wire.FRAME.pack(len(noise), 0) + noise
        os.write(theirs.write, noise)
        os.close(theirs.write)
        with pytest.raises(wire.Cut):
            ours.receive(time.monotonic() + 1)


@pytest.mark.parametrize("text", [b"[" * 90_000, b"7", b"{]", b'{"a": 1' + b"0" * 5000])
def test_a_bad_head_is_broken(text):
    ours, theirs = ends()
    os.set_blocking(theirs.write, True)
    frame = wire.FRAME.pack(len(text), 0) + text
    threading.Thread(target=os.write, args=(theirs.write, frame)).start()
    with pytest.raises(wire.Broken):
        ours.receive(time.monotonic() + 5)


def test_a_channel_waits_no_longer_and_reads_no_more_than_it_may():
    ours, theirs = ends()
    with pytest.raises(wire.Late):
        ours.receive(time.monotonic() + 0.05)
    theirs.send({"a": 1}, b"x" * 100)
    ours.room = 50
    with pytest.raises(wire.Broken):
        ours.receive(time.monotonic() + 1)
    with pytest.raises(wire.TooLarge):
        theirs.send({"a": "x" * wire.MAX_HEAD})
    os.write(theirs.write, wire.FRAME.pack(9, 2**32 - 1))
    with pytest.raises(wire.Broken):
        wire.Channel(ours.read, ours.write).receive(time.monotonic() + 1)


class Echo(Peer):
    """The other end of a conversation: calls what it is given."""

    def do(self, head, value):
        if head["ask"] == "call":
            return super().do(head, value)
        return {"same": lambda x: x, "apply": lambda x: x[0](*x[1:])}[head["ask"]](
            value
        )


@pytest.fixture
def peer():
    ours, theirs = ends()
    other = Echo(theirs)

    def serve():
        try:
            while True:
                other.serve(*theirs.receive())
        except wire.Cut:
            pass

    threading.Thread(target=serve, daemon=True).start()
    end = Peer(ours)
    end.deadline = time.monotonic() + 20
    yield end
    os.close(ours.write)


def test_functions_go_both_ways(peer):
    def double(x, *, plus=0):
        return 2 * x + plus

    assert peer.ask("same", double) is double
    theirs = peer.ask("apply", [lambda f: f, double])
    assert theirs is double
    assert peer.ask("apply", [double, 3]) == 6
    assert peer.ask("apply", [lambda f: peer.ask("apply", [f, 4]), double]) == 8


def test_errors_go_both_ways(peer):
    def fails(error):
        raise error

    original = judge.Wrong("en", "ko")
    with pytest.raises(judge.Wrong) as caught:
        peer.ask("apply", [lambda: fails(original)])
    assert caught.value is original
    with pytest.raises(TypeError) as caught:
        peer.ask("apply", [3])
    assert isinstance(caught.value, Raised)
    assert caught.value.kind == "TypeError"


def test_a_function_is_lent_until_it_is_taken_back(peer):
    kept = []
    peer.ask("apply", [lambda f: kept.append(f), lambda: 1])
    peer.forget()
    with pytest.raises(LookupError, match="lent for an earlier call"):
        Peer.do(peer, {"ask": "call", "function": 0}, [[], {}])
    assert not isinstance(kept[0], Borrowed)


@pytest.mark.parametrize(
    "kind",
    ["ValueError", "KeyError", "UnicodeDecodeError", "Odd", "SystemExit", "a b", "int"],
)
def test_an_error_is_caught_as_what_it_was(kind):
    error = raised(kind, "said")
    assert isinstance(error, Raised)
    assert str(error) == "said"
    if kind in ("ValueError", "KeyError"):
        assert isinstance(error, {"ValueError": ValueError, "KeyError": KeyError}[kind])
    assert type(error).__name__ == ("Object" if kind == "a b" else kind)


def test_the_answer_of_a_stub_arrives_as_such():
    assert isinstance(raised("NotImplementedError", ""), NotImplementedError)


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_a_whole_program(machine):
    """Every jump lands inside, and the last instruction returns."""
    steps = seccomp.struct.iter_unpack("=HBBI", seccomp.program(machine))
    steps = list(steps)
    for i, (code, yes, no, _) in enumerate(steps):
        if code in (seccomp.EQUAL, seccomp.AT_LEAST, seccomp.ANY_BIT):
            assert max(i + 1 + yes, i + 1 + no) < len(steps)
    assert steps[-1] == (seccomp.RETURN, 0, 0, seccomp.ALLOW)
    assert seccomp.program("riscv64") is None
