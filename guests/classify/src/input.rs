//! The model's input: planes of normalised numbers, made from an image.

use crate::image::{Pixel, resize};
use crate::wasi::nn::tensor::{Tensor, TensorType};
use crate::{Colour, Image, Model};

/// The input tensor: f32, [1, channels, height, width].
pub fn tensor(image: &Image, model: &Model) -> Tensor {
    let pixels = resize(image, model.width, model.height);
    let data: Vec<u8> = planes(&pixels, model).into_iter().flat_map(f32::to_le_bytes).collect();
    let channels = model.mean.len() as u32;
    Tensor::new(&[1, channels, model.height, model.width], TensorType::Fp32, &data)
}

/// One plane for each channel, one after the other.
fn planes(pixels: &[Pixel], model: &Model) -> Vec<f32> {
    let mut planes = Vec::with_capacity(model.mean.len() * pixels.len());
    for (channel, (mean, deviation)) in model.mean.iter().zip(&model.deviation).enumerate() {
        planes.extend(pixels.iter().map(|&pixel| {
            let value = match model.colour {
                Colour::Grey => luminance(pixel),
                Colour::Rgb => on_white(pixel)[channel],
            };
            let value = if model.inverted { 1.0 - value } else { value };
            (value - mean) / deviation
        }));
    }
    planes
}

/// ITU-R BT.601, without gamma correction.
fn luminance(pixel: Pixel) -> f32 {
    let [red, green, blue] = on_white(pixel);
    0.299 * red + 0.587 * green + 0.114 * blue
}

/// What is seen of a pixel on white paper. The colours hold their share of alpha already.
fn on_white([red, green, blue, alpha]: Pixel) -> [f32; 3] {
    [red, green, blue].map(|colour| colour + (1.0 - alpha))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Pixel = [1.0, 0.0, 0.0, 1.0];
    const CLEAR: Pixel = [0.0; 4];
    const HALF_BLUE: Pixel = [0.0, 0.0, 0.5, 0.5];

    fn model(colour: Colour, mean: &[f32], deviation: &[f32], inverted: bool) -> Model {
        Model {
            name: String::new(),
            input: String::new(),
            width: 2,
            height: 1,
            colour,
            mean: mean.into(),
            deviation: deviation.into(),
            inverted,
            softmax: false,
        }
    }

    #[test]
    fn lays_channels_out_as_planes() {
        let plain = model(Colour::Rgb, &[0.0; 3], &[1.0; 3], false);
        assert_eq!(planes(&[RED, HALF_BLUE], &plain), [1.0, 0.5, 0.0, 0.5, 0.0, 1.0]);
    }

    #[test]
    fn shows_transparent_pixels_white() {
        let plain = model(Colour::Grey, &[0.0], &[1.0], false);
        assert_eq!(planes(&[CLEAR], &plain), [1.0]);
    }

    #[test]
    fn weighs_colours_as_bt_601() {
        let plain = model(Colour::Grey, &[0.0], &[1.0], false);
        assert_eq!(planes(&[RED], &plain), [0.299]);
    }

    #[test]
    fn inverts_before_it_normalises() {
        let inverted = model(Colour::Rgb, &[0.5, 0.25, 0.0], &[0.5, 0.25, 2.0], true);
        assert_eq!(planes(&[RED], &inverted), [-1.0, 3.0, 0.5]);
    }
}
