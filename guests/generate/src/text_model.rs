//! A language model of the host, by the functions of WasmEdge. They take addresses and answer with a number: 0 for success.

use std::ptr;

mod nn {
    #[link(wasm_import_module = "wasi_ephemeral_nn")]
    unsafe extern "C" {
        pub fn load_by_name_with_config(name: usize, length: usize, config: usize, size: usize, graph: usize) -> u32;
        pub fn init_execution_context(graph: u32, context: usize) -> u32;
        pub fn set_input(context: u32, index: u32, tensor: usize) -> u32;
        pub fn compute(context: u32) -> u32;
        pub fn get_output(context: u32, index: u32, buffer: usize, length: usize, written: usize) -> u32;
    }
}

/// The number for a context that is full: the text ends there.
const CONTEXT_FULL: u32 = 101;

/// The type of a tensor of bytes.
const U8: usize = 3;

/// The most bytes that a text may have.
const TEXT_ROOM: usize = 1 << 20;

/// A model with an execution context, in which one text is written.
pub struct TextModel {
    context: u32,
}

impl TextModel {
    pub fn load(name: &str, settings: &str) -> Result<Self, String> {
        let (mut graph, mut context) = (0_u32, 0_u32);
        let (at_name, at_settings) = (name.as_ptr().addr(), settings.as_ptr().addr());
        // SAFETY: the host reads the two texts, and writes one word each time.
        unsafe {
            let place = ptr::from_mut(&mut graph).expose_provenance();
            let errno = nn::load_by_name_with_config(at_name, name.len(), at_settings, settings.len(), place);
            check("load_by_name_with_config", errno)?;
            let place = ptr::from_mut(&mut context).expose_provenance();
            check("init_execution_context", nn::init_execution_context(graph, place))?;
        }
        Ok(Self { context })
    }

    pub fn set_prompt(&self, prompt: &str) -> Result<(), String> {
        let dimensions = [1_u32];
        // A tensor as the host reads it: dimensions, their number, type, data, length.
        let tensor = [dimensions.as_ptr().addr(), 1, U8, prompt.as_ptr().addr(), prompt.len()];
        // SAFETY: the host reads the tensor and what it points to.
        check("set_input", unsafe { nn::set_input(self.context, 0, tensor.as_ptr().expose_provenance()) })
    }

    /// Writes the text to its end.
    pub fn write(&self) -> Result<(), String> {
        // SAFETY: it takes a number.
        let errno = unsafe { nn::compute(self.context) };
        if errno == CONTEXT_FULL { Ok(()) } else { check("compute", errno) }
    }

    /// The text that was written.
    pub fn text(&self) -> Result<Vec<u8>, String> {
        let mut text = vec![0_u8; TEXT_ROOM];
        let mut written = 0_u32;
        let buffer = text.as_mut_ptr().expose_provenance();
        let place = ptr::from_mut(&mut written).expose_provenance();
        // SAFETY: the host writes to the buffer, which is as long as it says, and one word.
        let errno = unsafe { nn::get_output(self.context, 0, buffer, text.len(), place) };
        check("get_output", errno)?;
        text.truncate(written as usize);
        Ok(text)
    }
}

fn check(function: &str, errno: u32) -> Result<(), String> {
    if errno == 0 { Ok(()) } else { Err(format!("{function} answered {errno}")) }
}
