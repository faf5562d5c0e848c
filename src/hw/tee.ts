// SPDX-License-Identifier: GPL-2.0-only
/** Two observers of one machine: each event goes to both, to the first one first. */
import { Observer } from './observer.js';

type Handler = (this: Observer, ...args: unknown[]) => void;

class Tee extends Observer {
  readonly both: readonly [Observer, Observer];

  constructor(first: Observer, second: Observer) {
    super();
    this.both = [first, second];
  }
}

// Every method of an observer is an event, so that none can be forgotten here.
for (const name of Object.getOwnPropertyNames(Observer.prototype)) {
  if (name === 'constructor') continue;
  const event: Handler = function (this: Observer, ...args: unknown[]): void {
    for (const observer of (this as Tee).both)
      (observer[name as keyof Observer] as Handler).apply(observer, args);
  };
  Object.defineProperty(Tee.prototype, name, { value: event });
}

/** An observer that passes everything on to both. Slow: for short stretches. */
export function tee(first: Observer, second: Observer): Observer {
  return new Tee(first, second);
}
