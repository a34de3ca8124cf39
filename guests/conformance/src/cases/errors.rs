//! What is wrong is answered with an error of the right kind, and the guest goes on.

use crate::api::{Api, Code, Encoding, Target, Type, Value, expect, expect_failure};
use crate::cases::identity::{model, path};
use crate::{Case, Check, ExpectedError, ours, standard};

pub fn cases<A: Api>() -> Vec<Case> {
    let mut cases = loading::<A>();
    cases.extend(naming::<A>());
    cases.extend(inputs::<A>());
    cases
}

/// Bytes that are no model, or another than they are said to be.
fn loading<A: Api>() -> Vec<Case> {
    use Encoding::{Autodetect, Onnx, Openvino, Pytorch, Tensorflow, Tensorflowlite};
    let bytes: [(&str, &[u8]); 12] = [
        ("empty", b""),
        ("zeros", &[0; 64]),
        ("html", b"<!doctype html><title>404</title>"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\0"),
        ("json", b"{\"error\": \"not found\"}"),
        ("png", b"\x89PNG\r\n\x1a\n\0\0\0\0"),
        ("gguf", b"GGUF\x03\0\0\0"),
        ("tflite", b"\x1c\0\0\0TFL3\0\0\0\0"),
        ("zip", b"PK\x03\x04\0\0\0\0"),
        ("wasm", b"\0asm\x01\0\0\0"),
        ("lfs-pointer", b"version https://git-lfs.github.com/spec/v1\n"),
        ("text", b"not a model at all, just a sentence"),
    ];
    let mut cases = Vec::new();
    for (id, bytes) in bytes {
        for (name, encoding) in [("onnx", Onnx), ("autodetect", Autodetect)] {
            let id = format!("load-errors/{id}/{name}");
            cases.push(Case::refused(id, ours(Code::InvalidEncoding), move |code| {
                expect_failure(A::load(&[bytes], encoding, Target::Cpu), code)
            }));
        }
    }
    for (name, encoding) in
        [("openvino", Openvino), ("tensorflow", Tensorflow), ("pytorch", Pytorch), ("tensorflowlite", Tensorflowlite)]
    {
        let case = Case::refused(format!("load-errors/onnx-as/{name}"), ours(Code::InvalidEncoding), move |code| {
            expect_failure(A::load(&[&model(Type::U8)?], encoding, Target::Cpu), code)
        });
        cases.push(case.reads(path(Type::U8)));
    }
    for (name, encoding) in [("onnx", Onnx), ("autodetect", Autodetect), ("openvino", Openvino)] {
        let id = format!("load-errors/no-builder/{name}");
        cases.push(Case::refused(id, ours(Code::InvalidArgument), move |code| {
            expect_failure(A::load(&[], encoding, Target::Cpu), code)
        }));
    }
    let too_many = Case::refused("load-errors/too-many-builders", ours(Code::InvalidArgument), |code| {
        let model = model(Type::U8)?;
        expect_failure(A::load(&[&model, &model], Encoding::Onnx, Target::Cpu), code)
    });
    cases.push(too_many.reads(path(Type::U8)));
    for length in [1, 10, 40] {
        let id = format!("load-errors/truncated/{length}");
        let case = Case::refused(id, ours(Code::InvalidEncoding), move |code| {
            let model = model(Type::U8)?;
            expect_failure(A::load(&[&model[..length]], Encoding::Onnx, Target::Cpu), code)
        });
        cases.push(case.reads(path(Type::U8)));
    }
    cases
}

/// Names that are registered for nothing. The standard lets a host take names for paths or URLs, and compare them in any way.
fn naming<A: Api>() -> Vec<Case> {
    let names = [
        ("unknown", "nobody".to_owned(), standard),
        ("empty", String::new(), standard),
        ("case", "ECHO".into(), ours),
        ("space-after", "echo ".into(), ours),
        ("url", "https://example.com/model.onnx".into(), ours),
        ("path", "../models/echo".into(), ours),
        ("file", "models/identity-U8.onnx".into(), ours),
        ("chinese", "模型".into(), standard),
        ("prototype", "__proto__".into(), standard),
        ("to-string", "toString".into(), standard),
        ("long", "n".repeat(1000), standard),
    ] as [(&str, String, fn(Code) -> ExpectedError); 11];
    names
        .into_iter()
        .map(|(id, name, defined_by)| {
            let refuse = move |code| expect_failure(A::load_by_name(&name), code);
            Case::refused(format!("name-errors/{id}"), defined_by(Code::NotFound), refuse)
        })
        .collect()
}

/// Inputs that do not fit: the context must be usable afterwards.
fn inputs<A: Api>() -> Vec<Case> {
    let argument = standard(Code::InvalidArgument);
    let mut cases = Vec::new();
    for &ty in A::TYPES.iter().filter(|_| A::HAS_LENGTHS) {
        let width = ty.width() as i64;
        for (id, difference) in
            [("one-byte-more", 1), ("one-element-more", width), ("twice", 3 * width), ("none", -3 * width)]
        {
            let id = format!("byte-length/{}/{id}", ty.name());
            let bytes = (3 * width + difference) as usize;
            let case = Case::refused(id, argument, move |code| byte_length::<A>(ty, bytes, code));
            cases.push(case.loads("echo"));
        }
        if width > 1 {
            let id = format!("byte-length/{}/one-byte-less", ty.name());
            let bytes = 3 * width as usize - 1;
            let case = Case::refused(id, argument, move |code| byte_length::<A>(ty, bytes, code));
            cases.push(case.loads("echo"));
        }
    }
    for (id, dimensions) in [
        ("huge-axis", vec![u32::MAX]),
        ("overflow-32", vec![65_536, 65_536]),
        ("overflow-64", vec![u32::MAX; 3]),
        ("overflow-everything", vec![u32::MAX; 40]),
    ] {
        let case = Case::refused(format!("absurd-shapes/{id}"), argument, move |code| absurd::<A>(&dimensions, code));
        cases.push(case.loads("echo"));
    }
    let missing = Case::refused("missing-input/none-given", ours(Code::InvalidArgument), missing::<A>);
    cases.push(missing.loads("identity-U8-cpu"));
    if A::HAS_NAMES {
        cases.extend(names::<A>().into_iter().map(|case| case.loads("identity-U8-cpu")));
    }
    cases
}

/// Names of inputs that the model does not have. A position as a name is an extension.
fn names<A: Api>() -> Vec<Case> {
    let (standard, ours) = (standard(Code::InvalidArgument), ours(Code::InvalidArgument));
    vec![
        Case::refused("unknown-input/other-name", standard, |code| unknown::<A>("picture", code)),
        Case::refused("unknown-input/name-of-output", standard, |code| unknown::<A>("out", code)),
        Case::refused("unknown-input/other-case", standard, |code| unknown::<A>("IN", code)),
        Case::refused("unknown-input/position-too-far", ours, |code| unknown::<A>("1", code)),
        Case::once("positions/first-input", || position::<A>("0")),
        Case::once("positions/leading-zeros", || position::<A>("000")),
    ]
}

fn byte_length<A: Api>(ty: Type, bytes: usize, code: Code) -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    let wrong = Value { ty, dimensions: vec![3], data: vec![1; bytes] };
    expect_failure(A::compute(&context, &[("0", &wrong)], &[("0", 64)]), code)?;
    let right = Value::patterned(ty, &[3], 1);
    expect::<A>(&context, &[("0", &right)], &[("0", &right)])
}

fn absurd<A: Api>(dimensions: &[u32], code: Code) -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    let wrong = Value { ty: Type::U8, dimensions: dimensions.to_vec(), data: vec![1; 4] };
    expect_failure(A::compute(&context, &[("0", &wrong)], &[("0", 64)]), code)
}

fn missing<A: Api>(code: Code) -> Check {
    let context = A::context(&A::load_by_name("identity-U8-cpu")?)?;
    expect_failure(A::compute(&context, &[], &[("out", 64)]), code)
}

fn unknown<A: Api>(name: &str, code: Code) -> Check {
    let context = A::context(&A::load_by_name("identity-U8-cpu")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect_failure(A::compute(&context, &[(name, &value)], &[("out", 3)]), code)
}

fn position<A: Api>(name: &str) -> Check {
    let context = A::context(&A::load_by_name("identity-U8-cpu")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect::<A>(&context, &[(name, &value)], &[("out", &value)])
}
