import { quote, WasiNNError } from './error.js';
import { type TextSettingKind, textSettingKinds } from './text-settings.js';

/** Settings of a language model, by the names that WasmEdge has for them (`text-settings.ts`). */
export type TextConfiguration = Readonly<Record<string, TextSetting>>;

export type TextSetting = boolean | number | string;

/** More is no configuration. A grammar or a JSON schema may be long. */
export const maximumConfigurationBytes = 2 ** 20;

/**
 * Reads a configuration.
 *
 * @param operation what is being done, for the error's text
 * @returns the settings that are known. Others are left out
 * @throws WasiNNError `invalid-encoding` for what is no JSON object, `invalid-argument` for a value of another type than the
 *   setting has, `unsupported-operation` for a setting that asks for what is not supported
 */
export function parseTextConfiguration(operation: string, json: string): TextConfiguration {
  const configuration: Record<string, TextSetting> = {};
  for (const [name, value] of Object.entries(parseObject(operation, json))) {
    const kind = textSettingKinds.get(name);
    if (kind === undefined) continue;
    if (!isOfKind(value, kind)) {
      const text = `${operation}: the setting ${quote(name)} should be ${descriptions[kind]}, but ${quote(JSON.stringify(value))} came`;
      throw new WasiNNError('invalid-argument', text);
    }
    configuration[name] = value;
  }
  refuseUnsupported(operation, configuration);
  return configuration;
}

function parseObject(operation: string, json: string): object {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new WasiNNError('invalid-encoding', `${operation}: the configuration ${quote(json)} is no JSON`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new WasiNNError('invalid-encoding', `${operation}: the configuration ${quote(json)} is no JSON object`);
}

const descriptions: Readonly<Record<TextSettingKind, string>> = {
  boolean: 'a boolean',
  integer: 'an integer',
  number: 'a number',
  string: 'a string',
  switch: 'a boolean, "on", "off" or "auto"',
};

function isOfKind(value: unknown, kind: TextSettingKind): value is TextSetting {
  switch (kind) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value);
    case 'number':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'switch':
      return typeof value === 'boolean' || value === 'on' || value === 'off' || value === 'auto';
  }
}

function refuseUnsupported(operation: string, { tts, reranking }: TextConfiguration): void {
  const asked = [...(tts === true ? ['speech (tts)'] : []), ...(reranking === true ? ['reranking'] : [])];
  if (asked.length === 0) return;
  const text = `${operation}: the configuration asks for ${asked.join(' and ')}: only texts and embeddings are supported`;
  throw new WasiNNError('unsupported-operation', text);
}
