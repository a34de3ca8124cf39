import { describe, expect, it } from 'vitest';
import * as write from './component-assembler.fixture.js';
import { componentWith } from './every-name.fixture.js';
import { openComponent } from './open-component.js';

/** A component that exports one component of its own under many names. */
function exporting(...names: readonly string[]): Uint8Array<ArrayBuffer> {
  const { componentSection: section, sort } = write;
  const u32 = { primitive: write.value.u32 };
  const nested = write.component([
    section.types([write.functionType([], u32)]),
    section.imports([write.importFunction('given', 0)]),
    section.exports(names.map((name) => write.exported(name, sort.function, 0))),
  ]);
  return Uint8Array.from(
    write.component([
      section.types([write.functionType([], u32)]),
      section.imports([write.importFunction('given', 0)]),
      section.component(nested),
      section.instances([write.instantiate(0, [['given', sort.function, 0]])]),
      section.exports([write.exported('a:b/c', sort.instance, 0)]),
    ]),
  );
}

describe('openComponent', () => {
  it('names what a component has by its own names, and gives jco other ones', () => {
    const { component, bytes } = openComponent(componentWith({ 'exported function': 'exports0' }));
    expect(component.functions).toContain('exports0');
    expect(Buffer.from(bytes).includes('renamed-exports0')).toBe(true);
  });

  it.each([[['a-1', 'a1']], [['get-x', 'get-X']]])('refuses exports that are the same in JavaScript: %s', (names) => {
    expect(() => openComponent(exporting(...names))).toThrow(/which are the same in JavaScript: rename one/);
  });

  it('refuses more exports than anybody calls', () => {
    const many = Array.from({ length: 10_001 }, (_, index) => `f${index}`);
    expect(() => openComponent(exporting(...many))).toThrow(/exports 10001 functions/);
    expect(() => openComponent(exporting(...many.slice(1)))).not.toThrow();
  });
});
