//! From scores to guesses.

use crate::{ErrorCode, Failure, Guess};

/// Turns logits into probabilities. Only differences count, so the greatest becomes 0 and no power overflows.
pub fn softmax(scores: &mut [f32]) {
    let greatest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|score| *score = (*score - greatest).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// The `count` most probable classes, the most probable first; of equals the lower class first.
pub fn top(probabilities: &[f32], count: u32) -> Result<Vec<Guess>, Failure> {
    if let Some(class) = probabilities.iter().position(|probability| probability.is_nan()) {
        let text = format!("the model's scores give class {class} a probability that is not a number");
        return Err(Failure { code: ErrorCode::RuntimeError, text });
    }
    let mut guesses: Vec<Guess> =
        (0..).zip(probabilities).map(|(class, &probability)| Guess { class, probability }).collect();
    guesses.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    guesses.truncate(count as usize);
    Ok(guesses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn softmax_of(mut scores: Vec<f32>) -> Vec<f32> {
        softmax(&mut scores);
        scores
    }

    fn classes(probabilities: &[f32], count: u32) -> Vec<u32> {
        top(probabilities, count).expect("numbers").into_iter().map(|guess| guess.class).collect()
    }

    #[test]
    fn softmax_makes_probabilities() {
        assert_eq!(softmax_of(vec![3.0; 4]), [0.25; 4]);
        let [low, high] = softmax_of(vec![0.0, 3f32.ln()])[..] else { panic!("two scores") };
        assert!((low - 0.25).abs() < 1e-6 && (high - 0.75).abs() < 1e-6);
    }

    #[test]
    fn softmax_survives_great_scores() {
        assert_eq!(softmax_of(vec![1e38, 1e38]), [0.5, 0.5]);
        assert_eq!(softmax_of(vec![-1e38, f32::NEG_INFINITY]), [1.0, 0.0]);
        assert_eq!(softmax_of(vec![]), []);
    }

    #[test]
    fn top_ranks_and_keeps_the_order_of_equals() {
        assert_eq!(classes(&[0.1, 0.4, 0.1, 0.4], 3), [1, 3, 0]);
        assert_eq!(classes(&[0.1, 0.9], 0), []);
        assert_eq!(classes(&[0.1, 0.9], u32::MAX), [1, 0]);
    }

    #[test]
    fn top_refuses_what_is_not_a_number() {
        for scores in [vec![0.0, f32::NAN], vec![f32::INFINITY, 0.0], vec![f32::NEG_INFINITY; 2]] {
            assert!(top(&softmax_of(scores), 1).is_err_and(|failure| failure.code == ErrorCode::RuntimeError));
        }
    }
}
