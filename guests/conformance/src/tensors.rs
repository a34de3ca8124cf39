//! The tensors that the cases are made with.

use crate::api::{Type, Value};

const MEBIBYTE: usize = 1 << 20;

/// A shape of each rank and size, by its name.
pub struct Shape {
    pub name: String,
    pub dimensions: Vec<u32>,
}

impl Value {
    /// A tensor whose bytes differ from those of its neighbours, of other types and other seeds.
    pub fn patterned(ty: Type, dimensions: &[u32], seed: u32) -> Self {
        let length = dimensions.iter().map(|&length| length as usize).product::<usize>() * ty.width();
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(ty as u32 + 1);
        let data = (0..length)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        Self { ty, dimensions: dimensions.to_vec(), data }
    }
}

/// Shapes of ranks 0 to 5: without elements, with one, and with odd lengths.
pub fn small_shapes() -> Vec<Shape> {
    let mut shapes = vec![Shape { name: "rank-0".into(), dimensions: Vec::new() }];
    for rank in 1..=5 {
        let mut empty: Vec<u32> = (1..=rank).collect();
        empty[rank as usize / 2] = 0;
        let odd = (0..rank).map(|axis| [3, 1, 5, 7, 1][axis as usize]).collect();
        for (size, dimensions) in [("zero", empty), ("one", vec![1; rank as usize]), ("odd", odd)] {
            shapes.push(Shape { name: format!("rank-{rank}/{size}"), dimensions });
        }
    }
    shapes
}

/// Shapes of ranks 1 to 5 that make a mebibyte of elements of this type.
pub fn mebibyte_shapes(ty: Type) -> Vec<Shape> {
    (1..=5)
        .map(|rank| {
            let mut dimensions = vec![2; rank];
            dimensions[rank - 1] = ((MEBIBYTE / ty.width()) >> (rank - 1)) as u32;
            Shape { name: format!("rank-{rank}/1MiB"), dimensions }
        })
        .collect()
}

pub fn large_shape(ty: Type) -> Shape {
    Shape { name: "rank-1/16MiB".into(), dimensions: vec![(16 * MEBIBYTE / ty.width()) as u32] }
}
