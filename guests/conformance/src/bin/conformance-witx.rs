//! The suite as a core module: `wasi_ephemeral_nn`, wasi-nn.witx of preview 1.

use std::process::ExitCode;
use std::ptr;

use conformance::api::{Api, Code, Encoding, Failure, Output, Target, Type, Value, expect, expect_failure};
use conformance::core_module::{at, check, encoding_number, out, written};
use conformance::{Case, Check, ExpectedError, cases, ours, standard};

/// The functions as the host sees them: pointers as they are, so that cases can pass what no pointer is.
mod nn {
    #[link(wasm_import_module = "wasi_ephemeral_nn")]
    unsafe extern "C" {
        pub fn load(builders: usize, count: usize, encoding: u32, target: u32, graph: usize) -> u32;
        pub fn load_by_name(name: usize, length: usize, graph: usize) -> u32;
        pub fn init_execution_context(graph: u32, context: usize) -> u32;
        pub fn set_input(context: u32, index: u32, tensor: usize) -> u32;
        pub fn compute(context: u32) -> u32;
        pub fn get_output(context: u32, index: u32, buffer: usize, length: usize, written: usize) -> u32;
    }
}

/// An element of the builder array.
#[repr(C)]
struct Builder {
    data: usize,
    length: usize,
}

#[repr(C)]
struct Tensor {
    dimensions: usize,
    rank: usize,
    ty: u8,
    data: usize,
    length: usize,
}

struct Witx;

fn type_number(ty: Type) -> u8 {
    match ty {
        Type::Fp16 => 0,
        Type::Fp32 => 1,
        Type::Fp64 => 2,
        Type::U8 => 3,
        Type::I32 => 4,
        Type::I64 => 5,
        Type::Bf16 => u8::MAX,
    }
}

impl Api for Witx {
    type Graph = u32;
    type Context = u32;

    const HAS_NAMES: bool = false;
    const HAS_LENGTHS: bool = true;
    const TYPES: &'static [Type] = &[Type::Fp16, Type::Fp32, Type::Fp64, Type::U8, Type::I32, Type::I64];

    fn load(parts: &[&[u8]], encoding: Encoding, target: Target) -> Result<u32, Failure> {
        let builders: Vec<_> =
            parts.iter().map(|part| Builder { data: part.as_ptr().addr(), length: part.len() }).collect();
        let graph = out();
        let (array, count) = (builders.as_ptr().addr(), builders.len());
        check(unsafe { nn::load(array, count, encoding_number(encoding), target as u32, at(&*graph)) })?;
        Ok(written(&graph))
    }

    fn load_by_name(name: &str) -> Result<u32, Failure> {
        let graph = out();
        check(unsafe { nn::load_by_name(name.as_ptr().addr(), name.len(), at(&*graph)) })?;
        Ok(written(&graph))
    }

    fn context(graph: &u32) -> Result<u32, Failure> {
        let context = out();
        check(unsafe { nn::init_execution_context(*graph, at(&*context)) })?;
        Ok(written(&context))
    }

    fn compute(context: &u32, inputs: &[(&str, &Value)], outputs: &[(&str, usize)]) -> Result<Vec<Output>, Failure> {
        for ((_, value), index) in inputs.iter().zip(0..) {
            set_input(*context, index, value)?;
        }
        check(unsafe { nn::compute(*context) })?;
        outputs.iter().zip(0..).map(|((_, length), index)| get_output(*context, index, *length)).collect()
    }
}

fn set_input(context: u32, index: u32, value: &Value) -> Result<(), Failure> {
    check(set_value(context, index, value))
}

fn set_value(context: u32, index: u32, value: &Value) -> u32 {
    let tensor = Tensor {
        dimensions: value.dimensions.as_ptr().addr(),
        rank: value.dimensions.len(),
        ty: type_number(value.ty),
        data: value.data.as_ptr().addr(),
        length: value.data.len(),
    };
    unsafe { nn::set_input(context, index, at(&tensor)) }
}

