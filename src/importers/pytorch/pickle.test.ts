import { describe, expect, it } from 'vitest';
import { integer, pickle, text } from './archive.fixture.js';
import { unpickle } from './pickle.js';
import { FloatNumber } from './values.js';

const read = (body: string) => unpickle(pickle(body), () => null);

describe('unpickle', () => {
  it.each([
    ['None', 'N', null],
    ['a truth value', '\x88', true],
    ['a small integer', 'K\x07', 7],
    ['a negative integer', integer(-3), -3],
    ['a long integer', '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f', 2 ** 63],
    ['a float', 'G?\xe0\0\0\0\0\0\0', new FloatNumber(0.5)],
    ['a string', text('abc'), 'abc'],
    ['a tuple', 'K\x01K\x02\x86', [1, 2]],
    ['a list', '](K\x01K\x02e', [1, 2]],
    ['a dictionary', `}${text('a')}K\x01s`, new Map([['a', 1]])],
    ['a value that is remembered', 'K\x05q\x00h\x00\x86', [5, 5]],
    ['a list of integers', 'ctorch.jit._pickle\nbuild_intlist\n](K\x01e\x85R', [1]],
  ])('reads %s', (_, body, expected) => {
    expect(read(body)).toEqual(expected);
  });

  it.each([
    ['a function of the system', `cposix\nsystem\n${text('ls')}\x85R`],
    ['eval', `cbuiltins\neval\n${text('1')}\x85R`],
    ['getattr', `cbuiltins\ngetattr\n${text('a')}${text('b')}\x86R`],
    ['an object of a class from elsewhere', 'csubprocess\nPopen\n)\x81}b'],
    ['an opcode that TorchScript does not use', 'I1\n'],
    ['a string longer than the file', 'X\xff\xff\xff\x7f'],
    ['a value that nobody has remembered', 'h\x05'],
    ['more values than there are', '\x86'],
    ['a mark that is missing', 't'],
    ['items of what is no dictionary', 'K\x01K\x01K\x01s'],
  ])('refuses %s', (_, body) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'invalid-encoding' }));
  });

  it('refuses a pickle of absurdly many values', () => {
    expect(() => read(']'.repeat(1_500_000))).toThrow(expect.objectContaining({ code: 'too-large' }));
  });

  it('reads values that refer to one another in a circle, and lists that share one another', () => {
    const doubled = Array.from(
      { length: 40 },
      (_, index) =>
        `h${String.fromCharCode(index)}h${String.fromCharCode(index)}\x86q${String.fromCharCode(index + 1)}`,
    );
    expect(read(`]q\x00${doubled.join('')}`)).toHaveLength(2);
    expect(read(']q\x00h\x00a')).toHaveLength(1);
  });
});
