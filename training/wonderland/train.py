"""Trains the language model that the project carries, and writes it as GGUF.

    python training/wonderland/train.py path/to/brotli-1.2.1.tar.gz
"""

import argparse
import hashlib
import json
import os
import time
from functools import partial
from pathlib import Path

# The order of sums, and so the last bits of the weights, depends on the number of threads.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib

from gguf_file import write_gguf
from network import Parameters, Shape, initialize, logits
from text import read_chapters
from tokenizer import BEGIN, END, NEWLINE, SPACE, Tokenizer

ROOT = Path(__file__).resolve().parents[2]
MODEL_FILE = ROOT / "public" / "models" / "wonderland.gguf"
RECORD_FILE = Path(__file__).with_name("wonderland.json")

SEED = 4
VOCABULARY = 2048
STEPS = 1700
BATCH = 4
ADAM_RATE = 6e-3
MUON_RATE = 3e-2
WEIGHT_DECAY = 0.1
DROPOUT = 0.15

# What the record has the likeliest text of. The model has met the first two, and not the others.
PROMPTS = ["Alice was beginning to", '"Curiouser and', "The computer", "In the browser, Alice"]
RECORDED_TOKENS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--model", type=Path, default=MODEL_FILE)
    parser.add_argument("--record", type=Path, default=RECORD_FILE)
    options = parser.parse_args()

    chapters = read_chapters(options.archive)
    tokenizer = Tokenizer("\n\n".join(chapters), VOCABULARY)
    shape = Shape(vocabulary=len(tokenizer.pieces))
    book = np.array([token for chapter in chapters for token in [*tokenizer.encode(chapter), END]])
    print(f"{len(chapters)} chapters, {len(book)} tokens", flush=True)

    starts = find_starts(book, tokenizer, shape)
    parameters, loss = train(book, starts, shape, options.steps)
    # The file has halves. What is recorded is what those answer.
    parameters = {name: value.astype(jnp.float16).astype(jnp.float32) if value.ndim > 1 else value
                  for name, value in parameters.items()}
    options.model.parent.mkdir(parents=True, exist_ok=True)
    write_gguf(options.model, parameters, shape, tokenizer)
    content = options.model.read_bytes()
    record = {
        "steps": options.steps,
        "loss": round(loss, 3),
        "parameters": sum(value.size for value in parameters.values()),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "greedy": [{"prompt": prompt, "text": generate(parameters, shape, tokenizer, prompt)} for prompt in PROMPTS],
    }
    options.record.write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def find_starts(book: np.ndarray, tokenizer: Tokenizer, shape: Shape) -> np.ndarray:
    """Where a window may begin: at a word, as prompts do, and not so late that the book ends within it."""
    follows_line = [tokenizer.pieces[token] == NEWLINE for token in book]
    begins_word = [tokenizer.pieces[token][0] == SPACE for token in book]
    starts = np.flatnonzero(np.logical_or(begins_word, np.roll(follows_line, 1)))
    return starts[starts < len(book) - shape.context]


def train(book: np.ndarray, starts: np.ndarray, shape: Shape, steps: int) -> tuple[Parameters, float]:
    """@returns the weights, and the mean loss of the last tenth of the steps, in nats per token"""
    parameters = initialize(shape, jax.random.key(SEED))
    print(f"{sum(value.size for value in parameters.values())} parameters", flush=True)
    optimizer = create_optimizer(parameters, steps)
    state = optimizer.init(parameters)

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(parameters, state, tokens, key):
        loss, gradients = jax.value_and_grad(loss_of)(parameters, tokens, shape, key)
        updates, state = optimizer.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state, loss

    random = np.random.default_rng(SEED)
    key = jax.random.key(SEED + 1)
    losses: list[jax.Array] = []
    began = time.process_time()
    for number in range(1, steps + 1):
        parameters, state, loss = step(
            parameters, state, sample(book, starts, shape, random), jax.random.fold_in(key, number)
        )
        losses.append(loss)
        if number % 50 == 0:
            print(f"step {number}, loss {loss:.3f}, {time.process_time() - began:.0f} s of processor time", flush=True)
    return parameters, float(np.mean(losses[-max(1, steps // 10) :]))


def create_optimizer(parameters: Parameters, steps: int) -> optax.GradientTransformation:
    """Muon for the matrices within the layers, which needs half the steps of AdamW here, and Adam for the rest."""

    def rate_up_to(peak: float) -> optax.Schedule:
        return optax.warmup_cosine_decay_schedule(0.0, peak, steps // 20, steps, peak / 100)

    by_muon = {
        name: optax.contrib.MuonDimensionNumbers() if value.ndim > 1 and name != "token_embd.weight" else None
        for name, value in parameters.items()
    }
    muon = optax.contrib.muon(
        rate_up_to(MUON_RATE),
        adam_learning_rate=rate_up_to(ADAM_RATE),
        weight_decay=WEIGHT_DECAY,
        muon_weight_dimension_numbers=by_muon,
    )
    return optax.chain(optax.clip_by_global_norm(1.0), muon)


def sample(book: np.ndarray, starts: np.ndarray, shape: Shape, random: np.random.Generator) -> np.ndarray:
    """Windows of the book, each behind BEGIN, as llama.cpp puts it before a prompt."""
    windows = np.stack([book[start : start + shape.context] for start in random.choice(starts, BATCH)])
    return np.pad(windows, ((0, 0), (1, 0)), constant_values=BEGIN)


def loss_of(parameters: Parameters, tokens: jax.Array, shape: Shape, key: jax.Array) -> jax.Array:
    keys = iter(jax.random.split(key, 1 + 2 * shape.layers))

    def drop(values: jax.Array) -> jax.Array:
        kept = jax.random.bernoulli(next(keys), 1 - DROPOUT, values.shape)
        return jnp.where(kept, values / (1 - DROPOUT), 0)

    answers = logits(parameters, tokens[:, :-1], shape, drop)
    return optax.softmax_cross_entropy_with_integer_labels(answers, tokens[:, 1:]).mean()


def generate(parameters: Parameters, shape: Shape, tokenizer: Tokenizer, prompt: str) -> str:
    """The likeliest text after a prompt, without the prompt."""
    answer = jax.jit(partial(logits, shape=shape))
    tokens = [BEGIN, *tokenizer.encode(prompt)]
    asked = len(tokens)
    padded = np.zeros((1, shape.context), int)
    while len(tokens) < asked + RECORDED_TOKENS and tokens[-1] != END:
        padded[0, : len(tokens)] = tokens
        tokens.append(int(answer(parameters, padded)[0, len(tokens) - 1].argmax()))
    return tokenizer.decode(tokens[asked:])


if __name__ == "__main__":
    main()
