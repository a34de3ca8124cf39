//! From the bytes of an output to its best classes.

use crate::{Output, TensorType};

pub fn scores(output: &Output) -> Result<Vec<f32>, String> {
    let Output { ty, data } = output;
    match ty {
        TensorType::U8 => Ok(data.iter().copied().map(f32::from).collect()),
        TensorType::F32 => match data.as_chunks() {
            (scores, []) => Ok(scores.iter().copied().map(f32::from_le_bytes).collect()),
            _ => Err(format!("f32 takes 4 bytes a score, but {} bytes came", data.len())),
        },
        TensorType::F16 | TensorType::I32 => Err(format!("scores must be f32 or u8, and these are {ty:?}")),
    }
}

/// The five greatest scores and their classes, the greatest first; of equals the lower class first.
pub fn best(scores: &[f32]) -> Vec<(usize, f32)> {
    let mut ranked: Vec<_> = scores.iter().copied().enumerate().collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked.truncate(5);
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scores_of_either_type() {
        let scores = |ty, data: &[u8]| scores(&Output { ty, data: data.into() });
        assert_eq!(scores(TensorType::U8, &[0, 255]), Ok(vec![0.0, 255.0]));
        assert_eq!(scores(TensorType::F32, &[0, 0, 128, 63]), Ok(vec![1.0]));
        assert!(scores(TensorType::F32, &[0; 5]).is_err());
        assert!(scores(TensorType::I32, &[0; 4]).is_err());
    }

    #[test]
    fn ranks_the_five_best() {
        assert_eq!(best(&[0.5, -1.0, 2.0, 0.5]), [(2, 2.0), (0, 0.5), (3, 0.5), (1, -1.0)]);
        assert_eq!(best(&[0.0; 9]).len(), 5);
        assert_eq!(best(&[]), []);
    }
}
