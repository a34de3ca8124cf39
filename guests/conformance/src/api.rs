//! What the cases need of wasi-nn, whichever ABI it is reached through.

use std::fmt;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    Fp16,
    Fp32,
    Fp64,
    Bf16,
    U8,
    I32,
    I64,
}

impl Type {
    pub const ALL: [Self; 7] = [Self::Fp16, Self::Fp32, Self::Fp64, Self::Bf16, Self::U8, Self::I32, Self::I64];

    /// As WIT spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp16 => "FP16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
            Self::Bf16 => "BF16",
            Self::U8 => "U8",
            Self::I32 => "I32",
            Self::I64 => "I64",
        }
    }

    /// The width of an element, in bytes.
    pub fn width(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::Fp16 | Self::Bf16 => 2,
            Self::Fp32 | Self::I32 => 4,
            Self::Fp64 | Self::I64 => 8,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Openvino,
    Onnx,
    Tensorflow,
    Pytorch,
    Tensorflowlite,
    Autodetect,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Cpu,
    Gpu,
    Tpu,
}

impl Target {
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "cpu" => Some(Self::Cpu),
            "gpu" => Some(Self::Gpu),
            "tpu" => Some(Self::Tpu),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Tpu => "tpu",
        }
    }
}

/// The kinds of failure that every ABI can tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    InvalidArgument,
    InvalidEncoding,
    RuntimeError,
    UnsupportedOperation,
    TooLarge,
    NotFound,
    Other,
}

impl Code {
    /// As WIT spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid-argument",
            Self::InvalidEncoding => "invalid-encoding",
            Self::RuntimeError => "runtime-error",
            Self::UnsupportedOperation => "unsupported-operation",
            Self::TooLarge => "too-large",
            Self::NotFound => "not-found",
            Self::Other => "unknown",
        }
    }
}

/// What went wrong: the code, and the text where the ABI has one.
pub struct Failure {
    pub code: Code,
    pub text: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {}", self.code, self.text.as_deref().unwrap_or_default())
    }
}

impl From<Failure> for String {
    fn from(failure: Failure) -> Self {
        format!("met {failure}")
    }
}

/// A tensor by value.
#[derive(Clone, PartialEq)]
pub struct Value {
    pub ty: Type,
    pub dimensions: Vec<u32>,
    pub data: Vec<u8>,
}

/// What came out of a computation, as far as the ABI tells.
pub struct Output {
    pub name: Option<String>,
    pub ty: Option<Type>,
    pub dimensions: Option<Vec<u32>>,
    pub data: Vec<u8>,
}

/// wasi-nn through one ABI.
pub trait Api: 'static {
    type Graph;
    type Context;

    /// Whether inputs and outputs are called by names. Where not, they are numbered in the order of the lists here.
    const HAS_NAMES: bool;
    /// Whether a tensor comes with the number of its bytes, which may be wrong.
    const HAS_LENGTHS: bool;
    const TYPES: &'static [Type];

    fn load(parts: &[&[u8]], encoding: Encoding, target: Target) -> Result<Self::Graph, Failure>;
    fn load_by_name(name: &str) -> Result<Self::Graph, Failure>;
    fn context(graph: &Self::Graph) -> Result<Self::Context, Failure>;

    /// Computes on these inputs and no others.
    ///
    /// `outputs`: those to get, with the bytes that each will have
    fn compute(
        context: &Self::Context,
        inputs: &[(&str, &Value)],
        outputs: &[(&str, usize)],
    ) -> Result<Vec<Output>, Failure>;
}

/// What is wrong with the bytes of an output, if anything is.
type Compare = fn(&Value, &[u8]) -> Result<(), String>;

/// Computes, and compares all that comes out with what should.
pub fn expect<A: Api>(
    context: &A::Context,
    inputs: &[(&str, &Value)],
    expected: &[(&str, &Value)],
) -> Result<(), String> {
    expect_by::<A>(context, inputs, expected, same)
}

/// Computes, and compares all that comes out with what should, its bytes by a rule of the caller's.
pub fn expect_by<A: Api>(
    context: &A::Context,
    inputs: &[(&str, &Value)],
    expected: &[(&str, &Value)],
    compare: Compare,
) -> Result<(), String> {
    let wanted: Vec<_> = expected.iter().map(|(name, value)| (*name, value.data.len())).collect();
    let outputs = A::compute(context, inputs, &wanted)?;
    if outputs.len() != expected.len() {
        return Err(format!("{} outputs came in place of {}", outputs.len(), expected.len()));
    }
    outputs.iter().zip(expected).try_for_each(|(output, (name, value))| {
        is_as(output, name, value)?;
        compare(value, &output.data)
    })
}

fn is_as(output: &Output, name: &str, value: &Value) -> Result<(), String> {
    if output.name.as_deref().is_some_and(|given| given != name) {
        return Err(format!("the output {:?} came in place of {name:?}", output.name));
    }
    if output.ty.is_some_and(|given| given != value.ty) {
        return Err(format!("{:?} came in place of {:?}", output.ty, value.ty));
    }
    if output.dimensions.as_ref().is_some_and(|given| *given != value.dimensions) {
        return Err(format!("the shape {:?} came in place of {:?}", output.dimensions, value.dimensions));
    }
    if output.data.len() != value.data.len() {
        return Err(format!("{} bytes came in place of {}", output.data.len(), value.data.len()));
    }
    Ok(())
}

fn same(value: &Value, data: &[u8]) -> Result<(), String> {
    match data.iter().zip(&value.data).position(|(came, expected)| came != expected) {
        Some(at) => Err(format!("byte {at} is {}, not {}", data[at], value.data[at])),
        None => Ok(()),
    }
}

/// Numbers with a point may differ as they do between runtimes; all others must be the same.
pub fn close(value: &Value, data: &[u8]) -> Result<(), String> {
    let (Some(came), Some(expected)) = (numbers(value.ty, data), numbers(value.ty, &value.data)) else {
        return same(value, data);
    };
    let is_close = |came: f64, expected: f64| {
        came == expected
            || (came.is_nan() && expected.is_nan())
            || (came - expected).abs() <= 1e-5 + 1e-3 * expected.abs()
    };
    match came.iter().zip(&expected).position(|(&came, &expected)| !is_close(came, expected)) {
        Some(at) => Err(format!("number {at} is {}, not {}", came[at], expected[at])),
        None => Ok(()),
    }
}

/// The numbers of a type that has a point.
fn numbers(ty: Type, data: &[u8]) -> Option<Vec<f64>> {
    match ty {
        Type::Fp16 => Some(data.as_chunks().0.iter().map(|&bytes| half(u16::from_le_bytes(bytes))).collect()),
        Type::Fp32 => Some(data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes).into()).collect()),
        Type::Fp64 => Some(data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect()),
        _ => None,
    }
}

fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}

/// Checks that something failed, and in the way that it should.
pub fn expect_failure<T>(result: Result<T, Failure>, code: Code) -> Result<(), String> {
    match result {
        Ok(_) => Err(format!("it succeeded, but {code:?} was expected")),
        Err(failure) if failure.code == code => match failure.text {
            Some(text) if text.is_empty() => Err("the error has no text".into()),
            _ => Ok(()),
        },
        Err(failure) => Err(format!("{failure} came in place of {code:?}")),
    }
}
