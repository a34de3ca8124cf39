//! Small models whose outputs are known, where the host's files have them: `onnx-backend/index.txt` has a line for each
//! tensor, with its case, `in` or `out`, name, type, dimensions (`2x3`) and file, parted by tabs.

use std::fs;

use crate::api::{Api, Encoding, Type, Value, close, expect_by};
use crate::{Case, Check, Options};

const INDEX: &str = "onnx-backend/index.txt";

struct Tensor {
    name: String,
    path: String,
    value: Value,
}

/// A model's case: the inputs, and the outputs that they must give.
struct Model {
    id: String,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
}

pub fn cases<A: Api>() -> Vec<Case> {
    let index = fs::read_to_string(INDEX).unwrap_or_default();
    let mut models: Vec<Model> = Vec::new();
    for line in index.lines() {
        let Some((id, is_input, tensor)) = parse(line) else { continue };
        if models.last().is_none_or(|model| model.id != id) {
            models.push(Model { id, inputs: Vec::new(), outputs: Vec::new() });
        }
        if let Some(model) = models.last_mut() {
            let tensors = if is_input { &mut model.inputs } else { &mut model.outputs };
            tensors.push(tensor);
        }
    }
    models
        .into_iter()
        .filter(|model| model.inputs.iter().chain(&model.outputs).all(|tensor| A::TYPES.contains(&tensor.value.ty)))
        .map(case::<A>)
        .collect()
}

fn parse(line: &str) -> Option<(String, bool, Tensor)> {
    let mut fields = line.split('\t');
    let id = fields.next()?.to_owned();
    let is_input = fields.next()? == "in";
    let name = fields.next()?.to_owned();
    let type_name = fields.next()?;
    let ty = Type::ALL.into_iter().find(|ty| ty.name() == type_name)?;
    let dimensions = fields.next()?.split('x').filter_map(|length| length.parse().ok()).collect();
    let path = fields.next()?.to_owned();
    let data = fs::read(&path).ok()?;
    Some((id, is_input, Tensor { name, path, value: Value { ty, dimensions, data } }))
}

fn case<A: Api>(model: Model) -> Case {
    let tensors = model.inputs.iter().chain(&model.outputs).map(|tensor| tensor.path.clone());
    let files: Vec<_> = [INDEX.to_owned(), path(&model)].into_iter().chain(tensors).collect();
    let case = Case::new(format!("onnx-backend/{}", model.id), move |options| computed::<A>(&model, options));
    files.into_iter().fold(case, Case::reads)
}

fn path(model: &Model) -> String {
    format!("onnx-backend/{}.onnx", model.id)
}

fn computed<A: Api>(model: &Model, options: &Options) -> Check {
    let path = path(model);
    let bytes = fs::read(&path).map_err(|error| format!("{path}: {error}"))?;
    let graph = A::load(&[&bytes], Encoding::Onnx, options.target)?;
    let inputs: Vec<_> = model.inputs.iter().map(|tensor| (tensor.name.as_str(), &tensor.value)).collect();
    let outputs: Vec<_> = model.outputs.iter().map(|tensor| (tensor.name.as_str(), &tensor.value)).collect();
    expect_by::<A>(&A::context(&graph)?, &inputs, &outputs, close)
}
