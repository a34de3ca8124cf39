"""Random distortions of a batch of digits, done on whole tensors so that they cost less than the training step.

They stand in for the training images that are missing, and for what a hand with a mouse does to a digit: tilted,
stretched, off centre, and with a line that is thicker or thinner than a pencil's.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_ROTATION = math.radians(15)
MAX_SHEAR = 0.25
SIZES = (0.75, 1.2)
MAX_SHIFT_PIXELS = 3.0
ELASTIC_PIXELS = 0.9
ELASTIC_KNOTS = 6
THICKNESS = (-0.8, 0.8)
CONTRAST = (0.8, 2.0)


def augment(images: Tensor) -> Tensor:
    """Distort images of shape [batch, 1, height, width] with values in 0..1; every image gets its own distortion."""
    grid = affine_grid(images) + elastic_offsets(images)
    moved = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return change_contrast(change_thickness(moved))


def uniform(count: int, low: float, high: float) -> Tensor:
    return torch.empty(count).uniform_(low, high)


def affine_grid(images: Tensor) -> Tensor:
    """Sampling positions for a random rotation, shear, stretch in each direction, and shift."""
    count, width = images.shape[0], images.shape[-1]
    angle = uniform(count, -MAX_ROTATION, MAX_ROTATION)
    shear = uniform(count, -MAX_SHEAR, MAX_SHEAR)
    # The grid says where each output pixel comes from, so a larger digit needs a smaller step.
    step_x, step_y = 1 / uniform(count, *SIZES), 1 / uniform(count, *SIZES)
    shift = 2 * MAX_SHIFT_PIXELS / width
    cos, sin = torch.cos(angle), torch.sin(angle)
    theta = torch.stack(
        [
            torch.stack([cos * step_x, (cos * shear - sin) * step_y, uniform(count, -shift, shift)], dim=1),
            torch.stack([sin * step_x, (sin * shear + cos) * step_y, uniform(count, -shift, shift)], dim=1),
        ],
        dim=1,
    )
    return F.affine_grid(theta, list(images.shape), align_corners=False)


def elastic_offsets(images: Tensor) -> Tensor:
    """A smooth random displacement field: a few random knots, interpolated to every pixel."""
    count, _, height, width = images.shape
    knots = torch.randn(count, 2, ELASTIC_KNOTS, ELASTIC_KNOTS) * (2 * ELASTIC_PIXELS / width)
    field = F.interpolate(knots, size=(height, width), mode="bicubic", align_corners=True)
    return field.permute(0, 2, 3, 1)


def change_thickness(images: Tensor) -> Tensor:
    """Blend each image with its dilation (positive amount) or its erosion (negative amount)."""
    amount = uniform(images.shape[0], *THICKNESS).view(-1, 1, 1, 1)
    thicker = F.max_pool2d(images, 3, stride=1, padding=1)
    thinner = -F.max_pool2d(-images, 3, stride=1, padding=1)
    return torch.lerp(images, torch.where(amount > 0, thicker, thinner), amount.abs())


def change_contrast(images: Tensor) -> Tensor:
    """Bring strokes that erosion made faint back to full white, then harden their edges or dim them a little."""
    peak = images.amax(dim=(1, 2, 3), keepdim=True).clamp_min(1e-3)
    contrast = uniform(images.shape[0], *CONTRAST).view(-1, 1, 1, 1)
    return ((images / peak) * contrast).clamp(0, 1)
