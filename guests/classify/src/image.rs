//! Resizing an image as Pillow's BILINEAR does: a triangle filter that widens as the image shrinks, so that every pixel
//! counts and thin strokes neither vanish nor alias. Columns and rows go one after the other, which is far less work.

use crate::Image;

/// Red, green and blue times alpha, then alpha; each from 0 to 1. So mixed, a transparent pixel lends its neighbours
/// nothing of the colour that it hides.
pub type Pixel = [f32; 4];

/// What one pixel of the result takes along one axis: the pixels from `start` on, each with a weight; the sum is 1.
struct Window {
    start: usize,
    weights: Vec<f32>,
}

/// The image in another size, row by row from the top. No size may be zero, and the pixels must fill the image.
pub fn resize(image: &Image, width: u32, height: u32) -> Vec<Pixel> {
    let columns = windows(image.width, width);
    let rows = windows(image.height, height);
    let mut resized = vec![Pixel::default(); rows.len() * columns.len()];
    let mut first = 0;
    for (y, bytes) in image.pixels.chunks_exact(4 * image.width as usize).enumerate() {
        let row = resize_row(&premultiplied(bytes), &columns);
        while rows[first].end() <= y {
            first += 1;
        }
        // Each row of the image is added to the rows of the result that see it, and need not be kept.
        let targets = resized.chunks_exact_mut(columns.len()).zip(&rows).skip(first);
        for (target, window) in targets.take_while(|(_, window)| window.start <= y) {
            let weight = window.weights[y - window.start];
            target.iter_mut().zip(&row).for_each(|(sum, &pixel)| add(sum, pixel, weight));
        }
    }
    resized
}

fn resize_row(row: &[Pixel], columns: &[Window]) -> Vec<Pixel> {
    let seen_through = |window: &Window| {
        let mut sum = Pixel::default();
        let pixels = &row[window.start..window.end()];
        pixels.iter().zip(&window.weights).for_each(|(&pixel, &weight)| add(&mut sum, pixel, weight));
        sum
    };
    columns.iter().map(seen_through).collect()
}

fn premultiplied(bytes: &[u8]) -> Vec<Pixel> {
    let (pixels, _) = bytes.as_chunks::<4>();
    let premultiply = |&[red, green, blue, alpha]: &[u8; 4]| {
        let alpha = f32::from(alpha) / 255.0;
        let share = alpha / 255.0;
        [share * f32::from(red), share * f32::from(green), share * f32::from(blue), alpha]
    };
    pixels.iter().map(premultiply).collect()
}

fn add(sum: &mut Pixel, pixel: Pixel, weight: f32) {
    for channel in 0..4 {
        sum[channel] += weight * pixel[channel];
    }
}

/// The windows of an axis of `from` pixels that becomes one of `to` pixels. Their starts and ends never go back.
fn windows(from: u32, to: u32) -> Vec<Window> {
    let scale = f64::from(from) / f64::from(to);
    (0..to).map(|index| Window::around((f64::from(index) + 0.5) * scale, scale.max(1.0), from)).collect()
}

impl Window {
    /// A triangle that falls from 1 at `centre` to 0 at `reach` pixels on either side, cut off at the ends of the axis.
    fn around(centre: f64, reach: f64, axis: u32) -> Self {
        // Casting cuts off what is below zero.
        let start = (centre - reach + 0.5) as u32;
        let end = ((centre + reach + 0.5) as u32).min(axis);
        let height = |index: u32| (1.0 - ((f64::from(index) + 0.5 - centre) / reach).abs()).max(0.0);
        let sum: f64 = (start..end).map(height).sum();
        Self { start: start as usize, weights: (start..end).map(|index| (height(index) / sum) as f32).collect() }
    }

    fn end(&self) -> usize {
        self.start + self.weights.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn greys(width: u32, height: u32, greys: &[u8]) -> Image {
        Image { width, height, pixels: greys.iter().flat_map(|&grey| [grey, grey, grey, 255]).collect() }
    }

    fn reds(pixels: &[Pixel]) -> Vec<f32> {
        pixels.iter().map(|pixel| 255.0 * pixel[0]).collect()
    }

    fn assert_close(left: &[f32], right: &[f32]) {
        assert_eq!(left.len(), right.len());
        let close = left.iter().zip(right).all(|(left, right)| (left - right).abs() < 1e-3);
        assert!(close, "{left:?} is not {right:?}");
    }

    #[test]
    fn leaves_the_size_that_fits() {
        let image = greys(3, 2, &[0, 50, 100, 150, 200, 250]);
        assert_close(&reds(&resize(&image, 3, 2)), &[0.0, 50.0, 100.0, 150.0, 200.0, 250.0]);
    }

    #[test]
    fn lets_every_pixel_count_when_shrinking() {
        let mut stroke = [0; 100];
        stroke[52] = 200;
        let shrunk = reds(&resize(&greys(100, 1, &stroke), 10, 1));
        assert_close(&shrunk[3..7], &[0.0, 5.0, 15.0, 0.0]);
    }

    #[test]
    fn interpolates_when_growing() {
        assert_close(&reds(&resize(&greys(2, 1, &[0, 200]), 4, 1)), &[0.0, 50.0, 150.0, 200.0]);
        assert_close(&reds(&resize(&greys(1, 2, &[0, 200]), 1, 4)), &[0.0, 50.0, 150.0, 200.0]);
    }

    #[test]
    fn shrinks_one_axis_and_grows_the_other() {
        let resized = reds(&resize(&greys(4, 1, &[0, 100, 100, 200]), 2, 3));
        assert_close(&resized[..2], &[400.0 / 7.0, 1000.0 / 7.0]);
        assert_close(&resized[4..], &resized[..2]);
    }

    #[test]
    fn takes_no_colour_from_transparent_pixels() {
        let image = Image { width: 2, height: 1, pixels: vec![255, 0, 0, 0, 0, 0, 255, 255] };
        assert_eq!(resize(&image, 1, 1), [[0.0, 0.0, 0.5, 0.5]]);
    }

    #[test]
    fn weighs_to_one_whatever_the_sizes() {
        for (from, to) in [(1, 1), (1, 7), (7, 1), (2, 3), (3, 2), (280, 28), (1000, 224), (224, 1000), (65_537, 3)] {
            let windows = windows(from, to);
            let sums: Vec<f32> = windows.iter().map(|window| window.weights.iter().sum()).collect();
            assert_close(&sums, &vec![1.0; to as usize]);
            assert!(windows.is_sorted_by_key(|window| window.start) && windows.is_sorted_by_key(Window::end));
            assert_eq!((windows[0].start, windows[windows.len() - 1].end()), (0, from as usize));
        }
    }
}
