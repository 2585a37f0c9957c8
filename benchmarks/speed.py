"""A training step and an inference of one ViT, by five libraries, in turn.

`python benchmarks/speed.py [ROUNDS]`. On a GPU it measures the products in 32 and in
16 bits, and ours compiled as well; on a CPU in 32 bits. The status page shows what it
found last.
"""

import sys

import torch
from peers import PEERS, SIDE, B, K, Products, ours, ours_every_token
from timing import conditions, in_turn, keep, table
from torch.nn import functional as F

from vitlib.training.settings import precision_for

OURS = "vitlib.LeanViT"  # what the others are compared with
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def training_step(model, optimizer, loss_of, precision):
    """A function that runs one step: forward, backward, update."""
    scaler = torch.amp.GradScaler(DEVICE.type, enabled=precision == "float16")

    def run():
        with autocast(precision):
            loss = loss_of()
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    model.train()
    return run


def their_step(model, X, y, precision):
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    return training_step(model, sgd, lambda: F.cross_entropy(model(X), y), precision)


def our_step(model, X, y, precision):
    """With the model's own step and optimizer, which check labels and loss."""
    sgd = model.configure_optimizers()
    return training_step(model, sgd, lambda: model.training_step((X, y)), precision)


def inference(model, X, precision):
    def run():
        with torch.inference_mode(), autocast(precision):
            model(X)

    return run


def autocast(precision):
    dtype = getattr(torch, precision)
    return torch.autocast(DEVICE.type, dtype, enabled=precision != "float32")


def same_logits(theirs, model, X):
    """Load D2L's weights into ours and return the largest difference of a logit."""
    model.load_state_dict(theirs.state_dict())
    with torch.inference_mode():
        return (theirs.eval()(X) - model.eval()(X)).abs().max().item()


def measure(precision, rounds):
    """The seconds of all cases: of a training step, and of an inference."""
    X = torch.rand(B, 1, SIDE, SIDE, device=DEVICE)
    y = torch.randint(K, (B,), device=DEVICE)
    peers = {name: make().to(DEVICE) for name, make in PEERS.items()}
    own = {"vitlib.ViT": ours_every_token(), "vitlib.LeanViT": ours()}
    own = {name: model.to(DEVICE) for name, model in own.items()}
    for name, model in own.items():
        difference = same_logits(peers["D2L"], model, X)
        print(f"D2L's weights in {name}: logits differ by at most {difference:.1e}")
        assert difference < 1e-4
    if DEVICE.type == "cuda":
        own["vitlib.LeanViT, compiled"] = ours().to(DEVICE)
        own["vitlib.LeanViT, compiled"].compile()
    options = dict(device=DEVICE, dtype=getattr(torch, precision))
    floors = {
        "products of ViT": Products(lean=False, **options),
        "products of LeanViT": Products(lean=True, **options),
    }
    steps = {n: their_step(m, X, y, precision) for n, m in peers.items()}
    steps |= {n: our_step(m, X, y, precision) for n, m in own.items()}
    steps |= {name: floor.forward_and_backward for name, floor in floors.items()}
    training = in_turn(steps, rounds)
    table(f"Training step, {precision}", training, OURS, *floors)

    models = peers | own
    for model in models.values():
        model.eval()
    passes = {name: inference(model, X, precision) for name, model in models.items()}
    passes |= {name: floor.forward for name, floor in floors.items()}
    forward = in_turn(passes, rounds)
    table(f"Inference, {precision}", forward, OURS, *floors)
    return training, forward


def main(rounds=15):
    torch.manual_seed(0)
    line = conditions("d2l", "timm", "torchvision", "vit-pytorch")
    tables = {}
    for precision in dict.fromkeys(["float32", precision_for(DEVICE)]):
        training, forward = measure(precision, rounds)
        tables[f"training step, {precision}"] = training
        tables[f"inference, {precision}"] = forward
    keep(line, tables, OURS)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
