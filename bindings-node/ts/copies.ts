const NAME = Symbol.for('beproduct-client.class');

/**
 * Lets `instanceof` hold for objects of the package's other copy: a program that both imports and requires it has two. A
 * class that a program derives from one of these stays an ordinary one.
 */
export function knownAcrossCopies(...classes: Function[]): void {
  for (const { name, prototype } of classes) Object.defineProperty(prototype, NAME, { value: name });
  for (const type of classes) {
    Object.defineProperty(type, Symbol.hasInstance, { value: hasInstance, configurable: true });
  }
}

function hasInstance(this: Function, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(this.prototype, NAME)) return false;
  for (let type = Object.getPrototypeOf(value); type !== null; type = Object.getPrototypeOf(type)) {
    if (Object.hasOwn(type, NAME) && type[NAME] === this.prototype[NAME]) return true;
  }
  return false;
}
