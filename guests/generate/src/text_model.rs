//! A language model of the host, by the functions of WasmEdge. They take addresses and answer with a number: 0 for success.

use std::ptr;

mod nn {
    #[link(wasm_import_module = "wasi_ephemeral_nn")]
    unsafe extern "C" {
        pub fn load_by_name_with_config(name: usize, length: usize, config: usize, size: usize, graph: usize) -> u32;
        pub fn init_execution_context(graph: u32, context: usize) -> u32;
        pub fn set_input(context: u32, index: u32, tensor: usize) -> u32;
        pub fn compute_single(context: u32) -> u32;
        pub fn get_output_single(context: u32, index: u32, buffer: usize, length: usize, written: usize) -> u32;
    }
}

/// The number of `compute_single` for a text that has ended.
const END_OF_TEXT: u32 = 100;
/// The number for a context that is full: the text ends there too.
const CONTEXT_FULL: u32 = 101;

/// The type of a tensor of bytes.
const U8: usize = 3;

/// The most bytes that one token may have.
const TOKEN_ROOM: usize = 1024;

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

    /// The next token as text, or nothing where the text has ended.
    pub fn next_token(&self) -> Result<Option<Vec<u8>>, String> {
        // SAFETY: it takes a number.
        let errno = unsafe { nn::compute_single(self.context) };
        if errno == END_OF_TEXT || errno == CONTEXT_FULL {
            return Ok(None);
        }
        check("compute_single", errno)?;
        let mut token = vec![0_u8; TOKEN_ROOM];
        let mut written = 0_u32;
        let buffer = token.as_mut_ptr().expose_provenance();
        let place = ptr::from_mut(&mut written).expose_provenance();
        // SAFETY: the host writes to the buffer, which is as long as it says, and one word.
        let errno = unsafe { nn::get_output_single(self.context, 0, buffer, token.len(), place) };
        check("get_output_single", errno)?;
        token.truncate(written as usize);
        Ok(Some(token))
    }
}

fn check(function: &str, errno: u32) -> Result<(), String> {
    if errno == 0 { Ok(()) } else { Err(format!("{function} answered {errno}")) }
}
