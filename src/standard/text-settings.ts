const kinds = ['boolean', 'integer', 'number', 'string', 'switch'] as const;

/** What a setting's value may be. `switch`: a boolean, or "on", "off" or "auto". */
export type TextSettingKind = (typeof kinds)[number];

/**
 * The settings of WasmEdge's language models, and the types of their values. `backends/text/parameters.ts` has what the
 * runtime calls those that it has. The last group has no meaning in a page: their values are checked, and then ignored.
 */
const settings: Readonly<Record<TextSettingKind, string>> = {
  boolean: `
    embedding reranking ctx-shift cont-batching warmup no-kv-offload lora-init-without-apply ignore-eos stream-stdout enable-log
    enable-debug-log tts

    use-mmap use-mlock cpu-moe strict-cpu strict-cpu-batch mask-valid mask-valid-batch hellaswag winogrande multiple-choice
    kl-divergence usage use-color special interactive interactive-first prompt-cache-all prompt-cache-ro escape
    multiline-input simple-io no-perf no-perf-infer timing-per-token display-prompt verbose-prompt check-tensors
    input-prefix-bos enable-chat-template webui endpoint-slots endpoint-props endpoint-metrics log-json is-pp-shared
    process-output compute-ppl spm-infill batched-bench-output-jsonl always-regenerate-image-embd`,
  integer: `
    ctx-size batch-size ubatch-size threads n-gpu-layers n-keep n-parallel n-cache-reuse pooling-type rope-scaling-type
    yarn-orig-ctx cache-type-k cache-type-v n-predict top-k last-n-penalty dry-allowed-length mirostat seed min-keep n-probs
    n-prev

    threads-batch main-gpu split-mode numa n-cpu-moe priority priority-batch poll poll-batch attention-type grp-attn-n
    grp-attn-w n-chunks n-sequences n-print n-ctx-speculative n-max-speculative n-min-speculative
    n-gpu-layers-speculative control-vector-layer-start control-vector-layer-end verbosity ppl-stride ppl-output-type
    hellaswag-tasks winogrande-tasks multiple-choice-tasks embd-normalize port timeout-read timeout-write n-threads-http
    chunk-size n-junk i-pos n-out-freq n-save-freq i-chunk n-pca-batch n-pca-iterations`,
  number: `
    rope-freq-base rope-freq-scale yarn-ext-factor yarn-attn-factor yarn-beta-fast yarn-beta-slow temp top-p min-p typ-p
    repeat-penalty presence-penalty frequency-penalty dynatemp-range dynatemp-exponent xtc-probability xtc-threshold
    dry-multipier dry-base mirostat-eta

    p-min-speculative slot-prompt-similarity defrag-threshold`,
  string: `
    chat-template grammar json-schema reverse-prompt mmproj image

    tensor-split model-url hf-token hf-repo hf-file prompt-file path-prompt-cache input-prefix input-suffix
    lookup-cache-static lookup-cache-dynamic logits-file embd-out embd-sep hostname public-path ssl-file-key ssl-file-cert
    slot-save-path chunk-separator out-file cvector-outfile cvector-positive-file cvector-negative-file model-alias
    tts-output-file tts-speaker-file model-vocoder`,
  switch: 'flash-attn',
};

export const textSettingKinds: ReadonlyMap<string, TextSettingKind> = new Map(
  kinds.flatMap((kind) =>
    settings[kind]
      .trim()
      .split(/\s+/)
      .map((name) => [name, kind] as const),
  ),
);
