"""Writes a trained network and its tokeniser as a GGUF file that llama.cpp reads."""

from pathlib import Path

import gguf
import numpy as np

from network import Parameters, Shape
from tokenizer import BEGIN, END, UNKNOWN, Tokenizer

# What the visitor says is Alice's; a speech of somebody else answers.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'user' %}\"{{ message.content }}\" said Alice.\n\n"
    "{% elif message.role == 'assistant' %}\"{{ message.content }}\n\n{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}\"{% endif %}"
)


def write_gguf(path: Path, parameters: Parameters, shape: Shape, tokenizer: Tokenizer) -> None:
    file = gguf.GGUFWriter(path, "llama")
    file.add_name("Wonderland")
    file.add_description("Trained on Alice's Adventures in Wonderland by Lewis Carroll, which is in the public domain")
    file.add_license("Apache-2.0")
    file.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    file.add_context_length(shape.context)
    file.add_embedding_length(shape.width)
    file.add_block_count(shape.layers)
    file.add_feed_forward_length(shape.feed_forward)
    file.add_head_count(shape.heads)
    file.add_head_count_kv(shape.key_heads)
    file.add_layer_norm_rms_eps(shape.epsilon)
    file.add_rope_dimension_count(shape.head_width)
    file.add_rope_freq_base(shape.rotary_base)
    file.add_vocab_size(shape.vocabulary)
    file.add_tokenizer_model("llama")
    file.add_token_list(tokenizer.pieces)
    file.add_token_scores(tokenizer.scores)
    file.add_token_types(tokenizer.types)
    file.add_bos_token_id(BEGIN)
    file.add_eos_token_id(END)
    file.add_unk_token_id(UNKNOWN)
    file.add_add_bos_token(True)
    file.add_add_eos_token(False)
    file.add_add_space_prefix(False)
    file.add_chat_template(CHAT_TEMPLATE)
    for name, value in parameters.items():
        data = np.asarray(value)
        # llama.cpp expects norms as f32.
        file.add_tensor(name, data.astype(np.float32 if data.ndim == 1 else np.float16))
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
