//! A guest that has a language model answer prompts, through the prompt interface that is proposed for wasi-nn.

use wasi::nn::graph;
use wasi::nn::prompt;

wit_bindgen::generate!({
    path: ["../../wit/wasi-nn-prompt", "../../wit/guests/prompt"],
    world: "wasi-nn-web:prompt/prompt",
    generate_all,
});

struct Answers;

export!(Answers);

impl Guest for Answers {
    fn answer(model: String, prompts: Vec<String>) -> Result<Vec<String>, String> {
        let graph = graph::load_by_name(&model).map_err(|error| error.data())?;
        let context = prompt::init(graph)?;
        prompts.iter().map(|prompt| context.compute(prompt)).collect()
    }
}