fn get_output(context: u32, index: u32, length: usize) -> Result<Output, Failure> {
    let mut data = vec![0xa5_u8; length + 4];
    let place = out();
    check(unsafe { nn::get_output(context, index, data.as_mut_ptr().addr(), data.len(), at(&*place)) })?;
    data.truncate(written(&place) as usize);
    Ok(Output { name: None, ty: None, dimensions: None, data })
}

/// Where no memory is, whatever the size of it: pages end below, and what is empty must lie in it too.
const OUTSIDE: usize = usize::MAX - 15;

fn main() -> ExitCode {
    let own = [pointers(), handles(), outputs(), numbers()];
    conformance::main(cases::all::<Witx>().into_iter().chain(own.into_iter().flatten()).collect())
}

/// What a case passes in place of a pointer or length, and what it should be answered.
type Call = fn() -> u32;

fn refused(id: &str, error: ExpectedError, call: Call) -> Case {
    Case::refused(id, error, move |code| expect_failure(check(call()), code))
}

/// Pointers that lead out of the memory, of which the standard says nothing.
fn pointers() -> Vec<Case> {
    let argument = ours(Code::InvalidArgument);
    vec![
        refused("memory/load/builders-outside", argument, || unsafe { nn::load(OUTSIDE, 1, 1, 0, at(&*out())) }),
        refused("memory/load/builders-misaligned", argument, || {
            let words = [0_u32; 8];
            unsafe { nn::load(at(&words) + 2, 1, 1, 0, at(&*out())) }
        }),
        refused("memory/load/builder-outside", argument, || {
            let builder = [Builder { data: OUTSIDE, length: 64 }];
            unsafe { nn::load(at(&builder), 1, 1, 0, at(&*out())) }
        }),
        refused("memory/load/builder-too-long", argument, || {
            let builder = [Builder { data: 16, length: usize::MAX }];
            unsafe { nn::load(at(&builder), 1, 1, 0, at(&*out())) }
        }),
        refused("memory/load/absurd-count", argument, || unsafe { nn::load(16, usize::MAX, 1, 0, at(&*out())) }),
        refused("memory/load/place-outside", argument, || {
            let builder = [Builder { data: 16, length: 4 }];
            unsafe { nn::load(at(&builder), 1, 1, 0, OUTSIDE) }
        }),
        refused("memory/load_by_name/name-outside", argument, || unsafe { nn::load_by_name(OUTSIDE, 64, at(&*out())) }),
        refused("memory/load_by_name/absurd-length", argument, || unsafe {
            nn::load_by_name(16, usize::MAX, at(&*out()))
        }),
        refused("memory/load_by_name/not-utf-8", argument, || {
            let name = [0xff_u8, 0xfe];
            unsafe { nn::load_by_name(at(&name), 2, at(&*out())) }
        }),
        refused("memory/load_by_name/place-outside", argument, || {
            let name = *b"echo";
            unsafe { nn::load_by_name(at(&name), 4, OUTSIDE) }
        })
        .loads("echo"),
        refused("memory/init_execution_context/place-outside", argument, || {
            let Ok(graph) = Witx::load_by_name("echo") else { return 99 };
            unsafe { nn::init_execution_context(graph, OUTSIDE) }
        })
        .loads("echo"),
        refused("memory/set_input/tensor-outside", argument, || unsafe { nn::set_input(context(), 0, OUTSIDE) })
            .loads("echo"),
        refused("memory/set_input/tensor-misaligned", argument, || {
            let words = [0_u32; 8];
            unsafe { nn::set_input(context(), 0, at(&words) + 1) }
        })
        .loads("echo"),
        refused("memory/set_input/dimensions-outside", argument, || {
            set_raw(&Tensor { dimensions: OUTSIDE, rank: 4, ty: 3, data: 16, length: 1 })
        })
        .loads("echo"),
        refused("memory/set_input/absurd-rank", argument, || {
            set_raw(&Tensor { dimensions: 16, rank: usize::MAX, ty: 3, data: 16, length: 1 })
        })
        .loads("echo"),
        refused("memory/set_input/rank-overflows", argument, || {
            set_raw(&Tensor { dimensions: 16, rank: 0x4000_0001, ty: 3, data: 16, length: 1 })
        })
        .loads("echo"),
        refused("memory/set_input/data-outside", argument, || {
            set_raw(&Tensor { dimensions: at(&[16_u32]), rank: 1, ty: 3, data: OUTSIDE, length: 64 })
        })
        .loads("echo"),
        refused("memory/set_input/data-absurd-length", argument, || {
            set_raw(&Tensor { dimensions: at(&[16_u32]), rank: 1, ty: 3, data: 16, length: usize::MAX })
        })
        .loads("echo"),
        refused("memory/get_output/buffer-outside", argument, || unsafe {
            nn::get_output(computed(), 0, OUTSIDE, 64, at(&*out()))
        })
        .loads("identity-U8-cpu"),
        refused("memory/get_output/buffer-absurd-length", argument, || unsafe {
            nn::get_output(computed(), 0, 16, usize::MAX, at(&*out()))
        })
        .loads("identity-U8-cpu"),
        refused("memory/get_output/place-outside", argument, || {
            let buffer = [0_u8; 64];
            unsafe { nn::get_output(computed(), 0, at(&buffer), 64, OUTSIDE) }
        })
        .loads("identity-U8-cpu"),
    ]
}

