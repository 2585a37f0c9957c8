"""Train the book's ViT from the command line.

- `python -m vitlib.training --profile full --checkpoint run.safetensors`
- `torchrun --nproc-per-node=2 -m vitlib.training --profile full`
"""

import argparse

import torch

from vitlib import FashionMNIST, ViT
from vitlib.training import Trainer, distributed
from vitlib.training.settings import EPOCHS, SIZES, profile


class Reporting(Trainer):
    """Prints a line after each epoch, in the first process only."""

    def after_epoch(self, history):
        if distributed.rank() == 0:
            epoch = history[-1]
            print(
                f"epoch {len(history)}: train loss {epoch.train_loss:.3f}, val loss "
                f"{epoch.val_loss:.3f}, val acc {epoch.val_acc:.3f}, "
                f"{epoch.seconds:.0f} s",
                flush=True,
            )


def arguments():
    parser = argparse.ArgumentParser(
        prog="python -m vitlib.training", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--profile", choices=[*SIZES], default=profile())
    parser.add_argument("--epochs", type=int, help="default: those of the profile")
    parser.add_argument("--batch-size", type=int, default=128, help="of all processes")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--holdout", type=int, default=5000, help="images to validate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", action="store_true", help="the shipped images only")
    parser.add_argument("--checkpoint", help="file to save to and to go on from")
    parser.add_argument("--precision", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


def main():
    given = arguments()
    device = distributed.join()
    sizes = SIZES[given.profile]
    torch.manual_seed(given.seed)
    model = ViT(
        **sizes, emb_dropout=given.dropout, blk_dropout=given.dropout, lr=given.lr
    )
    # Each process drops other activations.
    torch.manual_seed(given.seed + distributed.rank())
    images = FashionMNIST.sample if given.sample else FashionMNIST
    data = images(given.batch_size, (sizes["img_size"],) * 2, given.holdout, given.seed)
    trainer = Reporting(
        given.epochs or EPOCHS[given.profile], device=device,
        checkpoint=given.checkpoint, precision=given.precision, compile=given.compile,
    )  # fmt: skip
    try:
        trainer.fit(model, data)
    finally:
        distributed.leave()


if __name__ == "__main__":
    main()
