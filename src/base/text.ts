// SPDX-License-Identifier: GPL-2.0-only
/**
 * Text for a terminal. What a user's file holds may hold anything: escape sequences that clear the screen or rename
 * the window, or half a binary. It is shown with its control characters written out.
 */

/** Control characters but line feed and tab as `\x1b`. */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, character => {
    if (character === '\n' || character === '\t') return character;
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
