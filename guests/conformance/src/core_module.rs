//! What the ABIs of core modules have in common: errors are numbers, and the host writes into the guest's memory.

use std::ptr;

use crate::api::{Code, Encoding, Failure};

/// A word for the host to write to.
#[must_use]
pub fn out() -> Box<u32> {
    Box::new(u32::MAX)
}

/// Where something is, as a number that may also be made up.
pub fn at<T>(place: &T) -> usize {
    ptr::from_ref(place).addr()
}

/// What the host wrote, of which the compiler does not know.
#[must_use]
pub fn written(place: &u32) -> u32 {
    // SAFETY: a reference is valid to read from.
    unsafe { ptr::from_ref(place).read_volatile() }
}

/// The failure that the result of a function stands for.
pub fn check(errno: u32) -> Result<(), Failure> {
    let code = match errno {
        0 => return Ok(()),
        1 => Code::InvalidArgument,
        2 => Code::InvalidEncoding,
        5 => Code::RuntimeError,
        6 => Code::UnsupportedOperation,
        7 => Code::TooLarge,
        8 => Code::NotFound,
        _ => Code::Other,
    };
    Err(Failure { code, text: None })
}

#[must_use]
pub fn encoding_number(encoding: Encoding) -> u32 {
    match encoding {
        Encoding::Openvino => 0,
        Encoding::Onnx => 1,
        Encoding::Tensorflow => 2,
        Encoding::Pytorch => 3,
        Encoding::Tensorflowlite => 4,
        Encoding::Autodetect => 5,
    }
}
