import { expect, it } from 'vitest';
import { messageOf, WasiNNError } from '../../standard/error.js';
import { withTypeNames } from './type-names.js';

it.each([
  [16, 'BF16'],
  [17, 'FP8E4M3FN'],
  [20, 'FP8E5M2FNUZ'],
  [24, 'FP8E8M0'],
  [999, '999'],
])('the type of an input or output, %d, has a name: %s', (number, name) => {
  const error = withTypeNames(new Error(`unsupported data type: ${number}`));
  expect(error).toBeInstanceOf(WasiNNError);
  expect(error).toMatchObject({ code: 'unsupported-operation' });
  expect(messageOf(error)).toContain(`the type ${name},`);
});

it('numbers of types in other texts become names', () => {
  const cause = new Error('ERROR_CODE: 1, ERROR_MESSAGE: WebNN backend does not support data type: 11');
  expect(messageOf(withTypeNames(cause))).toBe(
    'ERROR_CODE: 1, ERROR_MESSAGE: WebNN backend does not support data type: FP64',
  );
});

it.each([
  new Error('there is no number of a data type'),
  42,
  'data type: 11',
  new WebAssembly.RuntimeError('unreachable'),
])('what says nothing of types stays as it is: %s', (cause) => {
  expect(withTypeNames(cause)).toBe(cause);
});
