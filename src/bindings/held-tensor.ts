import { andThen, lastly } from '../engine/awaitable.js';
import { type Awaitable, type EngineLink, isResident, type LinkTensor, type NamedLinkTensor } from '../engine/link.js';
import type { TensorValue } from '../standard/tensor.js';

/**
 * A tensor as a binding holds it. One that has stayed on a device is read when its bytes are first asked for, and given
 * back when the last of its holders has let go of it.
 */
export class HeldTensor {
  readonly #link: EngineLink | undefined;
  #tensor: LinkTensor;
  #reading: Promise<TensorValue> | undefined;
  #holders = 1;

  /** @param link where the tensor came from, if it came from a link */
  constructor(tensor: LinkTensor, link?: EngineLink) {
    this.#tensor = tensor;
    this.#link = link;
  }

  /** What is known of it without asking. */
  get tensor(): LinkTensor {
    return this.#tensor;
  }

  /** Its bytes, which are read once; where that fails, it is tried again when they are next asked for. */
  value(): Awaitable<TensorValue> {
    if (this.#reading !== undefined) return this.#reading;
    const tensor = this.#tensor;
    if (!isResident(tensor)) return tensor;
    const reading = this.#read(tensor.resident);
    if (reading instanceof Promise) this.#reading = reading;
    return reading;
  }

  /** What a link takes as an input; a value's buffer goes along. */
  forLink(link: EngineLink): Awaitable<LinkTensor> {
    return this.#link === link && !this.#reading ? this.#tensor : this.value();
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    this.#holders--;
    if (this.#holders === 0 && !this.#reading) this.#giveBack();
  }

  #read(resident: number): Awaitable<TensorValue> {
    const link = this.#link;
    if (!link) throw new TypeError('a tensor on a device was held without its link');
    const ask = () =>
      andThen(link.readTensor(resident), (value) => {
        this.#giveBack();
        this.#tensor = value;
        return value;
      });
    return lastly(ask, () => {
      this.#reading = undefined;
      if (this.#holders === 0) this.#giveBack();
    });
  }

  /** Whether that succeeds is of no concern to the guest. */
  #giveBack(): void {
    if (!isResident(this.#tensor)) return;
    try {
      const answer = this.#link?.releaseTensor(this.#tensor.resident);
      if (answer instanceof Promise) answer.catch(() => undefined);
    } catch {}
  }
}

export type NamedHeldTensor = readonly [name: string, tensor: HeldTensor];

export function holdAll(outputs: readonly NamedLinkTensor[], link: EngineLink): NamedHeldTensor[] {
  return outputs.map(([name, tensor]) => [name, new HeldTensor(tensor, link)]);
}

export function releaseAll(tensors: readonly NamedHeldTensor[] | undefined): void {
  for (const [, tensor] of tensors ?? []) tensor.release();
}

/** Tensors as a link takes them. */
export function forLink(tensors: readonly NamedHeldTensor[], link: EngineLink): Awaitable<readonly NamedLinkTensor[]> {
  return inTurn(tensors, (tensor) => tensor.forLink(link));
}

/** Does something to tensors, one after another. */
function inTurn(
  tensors: readonly NamedHeldTensor[],
  action: (tensor: HeldTensor) => Awaitable<LinkTensor>,
): Awaitable<readonly NamedLinkTensor[]> {
  return tensors.reduce<Awaitable<readonly NamedLinkTensor[]>>((done, [name, tensor]) => {
    return andThen(done, (others) => andThen(action(tensor), (one) => [...others, [name, one]]));
  }, []);
}

/** What is set as input outlives the call, whose own bytes may be transferred. */
export function copyBytes([name, tensor]: NamedLinkTensor): NamedLinkTensor {
  return [name, isResident(tensor) ? tensor : { ...tensor, data: tensor.data.slice() }];
}

/** A link of which all outputs come by their values, for guests that cannot wait where they ask for the bytes. */
export function withoutResidents(link: EngineLink): EngineLink {
  function fetch(outputs: readonly NamedLinkTensor[]): Awaitable<readonly NamedLinkTensor[]> {
    const held = holdAll(outputs, link);
    return lastly(
      () => inTurn(held, (tensor) => tensor.value()),
      () => releaseAll(held),
    );
  }

  return {
    load: (parts, encoding, target) => link.load(parts, encoding, target),
    loadByName: (name) => link.loadByName(name),
    compute: (graph, inputs) => andThen(link.compute(graph, inputs), fetch),
    unload: (graph) => link.unload(graph),
    readTensor: (resident) => link.readTensor(resident),
    releaseTensor: (resident) => link.releaseTensor(resident),
  };
}
