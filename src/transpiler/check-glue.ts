import { type AnyNode, type MemberExpression, Parser, type Program } from 'acorn';
import { full, fullAncestor } from 'acorn-walk';
import { analyze } from 'eslint-scope';
import { limitNesting } from './limit-nesting.js';

/**
 * The check of the script that jco makes. It is loaded later than the rest, and imports nothing that the rest imports: WebKit would
 * run the worker's script once more.
 */

/** Names that jco reads without declaring them, in paths that are not taken. They are no globals of a browser. */
const undeclared: ReadonlySet<string> = new Set(['componentIdx', 'rep', 'vals']);

/** Names that mean something by themselves, and that nothing may take the place of. */
const reserved: ReadonlySet<string> = new Set(['undefined', 'globalThis', 'arguments', 'eval']);

/** What jco reads of the global object. */
const globalMembers: ReadonlySet<string | undefined> = new Set(['process', 'WebAssembly']);

/** Ours have less than half a million; types that are made of types that are made of types come to very many. */
const maxLength = 2 ** 24;

const LimitedParser = Parser.extend(limitNesting);

const exportedNames = ['_util', 'instantiate'];

/** What loads other code. A guest's worker cannot refuse it by itself (`guest/confine.ts`). */
const loadingNodes: ReadonlySet<AnyNode['type']> = new Set([
  'ExportAllDeclaration',
  'ImportDeclaration',
  'ImportExpression',
]);

/** What the glue has no use for. */
const refusedNodes: ReadonlySet<AnyNode['type']> = new Set([
  'DebuggerStatement',
  'ExportDefaultDeclaration',
  'TaggedTemplateExpression',
  'WithStatement',
]);

/**
 * Checks that a script is glue of jco's: that it reaches nothing outside but the globals that jco uses, loads nothing,
 * and makes no code. Whatever gets into it from a component is then a name and no code.
 *
 * @throws Error where it is not so
 */
export function checkGlue(script: string, globals: ReadonlySet<string>): void {
  const program = parseScript(script);
  checkExports(program);
  withinStack(() => {
    fullAncestor(program, (_node, _state, ancestors) => checkNode(ancestors));
    checkVariables(program, globals);
  });
}

/**
 * Checks that a script loads no other code, and nothing more. A guest's worker takes everything else from code that gets
 * into it.
 *
 * @throws Error where it does
 */
export function checkLoading(script: string): void {
  const program = parseScript(script);
  withinStack(() => full(program, refuseLoading));
}

/** What is nested in very much else is too much for the stack. */
function withinStack(check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw cause instanceof RangeError ? refusal(`it cannot be checked: ${cause.message}`) : cause;
  }
}

function refuseLoading(node: AnyNode): void {
  const loads = loadingNodes.has(node.type) || (node.type === 'ExportNamedDeclaration' && node.source);
  if (loads) throw refusal(`it has a node of type ${node.type}`);
  if (node.type === 'MetaProperty' && node.meta.name !== 'new') throw refusal('it uses import.meta');
}

function parseScript(script: string): Program {
  if (script.length > maxLength) throw refusal(`it has ${script.length} characters, more than ${maxLength}`);
  try {
    return LimitedParser.parse(script, { ecmaVersion: 2024, sourceType: 'module', ranges: true });
  } catch (cause) {
    throw refusal(`it cannot be parsed: ${String(cause)}`);
  }
}

function checkExports({ body }: Program): void {
  const names = body.flatMap((statement) => {
    if (statement.type !== 'ExportNamedDeclaration') return [];
    const { declaration, specifiers } = statement;
    if (specifiers.length > 0 || !declaration) throw refusal('it exports a list of names');
    if (declaration.type !== 'VariableDeclaration') return [declaration.id.name];
    return declaration.declarations.map(({ id }) => (id.type === 'Identifier' ? id.name : '…'));
  });
  if (names.sort().join() !== exportedNames.join()) throw refusal(`it exports ${quote(names.join())}`);
}

/** @param ancestors the node, last, and those around it */
function checkNode(ancestors: readonly AnyNode[]): void {
  const [parent, node] = ancestors.slice(-2);
  const current = node ?? parent;
  if (!current) return;
  refuseLoading(current);
  if (refusedNodes.has(current.type)) throw refusal(`it has a node of type ${current.type}`);
  if (current.type === 'MemberExpression') checkMember(current, node ? parent : undefined);
  if (current.type === 'Identifier' && current.name === 'globalThis')
    checkGlobalObject(current, node ? parent : undefined);
  if (current.type === 'Property' && nameOf(current.key) === '__proto__') throw refusal('it sets a prototype');
}

/** The constructor of anything leads to `Function`; jco compares the names of constructors and nothing more. */
function checkMember(member: MemberExpression, parent: AnyNode | undefined): void {
  const name = nameOf(member.property);
  const isRead = !member.computed || member.property.type === 'Literal';
  if (!isRead || (name !== 'constructor' && name !== '__proto__')) return;
  const isNameRead = parent?.type === 'MemberExpression' && nameOf(parent.property) === 'name' && !parent.computed;
  if (name === '__proto__' || !isNameRead) throw refusal(`it reads a property ${name}`);
}

/** The global object itself goes nowhere: of it, one member is read. */
function checkGlobalObject(globalObject: AnyNode, parent: AnyNode | undefined): void {
  const isRead = parent?.type === 'MemberExpression' && parent.object === globalObject && !parent.computed;
  if (!isRead || !globalMembers.has(nameOf(parent.property))) throw refusal('it uses the global object');
}

function nameOf(node: AnyNode): string | undefined {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined;
}

function checkVariables(program: Program, globals: ReadonlySet<string>): void {
  // acorn describes the same tree as ESTree does, in types of its own.
  const tree = program as Parameters<typeof analyze>[0];
  const { scopes, globalScope } = analyze(tree, { ecmaVersion: 2024, sourceType: 'module' });
  for (const { set } of scopes) {
    for (const [name, { identifiers }] of set) {
      const isDeclared = identifiers.length > 0;
      if (isDeclared && (globals.has(name) || reserved.has(name))) {
        throw refusal(`a name in the component takes the place of ${name}: rename it`);
      }
    }
  }
  for (const { identifier } of globalScope?.through ?? []) {
    const { name } = identifier;
    if (!globals.has(name) && !isKnown(name)) throw refusal(`it uses ${quote(name)}`);
  }
}

function isKnown(name: string): boolean {
  return undeclared.has(name) || name === 'undefined' || name === 'globalThis';
}

/** A name of a component may be of any length. */
function quote(name: string): string {
  return JSON.stringify(name.slice(0, 200));
}

function refusal(what: string): Error {
  return new Error(what);
}
