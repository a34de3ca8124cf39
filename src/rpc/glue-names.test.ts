import { describe, expect, it } from 'vitest';
import { glueGlobals } from './glue-globals.js';
import { glueName, toCamelCase } from './glue-names.js';

describe('glueName', () => {
  it.each([
    'classify',
    'load-by-name',
    '[method]graph-execution-context.compute',
    '[constructor]tensor',
    '[static]classifier.merge',
    'wasi:nn/errors@0.2.0-rc-2024-10-28',
    'error',
    'object',
    'string',
    'then',
    'eval',
    'resnet50',
  ])('keeps what jco can do with: %s', (name) => {
    expect(glueName(name)).toBe(name);
  });

  it.each([
    ['promise', 'renamed-promise'],
    ['set-timeout', 'renamed-set-timeout'],
    ['uint8-array', 'renamed-uint8-array'],
    ['undefined', 'renamed-undefined'],
    ['exports0', 'renamed-exports0'],
    ['handle-table12', 'renamed-handle-table12'],
    ['renamed-promise', 'renamed-renamed-promise'],
    ['HTTP-get', 'http-get'],
    ['[constructor]map', '[constructor]renamed-map'],
    ['[method]map.constructor', '[method]renamed-map.renamed-constructor'],
    ['[static]thing.prototype', '[static]thing.renamed-prototype'],
    ['[method]thing.to-string', '[method]thing.renamed-to-string'],
    ['[static]thing.name', '[static]thing.renamed-name'],
    ['a:map/promise@1.0.0', 'a:map/renamed-promise@1.0.0'],
  ])('gives another name where jco would take a variable twice: %s', (name, expected) => {
    expect(glueName(name)).toBe(expected);
  });

  it('gives different names to different ones', () => {
    const names = [...glueGlobals].map((name) => name.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase());
    const all = [...names, ...names.map((name) => `renamed-${name}`)];
    expect(new Set(all.map(glueName)).size).toBe(new Set(all).size);
  });
});

it('toCamelCase spells names as jco does', () => {
  expect(['load-by-name', 'HTTP-get', 'a-1', 'x'].map(toCamelCase)).toEqual(['loadByName', 'httpGet', 'a1', 'x']);
});
