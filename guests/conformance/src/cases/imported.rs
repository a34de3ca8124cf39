//! Encodings other than ONNX. Their cases are performed where the host's files have their models, `imported/<encoding>.*`: all
//! compute the positive part of each number.

use std::fs;
use std::path::Path;

use crate::api::{Api, Code, Encoding, Failure, Target, Type, Value, expect, expect_failure};
use crate::{Case, Check, ours};

/// How a model is kept in files, and what its input and output are called.
#[derive(Clone, Copy)]
struct Format {
    name: &'static str,
    encoding: Encoding,
    /// The ends of the names of its files.
    files: &'static [&'static str],
    input: &'static str,
    output: &'static str,
}

const FORMATS: [Format; 3] = [
    Format { name: "openvino", encoding: Encoding::Openvino, files: &[".xml", ".bin"], input: "x", output: "y" },
    Format { name: "pytorch", encoding: Encoding::Pytorch, files: &[".pt"], input: "0", output: "output" },
    Format { name: "tensorflow", encoding: Encoding::Tensorflow, files: &[".pb"], input: "x", output: "y" },
];

type Parts = Vec<Vec<u8>>;

pub fn cases<A: Api>() -> Vec<Case> {
    let present = FORMATS.into_iter().filter(|format| Path::new(&path(format, "", 0)).exists());
    let cases = present.flat_map(|format| {
        let cases = right::<A>(format).into_iter().chain(wrong::<A>(format));
        cases.map(move |case| (0..format.files.len()).fold(case, |case, file| case.reads(path(&format, "", file))))
    });
    cases.collect()
}

/// Models that must load and compute.
fn right<A: Api>(format: Format) -> Vec<Case> {
    let name = format.name;
    let mut cases = vec![
        Case::once(format!("imported/{name}/named"), move || computed::<A>(&format, &parts(&format)?, format.encoding)),
        Case::once(format!("imported/{name}/autodetect"), move || {
            computed::<A>(&format, &parts(&format)?, Encoding::Autodetect)
        }),
        Case::once(format!("imported/{name}/shapes"), move || shapes::<A>(&format)),
    ];
    if format.files.len() > 1 {
        cases.push(Case::once(format!("imported/{name}/parts-reversed"), move || {
            let reversed: Parts = parts(&format)?.into_iter().rev().collect();
            computed::<A>(&format, &reversed, Encoding::Autodetect)
        }));
    }
    cases
}

/// Models that must not load, or not compute.
fn wrong<A: Api>(format: Format) -> Vec<Case> {
    let name = format.name;
    let unnamed = [("named", format.encoding), ("autodetect", Encoding::Autodetect)];
    let mut cases: Vec<Case> = unnamed
        .into_iter()
        .map(|(id, encoding)| {
            let id = format!("imported-errors/{name}/unknown-operator/{id}");
            let case = Case::refused(id, ours(Code::UnsupportedOperation), move |code| {
                expect_failure(unknown_operator::<A>(&format, encoding), code)
            });
            case.reads(path(&format, "-unknown", 0))
        })
        .collect();
    let (encoding, argument) = (ours(Code::InvalidEncoding), ours(Code::InvalidArgument));
    cases.push(Case::refused(format!("imported-errors/{name}/no-model"), encoding, move |code| {
        let junk = vec![vec![0xa5; 64]; format.files.len()];
        expect_failure(load::<A>(&junk, format.encoding), code)
    }));
    cases.push(Case::refused(format!("imported-errors/{name}/truncated"), encoding, move |code| {
        let mut cut = parts(&format)?;
        let length = cut[0].len() * 2 / 3;
        cut[0].truncate(length);
        expect_failure(load::<A>(&cut, format.encoding), code)
    }));
    cases.push(Case::refused(format!("imported-errors/{name}/too-many-builders"), argument, move |code| {
        let mut more = parts(&format)?;
        more.resize(4, Vec::new());
        expect_failure(load::<A>(&more, format.encoding), code)
    }));
    if format.files.len() > 1 {
        cases.push(Case::refused(format!("imported-errors/{name}/too-few-builders"), argument, move |code| {
            let mut fewer = parts(&format)?;
            fewer.pop();
            expect_failure(load::<A>(&fewer, format.encoding), code)
        }));
    }
    cases
}

fn path(format: &Format, variant: &str, file: usize) -> String {
    format!("imported/{}{variant}{}", format.name, format.files[file])
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

fn parts(format: &Format) -> Result<Parts, String> {
    (0..format.files.len()).map(|file| read(&path(format, "", file))).collect()
}

fn load<A: Api>(parts: &Parts, encoding: Encoding) -> Result<A::Graph, Failure> {
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    A::load(&parts, encoding, Target::Cpu)
}

fn computed<A: Api>(format: &Format, parts: &Parts, encoding: Encoding) -> Check {
    let context = A::context(&load::<A>(parts, encoding)?)?;
    rectified::<A>(format, &context, &[2, 3])
}

/// Whether the context gives the positive parts of numbers.
fn rectified<A: Api>(format: &Format, context: &A::Context, dimensions: &[u32]) -> Check {
    let numbers: Vec<f32> = (0..dimensions.iter().product()).map(|at: u32| at as f32 - 2.5).collect();
    let given = value(dimensions, &numbers);
    let positive: Vec<f32> = numbers.iter().map(|number| number.max(0.0)).collect();
    expect::<A>(context, &[(format.input, &given)], &[(format.output, &value(dimensions, &positive))])
}

fn value(dimensions: &[u32], numbers: &[f32]) -> Value {
    let data = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    Value { ty: Type::Fp32, dimensions: dimensions.to_vec(), data }
}

/// A PyTorch program takes inputs of any shape; the others declare theirs, and refuse the rest.
fn shapes<A: Api>(format: &Format) -> Check {
    let context = A::context(&load::<A>(&parts(format)?, format.encoding)?)?;
    if format.encoding == Encoding::Pytorch {
        rectified::<A>(format, &context, &[5])?;
        rectified::<A>(format, &context, &[1, 3, 2])?;
    } else {
        let other = value(&[3, 3], &[0.0; 9]);
        let outcome = A::compute(&context, &[(format.input, &other)], &[(format.output, 36)]);
        expect_failure(outcome, Code::InvalidArgument)?;
    }
    rectified::<A>(format, &context, &[2, 3])
}

/// A PyTorch program is converted when its first inputs come, and fails then.
fn unknown_operator<A: Api>(format: &Format, encoding: Encoding) -> Result<(), Failure> {
    let other = |text| Failure { code: Code::Other, text: Some(text) };
    let mut model = parts(format).map_err(other)?;
    model[0] = read(&path(format, "-unknown", 0)).map_err(other)?;
    let context = A::context(&load::<A>(&model, encoding)?)?;
    let given = value(&[2, 3], &[0.0; 6]);
    A::compute(&context, &[(format.input, &given)], &[(format.output, 24)]).map(|_| ())
}
