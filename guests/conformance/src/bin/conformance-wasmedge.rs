//! What WasmEdge adds to `wasi_ephemeral_nn`. The functions of the standard itself are tested by `conformance-witx`.

use std::process::ExitCode;

use conformance::api::{Code, Type, Value, expect_failure};
use conformance::core_module::{at, check, out, written};
use conformance::{Case, Check, wasmedge};

mod nn {
    #[link(wasm_import_module = "wasi_ephemeral_nn")]
    unsafe extern "C" {
        pub fn load_by_name(name: usize, length: usize, graph: usize) -> u32;
        pub fn load_by_name_with_config(name: usize, length: usize, config: usize, size: usize, graph: usize) -> u32;
        pub fn init_execution_context(graph: u32, context: usize) -> u32;
        pub fn set_input(context: u32, index: u32, tensor: usize) -> u32;
        pub fn compute(context: u32) -> u32;
        pub fn get_output(context: u32, index: u32, buffer: usize, length: usize, written: usize) -> u32;
        pub fn compute_single(context: u32) -> u32;
        pub fn get_output_single(context: u32, index: u32, buffer: usize, length: usize, written: usize) -> u32;
        pub fn fini_single(context: u32) -> u32;
        pub fn finalize_execution_context(context: u32) -> u32;
        pub fn unload(graph: u32) -> u32;
    }
}

/// An absent handle, so that what follows fails.
const NONE: u32 = 123_456;

fn main() -> ExitCode {
    conformance::main(vec![
        refused("unload/unknown-graph", Code::InvalidArgument, || unsafe { nn::unload(NONE) }),
        Case::once("unload/once", || Ok(check(unsafe { nn::unload(graph()) })?)).loads("echo"),
        refused("unload/twice", Code::InvalidArgument, || {
            let graph = graph();
            unsafe { nn::unload(graph) };
            unsafe { nn::unload(graph) }
        })
        .loads("echo"),
        refused("unload/no-context-afterwards", Code::InvalidArgument, || {
            let graph = graph();
            unsafe { nn::unload(graph) };
            unsafe { nn::init_execution_context(graph, at(&*out())) }
        })
        .loads("echo"),
        refused("unload/no-compute-afterwards", Code::InvalidArgument, || {
            let graph = graph();
            let context = context(graph);
            unsafe { nn::unload(graph) };
            unsafe { nn::compute(context) }
        })
        .loads("echo"),
        Case::once("unload/outputs-stay", || {
            let graph = graph();
            let context = context(graph);
            set(context);
            check(unsafe { nn::compute(context) })?;
            check(unsafe { nn::unload(graph) })?;
            got(context, nn::get_output)
        })
        .loads("echo"),
        Case::once("unload/others-stay", || {
            let (first, second) = (graph(), graph());
            check(unsafe { nn::unload(first) })?;
            let context = context(second);
            set(context);
            check(unsafe { nn::compute(context) })?;
            got(context, nn::get_output)
        })
        .loads("echo"),
        refused("finalize/unknown-context", Code::InvalidArgument, || unsafe { nn::finalize_execution_context(NONE) }),
        Case::once("finalize/once", || Ok(check(unsafe { nn::finalize_execution_context(context(graph())) })?))
            .loads("echo"),
        refused("finalize/twice", Code::InvalidArgument, || {
            let context = context(graph());
            unsafe { nn::finalize_execution_context(context) };
            unsafe { nn::finalize_execution_context(context) }
        })
        .loads("echo"),
        refused("finalize/no-compute-afterwards", Code::InvalidArgument, || {
            let context = context(graph());
            unsafe { nn::finalize_execution_context(context) };
            unsafe { nn::compute(context) }
        })
        .loads("echo"),
        Case::once("single/computes", || {
            let context = context(graph());
            set(context);
            check(unsafe { nn::compute_single(context) })?;
            got(context, nn::get_output_single)
        })
        .loads("echo"),
        refused("single/unknown-context", Code::InvalidArgument, || unsafe { nn::compute_single(NONE) }),
        refused("single/no-output-after-the-end", Code::RuntimeError, || {
            let context = context(graph());
            set(context);
            unsafe { nn::compute_single(context) };
            unsafe { nn::fini_single(context) };
            let buffer = [0_u8; 8];
            unsafe { nn::get_output_single(context, 0, at(&buffer), 8, at(&*out())) }
        })
        .loads("echo"),
        refused("single/no-end-of-no-context", Code::InvalidArgument, || unsafe { nn::fini_single(NONE) }),
        Case::once("configuration/json", || configured(b"{\"n-predict\": 10}")).loads("echo"),
        Case::once("configuration/empty", || configured(b"")).loads("echo"),
        refused("configuration/not-utf-8", Code::InvalidArgument, || with_configuration("echo", &[0xff, 0xfe]))
            .loads("echo"),
        // WasmEdge has another number for this than for `load_by_name`.
        refused("configuration/unknown-name", Code::NotFound, || match with_configuration("nobody", b"{}") {
            103 => 8,
            _ => 5,
        }),
    ])
}

fn refused(id: &str, code: Code, call: fn() -> u32) -> Case {
    Case::refused(id, wasmedge(code), move |code| expect_failure(check(call()), code))
}

fn graph() -> u32 {
    let name = "echo";
    let graph = out();
    unsafe { nn::load_by_name(name.as_ptr().addr(), name.len(), at(&*graph)) };
    written(&graph)
}

fn context(graph: u32) -> u32 {
    let context = out();
    unsafe { nn::init_execution_context(graph, at(&*context)) };
    written(&context)
}

fn expected() -> Value {
    Value::patterned(Type::U8, &[3], 1)
}

/// Sets three bytes, laid out as a tensor: dimensions, their number, type, data, length.
fn set(context: u32) {
    let Value { dimensions, data, .. } = expected();
    let tensor = [dimensions.as_ptr().addr(), 1, 3, data.as_ptr().addr(), data.len()];
    unsafe { nn::set_input(context, 0, at(&tensor)) };
}

type GetOutput = unsafe extern "C" fn(u32, u32, usize, usize, usize) -> u32;

fn got(context: u32, get_output: GetOutput) -> Check {
    let mut data = vec![0_u8; 8];
    let place = out();
    check(unsafe { get_output(context, 0, data.as_mut_ptr().addr(), data.len(), at(&*place)) })?;
    data.truncate(written(&place) as usize);
    if data == expected().data { Ok(()) } else { Err(format!("{data:?} came")) }
}

fn with_configuration(name: &str, configuration: &[u8]) -> u32 {
    let (at_name, at_configuration) = (name.as_ptr().addr(), configuration.as_ptr().addr());
    unsafe { nn::load_by_name_with_config(at_name, name.len(), at_configuration, configuration.len(), at(&*out())) }
}

fn configured(configuration: &[u8]) -> Check {
    Ok(check(with_configuration("echo", configuration))?)
}
