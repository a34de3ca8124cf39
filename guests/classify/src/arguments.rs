//! What a caller may get wrong, said in words before anything is computed.

use crate::{Colour, Failure, Image, Model};

/// In pixels; more than image classifiers read, and little enough for a guest's memory.
const LONGEST_INPUT_SIDE: u32 = 2048;

/// Refuses what cannot be turned into a model's input.
pub fn check(image: &Image, model: &Model) -> Result<(), Failure> {
    check_image(image)?;
    check_size(model)?;
    let channels = match model.colour {
        Colour::Grey => 1,
        Colour::Rgb => 3,
    };
    check_values("mean", &model.mean, channels)?;
    check_values("deviation", &model.deviation, channels)?;
    match model.deviation.iter().position(|&value| value == 0.0) {
        Some(channel) => refuse(format!("no deviation may be zero; that of channel {channel} is")),
        None => Ok(()),
    }
}

fn check_image(image: &Image) -> Result<(), Failure> {
    let Image { width, height, pixels } = image;
    if *width == 0 || *height == 0 {
        return refuse(format!("the image must have pixels; its size is {width}x{height}"));
    }
    // No product of two u32 overflows u64, but four times one may.
    let bytes = (u64::from(*width) * u64::from(*height)).saturating_mul(4);
    if pixels.len() as u64 != bytes {
        let came = pixels.len();
        return refuse(format!("an image of {width}x{height} has {bytes} bytes of pixels; {came} came"));
    }
    Ok(())
}

fn check_size(model: &Model) -> Result<(), Failure> {
    let Model { width, height, .. } = model;
    let sides = 1..=LONGEST_INPUT_SIDE;
    if sides.contains(width) && sides.contains(height) {
        return Ok(());
    }
    let limits = format!("each side of the model's input must have 1 to {LONGEST_INPUT_SIDE} pixels");
    refuse(format!("{limits}; its size is {width}x{height}"))
}

fn check_values(what: &str, values: &[f32], channels: usize) -> Result<(), Failure> {
    if values.len() != channels {
        let came = values.len();
        return refuse(format!("the {what} must have {channels} value(s), one for each channel; {came} came"));
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(channel) => refuse(format!("the {what} must be finite; that of channel {channel} is not")),
        None => Ok(()),
    }
}

fn refuse(text: String) -> Result<(), Failure> {
    Err(Failure::invalid(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32, bytes: usize) -> Image {
        Image { width, height, pixels: vec![0; bytes] }
    }

    fn model() -> Model {
        Model {
            name: "digits".into(),
            input: "image".into(),
            width: 28,
            height: 28,
            colour: Colour::Grey,
            mean: vec![0.0],
            deviation: vec![1.0],
            inverted: false,
            softmax: true,
        }
    }

    fn refusal(image: &Image, model: &Model) -> String {
        check(image, model).expect_err("must be refused").text
    }

    #[test]
    fn accepts_what_fits() {
        assert!(check(&image(2, 3, 24), &model()).is_ok());
        let colours = Model { colour: Colour::Rgb, mean: vec![0.5; 3], deviation: vec![-0.5; 3], ..model() };
        assert!(check(&image(2, 3, 24), &colours).is_ok());
    }

    #[test]
    fn refuses_pixels_that_do_not_fill_the_image() {
        assert_eq!(refusal(&image(2, 3, 23), &model()), "an image of 2x3 has 24 bytes of pixels; 23 came");
        assert_eq!(refusal(&image(0, 3, 0), &model()), "the image must have pixels; its size is 0x3");
    }

    #[test]
    fn multiplies_the_greatest_sizes_without_overflow() {
        assert!(refusal(&image(u32::MAX, u32::MAX, 4), &model()).contains("has 18446744073709551615 bytes"));
        assert!(refusal(&image(1 << 16, 1 << 14, 0), &model()).contains("has 4294967296 bytes"));
    }

    #[test]
    fn refuses_inputs_that_are_empty_or_absurd() {
        let sized = |width, height| refusal(&image(1, 1, 4), &Model { width, height, ..model() });
        assert_eq!(sized(0, 28), "each side of the model's input must have 1 to 2048 pixels; its size is 0x28");
        assert!(sized(28, 2049).ends_with("its size is 28x2049"));
        assert!(sized(u32::MAX, u32::MAX).ends_with("its size is 4294967295x4294967295"));
    }

    #[test]
    fn refuses_means_and_deviations_that_do_not_fit_the_channels() {
        let with = |mean: &[f32], deviation: &[f32]| {
            refusal(&image(1, 1, 4), &Model { mean: mean.into(), deviation: deviation.into(), ..model() })
        };
        assert_eq!(with(&[], &[1.0]), "the mean must have 1 value(s), one for each channel; 0 came");
        assert_eq!(with(&[f32::NAN], &[1.0]), "the mean must be finite; that of channel 0 is not");
        assert!(with(&[0.0], &[1.0; 3]).starts_with("the deviation must have 1 value(s)"));
        assert!(with(&[0.0], &[f32::INFINITY]).starts_with("the deviation must be finite"));
        assert_eq!(with(&[0.0], &[-0.0]), "no deviation may be zero; that of channel 0 is");
    }
}
