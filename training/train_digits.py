"""Trains the digit classifier that the project carries, writes it as ONNX, and measures the written file.

    python training/train_digits.py [folder with t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz]
"""

import argparse
import gzip
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from augment import augment
from export import count_parameters, export_onnx, run_onnx

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_DATA = ROOT.parent / "shared" / "fixtures" / "mnist"
MODEL_FILE = ROOT / "public" / "models" / "digits.onnx"
ACCURACY_FILE = ROOT / "training" / "accuracy.json"

# Mean and deviation of the pixels of MNIST's own training set; users of the model apply the same two numbers.
MEAN, DEVIATION = 0.1307, 0.3081

SEED = 20
THREADS = 2
EPOCHS = 90
BATCH = 100
PEAK_RATE = 4e-3
WEIGHT_DECAY = 0.02
AVERAGE_DECAY = 0.998


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, default=DEFAULT_DATA)
    images, labels = read_mnist(parser.parse_args().data)

    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    # The order of sums, and so the last bits of the weights, depends on the number of threads.
    torch.set_num_threads(THREADS)

    training, validation, held_out = split(labels)
    network = train(images, labels, training, validation)
    MODEL_FILE.parent.mkdir(parents=True, exist_ok=True)
    export_onnx(network, MODEL_FILE)
    report = measure(MODEL_FILE, images[held_out], labels[held_out])
    ACCURACY_FILE.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


def read_mnist(folder: Path) -> tuple[Tensor, Tensor]:
    """The images as [count, 1, 28, 28] with values in 0..1, and the digit that each one shows."""
    images = read_idx(folder / "t10k-images-idx3-ubyte.gz", header=16).reshape(-1, 1, 28, 28)
    labels = read_idx(folder / "t10k-labels-idx1-ubyte.gz", header=8)
    return torch.from_numpy(images / np.float32(255)), torch.from_numpy(labels.astype(np.int64))


def read_idx(path: Path, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress(path.read_bytes()), dtype=np.uint8, offset=header)


def split(labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Indices of the training, validation and held-out parts: 7,500, 500 and 2,000 of 10,000.

    Sorted by digit and shuffled within each, every fifth image is a sample with the digits in proportion.
    """
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(SEED))
    by_digit = shuffled[torch.argsort(labels[shuffled], stable=True)]
    position = torch.arange(len(labels))
    held_out, rest = by_digit[position % 5 == 0], by_digit[position % 5 != 0]
    position = torch.arange(len(rest))
    return rest[position % 16 != 0], rest[position % 16 == 0], held_out


def build_network() -> nn.Sequential:
    """Three stages of two convolutions, each stage at half the resolution of the one before."""
    return nn.Sequential(
        *convolution(1, 16),
        *convolution(16, 16),
        nn.MaxPool2d(2),
        *convolution(16, 32),
        *convolution(32, 48),
        nn.MaxPool2d(2),
        *convolution(48, 64),
        *convolution(64, 64),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    # Batch norm brings its own bias.
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()


def normalise(images: Tensor) -> Tensor:
    return (images - MEAN) / DEVIATION


def train(images: Tensor, labels: Tensor, training: Tensor, validation: Tensor) -> nn.Sequential:
    """Train for a fixed number of epochs and give the running average of the weights.

    The average at the end is always the one taken: no epoch is picked, and validation is only for the eye.
    """
    network = build_network()
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE_DECAY), use_buffers=True)
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * (len(training) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_RATE, total_steps=steps, pct_start=0.15)
    started = time.monotonic()
    for epoch in range(1, EPOCHS + 1):
        network.train()
        total = 0.0
        for batch in training[torch.randperm(len(training))].split(BATCH):
            loss = F.cross_entropy(network(normalise(augment(images[batch]))), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(network)
            total += loss.item() * len(batch)
        wrong = count_errors(average.module, images[validation], labels[validation])
        print(
            f"epoch {epoch:3}  loss {total / len(training):.4f}  validation errors {wrong}/{len(validation)}"
            f"  {time.monotonic() - started:.0f} s",
            flush=True,
        )
    return average.module


@torch.no_grad()
def count_errors(network: nn.Module, images: Tensor, labels: Tensor) -> int:
    return int((network.eval()(normalise(images)).argmax(dim=1) != labels).sum())


def measure(path: Path, images: Tensor, labels: Tensor) -> dict[str, int | float | str]:
    """How well the file itself does, in onnxruntime, on images that nothing above has seen."""
    scores = run_onnx(path, normalise(images).numpy())
    errors = int((scores.argmax(axis=1) != labels.numpy()).sum())
    content = path.read_bytes()
    return {
        "heldOut": len(labels),
        "errors": errors,
        "accuracy": 1 - errors / len(labels),
        "parameters": count_parameters(path),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


if __name__ == "__main__":
    main()
