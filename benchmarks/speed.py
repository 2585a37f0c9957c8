"""A training step and an inference of one ViT, by five libraries, in turn.

`python benchmarks/speed.py [ROUNDS]`
"""

import sys

import torch
from peers import PEERS, SIDE, B, K, Products, ours, ours_every_token
from timing import conditions, in_turn, table
from torch.nn import functional as F


def training_step(model, X, y):
    """A function that runs one step of SGD: forward, backward, update."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def run():
        loss = F.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model.train()
    return run


def our_training_step(model, X, y):
    """The same with the model's own step, which checks labels and loss, too."""
    optimizer = model.configure_optimizers()

    def run():
        loss = model.training_step((X, y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    model.train()
    return run


def inference(model, X):
    def run():
        with torch.inference_mode():
            model(X)

    return run


def same_logits(theirs, model, X):
    """Load D2L's weights into ours and return the largest difference of a logit."""
    model.load_state_dict(theirs.state_dict())
    with torch.inference_mode():
        return (theirs.eval()(X) - model.eval()(X)).abs().max().item()


def main(rounds=15):
    torch.manual_seed(0)
    conditions("d2l", "timm", "torchvision", "vit-pytorch")
    X, y = torch.rand(B, 1, SIDE, SIDE), torch.randint(K, (B,))
    peers = {name: make() for name, make in PEERS.items()}
    own = {"ours, every token": ours_every_token(), "ours": ours()}
    floors = {
        "products, every token": Products(lean=False),
        "products of ours": Products(lean=True),
    }
    for name, model in own.items():
        difference = same_logits(peers["D2L"], model, X)
        print(f"D2L's weights in {name}: logits differ by at most {difference:.1e}")
        assert difference < 1e-4

    steps = {name: training_step(model, X, y) for name, model in peers.items()}
    steps |= {name: our_training_step(model, X, y) for name, model in own.items()}
    steps |= {name: floor.forward_and_backward for name, floor in floors.items()}
    table("Training step", in_turn(steps, rounds), "ours", *floors)

    models = peers | own
    for model in models.values():
        model.eval()
    passes = {name: inference(model, X) for name, model in models.items()}
    passes |= {name: floor.forward for name, floor in floors.items()}
    table("Inference", in_turn(passes, rounds), "ours", *floors)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
