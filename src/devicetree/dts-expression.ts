// SPDX-License-Identifier: GPL-2.0-only
/**
 * Numbers in source: literals, characters and expressions in parentheses, with the operators of C. As in
 * dtc 1.7 (dtc-parser.y) everything is an unsigned 64-bit number that wraps around, shifts by 64 and more
 * give 0, comparisons and logic give 0 or 1, and both sides of `&&`, `||` and `?:` are computed.
 */
import type { SourcePosition } from '../base/diagnostics.js';
import { quote } from './check.js';
import type { DtsLexer } from './dts-lex.js';
import { unescapeBytes } from './dts-string.js';

export const MAX_U64: bigint = 2n ** 64n - 1n;
/** Parentheses, prefix operators and `?:` inside of each other. */
const MAX_NESTING = 200;

const LITERAL = /(?:0[xX][0-9a-fA-F]+|[0-9]+)(?:ULL|UL|LL|U|L)?/y;
const BINARY = /\|\||&&|==|!=|<=|>=|<<|>>|[|^&<>+\-*/%]/y;
const PREFIX = /[-~]|!(?!=)/y;

/** How tightly each operator binds; those of one level group from the left. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

/** A literal, a character or an expression in parentheses, 0 … 2^64 - 1; undefined if none comes next. */
export function parseInteger(lexer: DtsLexer): bigint | undefined {
  return new ExpressionParser(lexer).primary(0);
}

class ExpressionParser {
  private readonly lexer: DtsLexer;

  constructor(lexer: DtsLexer) {
    this.lexer = lexer;
  }

  primary(nesting: number): bigint | undefined {
    const { lexer } = this;
    const position = lexer.position();
    const literal = lexer.match(LITERAL);
    if (literal !== undefined) return parseLiteral(lexer, literal, position);
    const character = lexer.quoted("'");
    if (character !== undefined) return parseCharacter(lexer, character, position);
    if (!lexer.take('(')) return undefined;
    const value = this.conditional(nesting + 1);
    lexer.expect(')');
    return value;
  }

  private conditional(nesting: number): bigint {
    const condition = this.binary(1, nesting);
    if (!this.lexer.take('?')) return condition;
    const whenTrue = this.conditional(nesting + 1);
    this.lexer.expect(':');
    const whenFalse = this.conditional(nesting + 1);
    return condition !== 0n ? whenTrue : whenFalse;
  }

  /** Operands joined by operators that bind at least as tightly as `level`. */
  private binary(level: number, nesting: number): bigint {
    let left = this.prefixed(nesting);
    for (;;) {
      const operator = this.lexer.peek(BINARY);
      const precedence = operator === undefined ? 0 : PRECEDENCE[operator]!;
      if (operator === undefined || precedence < level) return left;
      const position = this.lexer.position();
      this.lexer.take(operator);
      const right = this.binary(precedence + 1, nesting);
      left = this.apply(operator, left, right, position);
    }
  }

  private prefixed(nesting: number): bigint {
    const position = this.lexer.position();
    if (nesting > MAX_NESTING) {
      this.lexer.fail('expression-nesting', `more than ${MAX_NESTING} levels of nesting`, position);
    }
    const operator = this.lexer.match(PREFIX);
    if (operator === undefined) return this.primary(nesting) ?? this.lexer.unexpected('a number');
    const value = this.prefixed(nesting + 1);
    if (operator === '!') return truth(value === 0n);
    return BigInt.asUintN(64, operator === '-' ? -value : ~value);
  }

  private apply(operator: string, left: bigint, right: bigint, position: SourcePosition): bigint {
    if ((operator === '/' || operator === '%') && right === 0n) {
      this.lexer.problems.error('division-by-zero', `${left} ${operator} 0`, { position });
      return 0n;
    }
    return BigInt.asUintN(64, compute(operator, left, right));
  }
}

function compute(operator: string, left: bigint, right: bigint): bigint {
  switch (operator) {
    case '||':
      return truth(left !== 0n || right !== 0n);
    case '&&':
      return truth(left !== 0n && right !== 0n);
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '&':
      return left & right;
    case '==':
      return truth(left === right);
    case '!=':
      return truth(left !== right);
    case '<':
      return truth(left < right);
    case '>':
      return truth(left > right);
    case '<=':
      return truth(left <= right);
    case '>=':
      return truth(left >= right);
    case '<<':
      return right < 64n ? left << right : 0n;
    case '>>':
      return right < 64n ? left >> right : 0n;
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    default:
      return left % right;
  }
}

function truth(condition: boolean): bigint {
  return condition ? 1n : 0n;
}

/** As strtoull() with base 0: `0x` is hexadecimal, another leading 0 octal. */
function parseLiteral(lexer: DtsLexer, literal: string, position: SourcePosition): bigint {
  const digits = literal.replace(/[UL]+$/, '');
  const isHex = /^0[xX]/.test(digits);
  const isOctal = !isHex && digits.length > 1 && digits.startsWith('0');
  if (isOctal && /[89]/.test(digits)) {
    lexer.problems.error('bad-literal', `${quote(literal)}: a leading 0 means octal, without 8 and 9`, {
      position,
    });
    return 0n;
  }
  const significant = digits.replace(/^0[xX]?0*/, '');
  // No 64-bit number has more than 22 digits in any of the bases; huge ones take long to convert.
  const prefix = isHex ? '0x' : isOctal ? '0o' : '';
  const value = significant.length > 22 ? MAX_U64 + 1n : BigInt(`${prefix}${significant || '0'}`);
  if (value <= MAX_U64) return value;
  lexer.problems.error('bad-literal', `${quote(literal)} has more than 64 bits`, { position });
  return MAX_U64;
}

function parseCharacter(lexer: DtsLexer, content: string, position: SourcePosition): bigint {
  const bytes = unescapeBytes(lexer, content, position);
  if (bytes.length === 1) return BigInt(bytes[0]!);
  const message = `a character literal is one byte, ${quote(content)} is ${bytes.length}`;
  lexer.problems.error('bad-literal', message, { position });
  return 0n;
}
