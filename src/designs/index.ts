// SPDX-License-Identifier: GPL-2.0-only
/** The designs, in the order in which reports show them; `legacy` is what the others are judged against. */
import { inputError } from '../base/diagnostics.js';
import type { Design } from './design.js';
import { legacy } from './legacy.js';
import { prepFix } from './prep-fix.js';
import { step1 } from './step1.js';
import { step2 } from './step2.js';
import { step2p } from './step2p.js';
import { v1 } from './v1.js';
import { v1On66 } from './v1-66.js';

export { DESIGN_SYMBOLS, type Design, type DesignSymbol, type DesignSymbols } from './design.js';

export const designs: readonly Design[] = [legacy, prepFix, v1, v1On66, step1, step2, step2p];

/** The design of that name; an InputError that lists the names where there is none. */
export function designByName(name: string): Design {
  const found = designs.find(design => design.name === name);
  if (found) return found;
  const names = designs.map(design => design.name).join(', ');
  return inputError('design-unknown', `there is no design '${name}'`, { notes: [`designs: ${names}`] });
}
