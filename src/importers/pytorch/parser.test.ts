import { describe, expect, it } from 'vitest';
import { parse } from './parser.js';

describe('parse', () => {
  it('reads what PyTorch prints of a class', () => {
    const [definition] = parse(
      [
        'class Block(Module):',
        '  __parameters__ = ["weight", ]',
        '  weight : Tensor',
        '  padding : Final[Tuple[int]] = (1,)',
        '  __annotations__["0"] = __torch__.torch.nn.Conv2d',
        '  def forward(self: __torch__.Block,',
        '    x: Tensor,',
        '    hx: Optional[Tuple[Tensor, Tensor]]=None) -> Tensor:',
        '    _0, _1, = getattr(self, "0")',
        '    y : Optional[int] = annotate(int, -1)',
        '    return torch.zeros([2], dtype=6, layout=None)',
      ].join('\n'),
    );
    expect(definition).toMatchObject({ kind: 'class', name: 'Block', base: 'Module' });
    const forward = definition?.kind === 'class' ? definition.body.at(-1) : undefined;
    expect(forward).toMatchObject({
      kind: 'function',
      parameters: [{ name: 'self' }, { name: 'x' }, { name: 'hx', byDefault: { kind: 'constant', value: null } }],
      body: [
        { kind: 'assignment', target: { kind: 'list', items: [{ name: '_0' }, { name: '_1' }] } },
        { kind: 'assignment', value: { kind: 'call', positional: [{ name: 'int' }, { kind: 'negative' }] } },
        {
          kind: 'return',
          value: {
            named: [
              ['dtype', { value: 6 }],
              ['layout', { value: null }],
            ],
          },
        },
      ],
    });
  });

  it('reads branches and loops', () => {
    const [branch, loop] = parse(
      [
        'if a:',
        '  pass',
        'elif b:',
        '  c = 1',
        'else:',
        '  c = 2',
        '',
        '# a comment',
        'for i in range(3):',
        '  d = (c)[0]',
      ].join('\n'),
    );
    expect(branch).toMatchObject({
      kind: 'if',
      whenTrue: [{ kind: 'pass' }],
      whenFalse: [{ kind: 'if', whenFalse: [{ value: { value: 2 } }] }],
    });
    expect(loop).toMatchObject({ kind: 'for', target: 'i', body: [{ value: { kind: 'subscript' } }] });
  });

  it.each([
    ['"a\\n\\"b\\"\\\\"', 'a\n"b"\\'],
    ['"\\302"', '\xc2'],
    ["'single'", 'single'],
  ])('reads the string %s', (source, value) => {
    expect(parse(source)).toEqual([{ kind: 'expression', expression: { kind: 'constant', value } }]);
  });

  it.each([
    ['a = ', 'line 1'],
    ['x = 1\nif a\n  pass', 'line 2'],
    ['def f(:\n  pass', 'line 1'],
    ['a ? b', 'line 1'],
    ['import os', 'end of the line'],
    ['"never ends', 'line 1'],
  ])('refuses %j, and says where', (source, place) => {
    expect(() => parse(source)).toThrow(
      expect.objectContaining({ code: 'invalid-encoding', message: expect.stringContaining(place) }),
    );
  });
});
