//! What is wrong is answered with an error of the right kind, and the guest goes on.

use crate::api::{Api, Code, Encoding, Target, Type, Value, expect, expect_failure};
use crate::cases::identity::model;
use crate::{Case, Check};

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
            cases.push(Case::once(format!("load-errors/{id}/{name}"), move || {
                expect_failure(A::load(&[bytes], encoding, Target::Cpu), Code::InvalidEncoding)
            }));
        }
    }
    for (name, encoding) in
        [("openvino", Openvino), ("tensorflow", Tensorflow), ("pytorch", Pytorch), ("tensorflowlite", Tensorflowlite)]
    {
        cases.push(Case::once(format!("load-errors/onnx-as/{name}"), move || {
            expect_failure(A::load(&[&model(Type::U8)?], encoding, Target::Cpu), Code::InvalidEncoding)
        }));
    }
    for (name, encoding) in [("onnx", Onnx), ("autodetect", Autodetect), ("openvino", Openvino)] {
        cases.push(Case::once(format!("load-errors/no-builder/{name}"), move || {
            expect_failure(A::load(&[], encoding, Target::Cpu), Code::InvalidArgument)
        }));
    }
    cases.push(Case::once("load-errors/too-many-builders", || {
        let model = model(Type::U8)?;
        expect_failure(A::load(&[&model, &model], Encoding::Onnx, Target::Cpu), Code::InvalidArgument)
    }));
    for length in [1, 10, 40] {
        cases.push(Case::once(format!("load-errors/truncated/{length}"), move || {
            let model = model(Type::U8)?;
            expect_failure(A::load(&[&model[..length]], Encoding::Onnx, Target::Cpu), Code::InvalidEncoding)
        }));
    }
    cases
}

/// Names that are registered for nothing.
fn naming<A: Api>() -> Vec<Case> {
    let names = [
        ("unknown", "nobody".to_owned()),
        ("empty", String::new()),
        ("case", "ECHO".into()),
        ("space-after", "echo ".into()),
        ("url", "https://example.com/model.onnx".into()),
        ("path", "../models/echo".into()),
        ("file", "models/identity-U8.onnx".into()),
        ("chinese", "模型".into()),
        ("prototype", "__proto__".into()),
        ("to-string", "toString".into()),
        ("long", "n".repeat(1000)),
    ];
    names
        .into_iter()
        .map(|(id, name)| {
            Case::once(format!("name-errors/{id}"), move || expect_failure(A::load_by_name(&name), Code::NotFound))
        })
        .collect()
}

/// Inputs that do not fit: the context must be usable afterwards.
fn inputs<A: Api>() -> Vec<Case> {
    let mut cases = Vec::new();
    for &ty in A::TYPES.iter().filter(|_| A::HAS_LENGTHS) {
        let width = ty.width() as i64;
        for (id, difference) in
            [("one-byte-more", 1), ("one-element-more", width), ("twice", 3 * width), ("none", -3 * width)]
        {
            cases.push(Case::once(format!("byte-length/{}/{id}", ty.name()), move || {
                byte_length::<A>(ty, (3 * width + difference) as usize)
            }));
        }
        if width > 1 {
            cases.push(Case::once(format!("byte-length/{}/one-byte-less", ty.name()), move || {
                byte_length::<A>(ty, 3 * width as usize - 1)
            }));
        }
    }
    for (id, dimensions) in [
        ("huge-axis", vec![u32::MAX]),
        ("overflow-32", vec![65_536, 65_536]),
        ("overflow-64", vec![u32::MAX; 3]),
        ("overflow-everything", vec![u32::MAX; 40]),
    ] {
        cases.push(Case::once(format!("absurd-shapes/{id}"), move || absurd::<A>(&dimensions)));
    }
    cases.push(Case::once("missing-input/none-given", || missing::<A>()));
    if A::HAS_NAMES {
        cases.push(Case::once("unknown-input/other-name", || unknown::<A>("picture")));
        cases.push(Case::once("unknown-input/name-of-output", || unknown::<A>("out")));
        cases.push(Case::once("unknown-input/other-case", || unknown::<A>("IN")));
        cases.push(Case::once("unknown-input/position-too-far", || unknown::<A>("1")));
        cases.push(Case::once("positions/first-input", || position::<A>("0")));
        cases.push(Case::once("positions/leading-zeros", || position::<A>("000")));
    }
    cases
}

fn byte_length<A: Api>(ty: Type, bytes: usize) -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    let wrong = Value { ty, dimensions: vec![3], data: vec![1; bytes] };
    expect_failure(A::compute(&context, &[("0", &wrong)], &[("0", 64)]), Code::InvalidArgument)?;
    let right = Value::patterned(ty, &[3], 1);
    expect::<A>(&context, &[("0", &right)], &[("0", &right)])
}

fn absurd<A: Api>(dimensions: &[u32]) -> Check {
    let context = A::context(&A::load_by_name("echo")?)?;
    let wrong = Value { ty: Type::U8, dimensions: dimensions.to_vec(), data: vec![1; 4] };
    expect_failure(A::compute(&context, &[("0", &wrong)], &[("0", 64)]), Code::InvalidArgument)
}

fn missing<A: Api>() -> Check {
    let context = A::context(&A::load_by_name("identity-U8-cpu")?)?;
    expect_failure(A::compute(&context, &[], &[("out", 64)]), Code::InvalidArgument)
}

fn unknown<A: Api>(name: &str) -> Check {
    let context = A::context(&A::load_by_name("identity-U8-cpu")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect_failure(A::compute(&context, &[(name, &value)], &[("out", 3)]), Code::InvalidArgument)
}

fn position<A: Api>(name: &str) -> Check {
    let context = A::context(&A::load_by_name("identity-U8-cpu")?)?;
    let value = Value::patterned(Type::U8, &[3], 1);
    expect::<A>(&context, &[(name, &value)], &[("out", &value)])
}