fn handles() -> Vec<Case> {
    let argument = ours(Code::InvalidArgument);
    vec![
        refused("handles/no-graph", argument, || unsafe { nn::init_execution_context(123_456, at(&*out())) }),
        refused("handles/graph-of-all-ones", argument, || unsafe { nn::init_execution_context(u32::MAX, at(&*out())) }),
        refused("handles/no-context-to-set", argument, || set_value(123_456, 0, &Value::patterned(Type::U8, &[3], 1))),
        refused("handles/no-context-to-compute", argument, || unsafe { nn::compute(123_456) }),
        refused("handles/no-context-to-get-from", argument, || {
            let buffer = [0_u8; 64];
            unsafe { nn::get_output(123_456, 0, at(&buffer), 64, at(&*out())) }
        }),
        Case::once("handles/graphs-differ", || {
            let graphs = [Witx::load_by_name("echo")?, Witx::load_by_name("echo")?];
            if graphs[0] == graphs[1] { Err("two graphs have one handle".into()) } else { Ok(()) }
        })
        .loads("echo"),
        Case::once("handles/contexts-differ", || {
            let graph = Witx::load_by_name("echo")?;
            let contexts = [Witx::context(&graph)?, Witx::context(&graph)?];
            if contexts[0] == contexts[1] { Err("two contexts have one handle".into()) } else { Ok(()) }
        })
        .loads("echo"),
    ]
}

fn outputs() -> Vec<Case> {
    let argument = standard(Code::InvalidArgument);
    vec![
        Case::refused("get-output/before-compute", ours(Code::RuntimeError), |code| {
            let context = Witx::context(&Witx::load_by_name("identity-U8-cpu")?)?;
            expect_failure(get_output(context, 0, 8), code)
        })
        .loads("identity-U8-cpu"),
        Case::refused("get-output/unknown-index", argument, |code| expect_failure(get_output(computed(), 1, 8), code))
            .loads("identity-U8-cpu"),
        Case::once("get-output/repeated", || {
            let context = computed();
            (0..10).try_for_each(|_| get_output(context, 0, 3).map(drop))?;
            Ok(())
        })
        .loads("identity-U8-cpu"),
        Case::once("get-output/larger-buffer-keeps-its-rest", || {
            let buffer = [0xa5_u8; 16];
            let place = out();
            check(unsafe { nn::get_output(computed(), 0, at(&buffer), 16, at(&*place)) })?;
            let rest = unsafe { ptr::from_ref(&buffer).read_volatile() };
            let untouched = rest[3..].iter().all(|&byte| byte == 0xa5);
            if written(&place) == 3 && untouched { Ok(()) } else { Err(format!("{rest:?}")) }
        })
        .loads("identity-U8-cpu"),
        too_small("get-output/buffer-too-small", 2),
        too_small("get-output/no-buffer", 0),
        Case::once("set-input/kept-for-the-next", || {
            let context = computed();
            check(unsafe { nn::compute(context) })?;
            let output = get_output(context, 0, 3)?;
            if output.data == Value::patterned(Type::U8, &[3], 1).data { Ok(()) } else { Err("other bytes".into()) }
        })
        .loads("identity-U8-cpu"),
        Case::once("set-input/copied", || {
            let context = Witx::context(&Witx::load_by_name("identity-U8-cpu")?)?;
            let mut value = Value::patterned(Type::U8, &[3], 1);
            let expected = value.data.clone();
            set_input(context, 0, &value)?;
            value.data.fill(0);
            check(unsafe { nn::compute(context) })?;
            if get_output(context, 0, 3)?.data == expected { Ok(()) } else { Err("other bytes".into()) }
        })
        .loads("identity-U8-cpu"),
        Case::once("set-input/any-order", || {
            let context = Witx::context(&Witx::load_by_name("echo")?)?;
            let values = [Value::patterned(Type::U8, &[2], 1), Value::patterned(Type::U8, &[5], 2)];
            set_input(context, 1, &values[1])?;
            set_input(context, 0, &values[0])?;
            expect::<Witx>(&context, &[], &[("0", &values[0]), ("1", &values[1])])
        })
        .loads("echo"),
        Case::refused("unknown-input/index-too-far", argument, |code| {
            let context = Witx::context(&Witx::load_by_name("identity-U8-cpu")?)?;
            expect_failure(set_input(context, 1, &Value::patterned(Type::U8, &[3], 1)), code)
        })
        .loads("identity-U8-cpu"),
    ]
}

