"""A transformer as llama.cpp's architecture "llama" has it, in JAX.

Root-mean-square norms, rotary positions on interleaved pairs, grouped-query attention, a SwiGLU feed-forward layer,
and one matrix for the tokens of both ends.
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

Parameters = dict[str, jax.Array]


@dataclass(frozen=True)
class Shape:
    vocabulary: int
    context: int = 256
    width: int = 96
    layers: int = 4
    heads: int = 4
    key_heads: int = 2
    feed_forward: int = 256
    epsilon: float = 1e-5
    rotary_base: float = 10_000.0

    @property
    def head_width(self) -> int:
        return self.width // self.heads


def initialize(shape: Shape, key: jax.Array) -> Parameters:
    """Random weights. The names are those of GGUF, and a matrix has a row for each output, as in GGUF."""
    width, keys, hidden = shape.width, shape.key_heads * shape.head_width, shape.feed_forward
    matrices = {"token_embd.weight": (shape.vocabulary, width)}
    norms = ["output_norm.weight"]
    for layer in range(shape.layers):
        block = f"blk.{layer}"
        norms += [f"{block}.attn_norm.weight", f"{block}.ffn_norm.weight"]
        matrices |= {
            f"{block}.attn_q.weight": (width, width),
            f"{block}.attn_k.weight": (keys, width),
            f"{block}.attn_v.weight": (keys, width),
            f"{block}.attn_output.weight": (width, width),
            f"{block}.ffn_gate.weight": (hidden, width),
            f"{block}.ffn_up.weight": (hidden, width),
            f"{block}.ffn_down.weight": (width, hidden),
        }
    parameters = {name: jnp.ones(width) for name in norms}
    for name, size in matrices.items():
        key, used = jax.random.split(key)
        deviation = 0.02 if name == "token_embd.weight" else 0.6 / size[1] ** 0.5
        parameters[name] = deviation * jax.random.normal(used, size)
    return parameters


def logits(
    parameters: Parameters,
    tokens: jax.Array,
    shape: Shape,
    drop: Callable[[jax.Array], jax.Array] = lambda values: values,
) -> jax.Array:
    """Tokens [batch, length] in, the logits of the tokens that follow [batch, length, vocabulary] out.

    Whatever is added to the values that run through the layers goes through `drop`.
    """
    values = drop(parameters["token_embd.weight"][tokens])
    for layer in range(shape.layers):
        weights = {name.removeprefix(f"blk.{layer}."): value for name, value in parameters.items()}
        values = values + drop(attention(weights, norm(values, weights["attn_norm.weight"], shape), shape))
        normed = norm(values, weights["ffn_norm.weight"], shape)
        hidden = jax.nn.silu(normed @ weights["ffn_gate.weight"].T) * (normed @ weights["ffn_up.weight"].T)
        values = values + drop(hidden @ weights["ffn_down.weight"].T)
    return norm(values, parameters["output_norm.weight"], shape) @ parameters["token_embd.weight"].T


def norm(values: jax.Array, weight: jax.Array, shape: Shape) -> jax.Array:
    return values * jax.lax.rsqrt(jnp.mean(values**2, -1, keepdims=True) + shape.epsilon) * weight


def attention(weights: Parameters, values: jax.Array, shape: Shape) -> jax.Array:
    batch, length, width = values.shape
    group = shape.heads // shape.key_heads
    queries = (values @ weights["attn_q.weight"].T).reshape(batch, length, shape.key_heads, group, shape.head_width)
    keys = (values @ weights["attn_k.weight"].T).reshape(batch, length, shape.key_heads, 1, shape.head_width)
    content = (values @ weights["attn_v.weight"].T).reshape(batch, length, shape.key_heads, shape.head_width)
    queries, keys = rotate(queries, shape), rotate(keys, shape)[:, :, :, 0]
    scores = jnp.einsum("bqkgh,btkh->bkgqt", queries, keys) / shape.head_width**0.5
    scores = jnp.where(jnp.tril(jnp.ones((length, length), bool)), scores, -jnp.inf)
    mixed = jnp.einsum("bkgqt,btkh->bqkgh", jax.nn.softmax(scores, -1), content)
    return mixed.reshape(batch, length, width) @ weights["attn_output.weight"].T


def rotate(values: jax.Array, shape: Shape) -> jax.Array:
    """Rotates the pairs (2i, 2i + 1) by angles that grow with the position, which is the second axis."""
    half = jnp.arange(0, shape.head_width, 2) / shape.head_width
    angles = jnp.arange(values.shape[1])[:, None] / shape.rotary_base**half
    cosine, sine = (turn(angles)[:, None, None, :] for turn in (jnp.cos, jnp.sin))
    even, odd = values[..., 0::2], values[..., 1::2]
    return jnp.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).reshape(values.shape)
