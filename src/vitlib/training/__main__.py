"""Train the book's ViT from the command line.

- `python -m vitlib.training --profile full --checkpoint run.safetensors`
- `torchrun --nproc-per-node=2 -m vitlib.training --profile full`
"""

import argparse

import torch

from vitlib import FashionMNIST
from vitlib.lean import LeanViT
from vitlib.training import Trainer, distributed
from vitlib.training.settings import EPOCHS, PRECISIONS, SIZES, profile


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
    add, default = parser.add_argument, "default: %(default)s"
    add("--profile", choices=[*SIZES], default=profile(), help=default)
    add("--epochs", type=int, help="default: those of the profile")
    add("--batch-size", type=int, default=128, help=f"of all processes; {default}")
    add("--dropout", type=float, default=0.1, help=default)
    add("--lr", type=float, default=0.1, help=default)
    add("--holdout", type=int, help="to validate; default: 5000, with --sample 500")
    add("--seed", type=int, default=0, help=default)
    add("--sample", action="store_true", help="the 2,000 shipped images only")
    add("--checkpoint", help="file to save to and to go on from")
    add("--precision", choices=PRECISIONS, help="default: what suits the device")
    add("--compile", action="store_true")
    return parser, parser.parse_args()


def main():
    parser, given = arguments()
    device = distributed.join()
    try:
        train(given, device)
    except ValueError as error:  # a wrong argument, or a loss that is no number
        parser.error(str(error))
    finally:
        distributed.leave()


def train(given, device):
    sizes = SIZES[given.profile]
    torch.manual_seed(given.seed)
    model = LeanViT(
        **sizes, emb_dropout=given.dropout, blk_dropout=given.dropout, lr=given.lr
    )
    # Each process drops other activations.
    torch.manual_seed(given.seed + distributed.rank())
    images = FashionMNIST.sample if given.sample else FashionMNIST
    holdout = given.holdout
    if holdout is None:
        holdout = 500 if given.sample else 5000
    data = images(given.batch_size, (sizes["img_size"],) * 2, holdout, given.seed)
    trainer = Reporting(
        EPOCHS[given.profile] if given.epochs is None else given.epochs,
        device=device, checkpoint=given.checkpoint, precision=given.precision,
        compile=given.compile,
    )  # fmt: skip
    trainer.fit(model, data)


if __name__ == "__main__":
    main()