/// The size that is needed is told, and the buffer left alone.
fn too_small(id: &str, length: usize) -> Case {
    let case = Case::refused(id, ours(Code::TooLarge), move |code| -> Check {
        let buffer = [0xa5_u8; 8];
        let place = out();
        let answer = check(unsafe { nn::get_output(computed(), 0, at(&buffer), length, at(&*place)) });
        expect_failure(answer, code)?;
        let untouched = unsafe { ptr::from_ref(&buffer).read_volatile() } == [0xa5_u8; 8];
        if written(&place) == 3 && untouched {
            Ok(())
        } else {
            Err("the size is not told, or bytes are written".into())
        }
    });
    case.loads("identity-U8-cpu")
}

/// Numbers that stand for nothing, of which the standard says nothing.
fn numbers() -> Vec<Case> {
    let (argument, encoding_error) = (ours(Code::InvalidArgument), ours(Code::InvalidEncoding));
    let mut cases = Vec::new();
    for target in [4, 99, u32::MAX] {
        cases.push(Case::refused(format!("numbers/target/{target}"), argument, move |code| {
            let builder = [Builder { data: 16, length: 4 }];
            expect_failure(check(unsafe { nn::load(at(&builder), 1, 1, target, at(&*out())) }), code)
        }));
    }
    for encoding in [7, 99, u32::MAX] {
        cases.push(Case::refused(format!("numbers/encoding/{encoding}"), encoding_error, move |code| {
            let builder = [Builder { data: 16, length: 4 }];
            expect_failure(check(unsafe { nn::load(at(&builder), 1, encoding, 0, at(&*out())) }), code)
        }));
    }
    for ty in [6_u8, 7, 255] {
        let case = Case::refused(format!("numbers/type/{ty}"), argument, move |code| {
            let tensor = Tensor { dimensions: at(&[4_u32]), rank: 1, ty, data: 16, length: 4 };
            expect_failure(check(set_raw(&tensor)), code)
        });
        cases.push(case.loads("echo"));
    }
    cases
}

fn set_raw(tensor: &Tensor) -> u32 {
    unsafe { nn::set_input(context(), 0, at(tensor)) }
}

/// A context of the echo; of none where that cannot be had, so that the case fails.
fn context() -> u32 {
    Witx::load_by_name("echo").and_then(|graph| Witx::context(&graph)).unwrap_or(u32::MAX)
}

/// A context that has computed three bytes.
fn computed() -> u32 {
    let context = Witx::load_by_name("identity-U8-cpu").and_then(|graph| Witx::context(&graph)).unwrap_or(u32::MAX);
    let value = Value::patterned(Type::U8, &[3], 1);
    let _ = set_input(context, 0, &value);
    let _ = check(unsafe { nn::compute(context) });
    context
}
