//! The arguments of the program. Without any, it does what the article's program does.

/// The encodings that every ABI has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Encoding {
    Openvino,
    Onnx,
    Tensorflow,
    Pytorch,
    TensorflowLite,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    Cpu,
    Gpu,
    Tpu,
}

/// The tensor types that every ABI has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TensorType {
    F16,
    F32,
    U8,
    I32,
}

#[derive(Debug, PartialEq)]
pub struct Options {
    /// The files of the model's graph builders.
    pub models: Vec<String>,
    /// Where there is one, the model is loaded by it and not from files.
    pub name: Option<String>,
    pub encoding: Encoding,
    pub target: Target,
    /// The file of the input tensor: its elements, little-endian.
    pub tensor: String,
    pub dimensions: Vec<u32>,
    pub ty: TensorType,
    /// An index or a name, as the ABI has it. Default: that of SqueezeNet.
    pub input: Option<String>,
    pub output: Option<String>,
    /// What core modules take the output for; components are told.
    pub output_type: TensorType,
    /// The room that core modules offer for the output.
    pub output_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            name: None,
            encoding: Encoding::Onnx,
            target: Target::Cpu,
            tensor: "fixture/tensor.bgr".into(),
            dimensions: vec![1, 3, 224, 224],
            ty: TensorType::F32,
            input: None,
            output: None,
            output_type: TensorType::F32,
            output_bytes: 4000,
        }
    }
}

impl Options {
    /// Each option is followed by its value; `--model` may be given several times.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{option}: a value must follow"))?;
            options.set(&option, value).map_err(|error| format!("{option}: {error}"))?;
        }
        if options.models.is_empty() {
            options.models.push("fixture/model.onnx".into());
        }
        Ok(options)
    }

    fn set(&mut self, option: &str, value: String) -> Result<(), String> {
        match option {
            "--model" => self.models.push(value),
            "--name" => self.name = Some(value),
            "--encoding" => self.encoding = one_of(&value, &ENCODINGS)?,
            "--target" => self.target = one_of(&value, &TARGETS)?,
            "--tensor" => self.tensor = value,
            "--shape" => self.dimensions = shape(&value)?,
            "--type" => self.ty = one_of(&value, &TENSOR_TYPES)?,
            "--input" => self.input = Some(value),
            "--output" => self.output = Some(value),
            "--output-type" => self.output_type = one_of(&value, &TENSOR_TYPES)?,
            "--output-bytes" => self.output_bytes = number(&value)?,
            _ => return Err("there is no such option".into()),
        }
        Ok(())
    }
}

const ENCODINGS: [(&str, Encoding); 5] = [
    ("openvino", Encoding::Openvino),
    ("onnx", Encoding::Onnx),
    ("tensorflow", Encoding::Tensorflow),
    ("pytorch", Encoding::Pytorch),
    ("tensorflowlite", Encoding::TensorflowLite),
];

const TARGETS: [(&str, Target); 3] = [("cpu", Target::Cpu), ("gpu", Target::Gpu), ("tpu", Target::Tpu)];

const TENSOR_TYPES: [(&str, TensorType); 4] =
    [("f16", TensorType::F16), ("f32", TensorType::F32), ("u8", TensorType::U8), ("i32", TensorType::I32)];

fn one_of<T: Copy>(name: &str, choices: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, choice)) = choices.iter().find(|(known, _)| *known == name) {
        return Ok(*choice);
    }
    let names: Vec<_> = choices.iter().map(|(known, _)| *known).collect();
    Err(format!("\"{name}\" is none of {}", names.join(", ")))
}

/// `1,3,224,224`. A scalar's is empty.
fn shape(text: &str) -> Result<Vec<u32>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(number).collect()
}

/// The number of an input or output, or a length.
pub fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("\"{text}\" is no whole number that fits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn does_without_arguments() {
        let expected = Options { models: vec!["fixture/model.onnx".into()], ..Options::default() };
        assert_eq!(parse(&[]), Ok(expected));
    }

    #[test]
    fn takes_a_model_of_several_files() {
        let options = parse(&["--model", "a.xml", "--encoding", "openvino", "--model", "a.bin"]).expect("options");
        assert_eq!(options.models, ["a.xml", "a.bin"]);
        assert_eq!(options.encoding, Encoding::Openvino);
    }

    #[test]
    fn reads_shapes() {
        let dimensions = |text| parse(&["--shape", text]).map(|options| options.dimensions);
        assert_eq!(dimensions("1,4294967295"), Ok(vec![1, u32::MAX]));
        assert_eq!(dimensions(""), Ok(vec![]));
        assert_eq!(dimensions("1,-1"), Err("--shape: \"-1\" is no whole number that fits".into()));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert_eq!(parse(&["--name"]), Err("--name: a value must follow".into()));
        assert_eq!(parse(&["--nam", "a"]), Err("--nam: there is no such option".into()));
        assert_eq!(parse(&["--type", "f8"]), Err("--type: \"f8\" is none of f16, f32, u8, i32".into()));
    }
}
