// SPDX-License-Identifier: GPL-2.0-only
/** The `.config` reader: forms of a line, what is refused, real files of real kernels, and noise. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { sharedPath, skipWithout } from '../../tests/support/shared.js';
import { type Diagnostic, EnvironmentError, InputError } from '../base/diagnostics.js';
import type { KconfigValue } from './config.js';
import { kernelConfigFromText, loadKernelConfig, parseKconfig } from './kconfig.js';

const header = '# Linux/arm 6.12.117 Kernel Configuration\n';
const minimal = 'CONFIG_ARM=y\nCONFIG_MMU=y\n';

/** The diagnostics of the InputError that `action` throws. */
function problems(action: () => unknown): readonly Diagnostic[] {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.diagnostics;
  }
  return assert.fail('no InputError');
}

test('every form of a line', () => {
  const text = `#\n${header}\nCONFIG_A=y\r\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=n\nCONFIG_E=-12\nCONFIG_F=0xC0000000\nCONFIG_G="a \\"b\\" \\\\"\nCONFIG_H=""\n# end of it`;
  const parsed = parseKconfig(text, 'x.config');
  assert.deepEqual(Object.fromEntries(parsed.symbols), {
    A: true,
    B: true,
    C: false,
    D: false,
    E: -12,
    F: 0xc0000000,
    G: 'a "b" \\',
    H: '',
  });
  assert.deepEqual(parsed.release, { major: 6, minor: 12, text: '6.12.117' });
  assert.equal(parsed.architecture, 'arm');
  assert.equal(parsed.builtIn, 1);
  assert.deepEqual(parsed.diagnostics, []);
});

test('lines that are nothing and values that are nothing are errors, all of them', () => {
  const found = problems(() =>
    parseKconfig('CONFIG_A=y\nhello\nCONFIG_B=yes\nCONFIG_C="open\n CONFIG_D=y', 'x.config'),
  );
  assert.deepEqual(
    found.map(({ id, position }) => [id, position?.line]),
    [
      ['config-line', 2],
      ['config-value', 3],
      ['config-value', 4],
      ['config-line', 5],
    ],
  );
  const many = problems(() => parseKconfig('junk\n'.repeat(1000), 'x.config'));
  assert.equal(many.length, 21);
  assert.match(many[20]?.message ?? '', /^980 more/);
});

test('of two assignments the later counts, with a warning', () => {
  const { symbols, diagnostics } = parseKconfig('CONFIG_A=y\n# CONFIG_A is not set\n', 'x.config');
  assert.equal(symbols.get('A'), false);
  assert.deepEqual(
    diagnostics.map(({ id, position }) => [id, position?.line]),
    [['config-duplicate', 2]],
  );
});

test('configs that are not of an ARM kernel with MMU are refused by rule', () => {
  const id = (text: string): string | undefined => problems(() => kernelConfigFromText(text, 'f'))[0]?.id;
  assert.equal(
    id('# Linux/arm64 6.1.0 Kernel Configuration\nCONFIG_ARM64=y\nCONFIG_MMU=y\n'),
    'config-not-arm',
  );
  assert.equal(id('CONFIG_SYSVIPC=y\n'), 'config-not-arm');
  assert.equal(id(`${header}CONFIG_ARM=y\n# CONFIG_MMU is not set\n`), 'config-no-mmu');
  assert.equal(id(`${header}CONFIG_ARM=y\n`), 'config-no-mmu');
  assert.equal(id(`${header}${minimal}CONFIG_XIP_KERNEL=y\n`), 'config-xip');
});

test('the release picks the modelled kernel, with a note where it is not one', () => {
  const version = (release: string): [string, string[]] => {
    const notes: string[] = [];
    const text = `# Linux/arm ${release} Kernel Configuration\n${minimal}`;
    const config = kernelConfigFromText(text, 'f', { report: ({ id }) => notes.push(id) });
    return [config.version, notes];
  };
  assert.deepEqual(version('6.12.117'), ['6.12', []]);
  assert.deepEqual(version('6.1.176'), ['6.1', []]);
  assert.deepEqual(version('5.15.0-rc1'), ['5.15', []]);
  assert.deepEqual(version('6.6.3'), ['6.1', ['config-release']]);
  assert.deepEqual(version('6.7.0'), ['6.12', ['config-release']]);
  assert.deepEqual(version('5.19.0'), ['5.15', ['config-release']]);
  assert.equal(kernelConfigFromText(header + minimal, 'f', { baseline: '6.1' }).version, '6.1');
  assert.equal(kernelConfigFromText(minimal, 'f').version, '6.12');
});

test('a file that cannot be read is no input error', () => {
  assert.throws(() => loadKernelConfig('/nonexistent/.config'), EnvironmentError);
});

test('the configs of real kernels', { skip: skipWithout('truth/configs') }, () => {
  const folder = sharedPath('truth/configs') ?? '';
  const files = readdirSync(folder);
  assert.ok(files.length >= 19);
  for (const file of files) {
    const path = join(folder, file);
    const config = loadKernelConfig(path, { report: ({ message }) => assert.fail(message) });
    const text = readFileSync(path, 'utf8');
    const assigned = text.split('\n').filter(line => /^CONFIG_|^# CONFIG_\w+ is not set/.test(line)).length;
    assert.equal(parseKconfig(text, file).symbols.size, assigned, file);
    assert.equal(config.version, text.includes('Linux/arm 6.1.') ? '6.1' : '6.12', file);
    assert.equal(config.number('PAGE_OFFSET'), 0xc0000000, file);
  }
});

const symbolName = fc.stringMatching(/^[A-Z0-9_]{1,12}$/);
const symbolValue = fc.oneof<fc.Arbitrary<KconfigValue>[]>(
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.stringMatching(/^[ -~]*$/),
);

function print(name: string, value: KconfigValue): string {
  if (value === false) return `# CONFIG_${name} is not set`;
  if (value === true) return `CONFIG_${name}=y`;
  const text = typeof value === 'number' ? `${value}` : `"${value.replace(/[\\"]/g, '\\$&')}"`;
  return `CONFIG_${name}=${text}`;
}

test('parsing what was printed gives the same symbols', () => {
  fc.assert(
    fc.property(fc.dictionary(symbolName, symbolValue), fc.constantFrom('\n', '\r\n'), (symbols, newline) => {
      const text = Object.entries(symbols).map(([name, value]) => print(name, value) + newline);
      const parsed = parseKconfig(header + text.join(''), 'x.config').symbols;
      assert.deepEqual(
        [...parsed].sort(),
        Object.entries(symbols)
          .map(([k, v]) => [k, v === 0 ? 0 : v])
          .sort(),
      );
    }),
  );
});

test('noise gives an InputError that names lines, never another failure', () => {
  const fragment = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'CONFIG_',
      'CONFIG_A',
      '=',
      '=y',
      '"',
      '\\',
      '# ',
      ' is not set',
      '\n',
      '\r',
      '0x',
      '-',
      '9',
    ),
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), fragments => {
      try {
        parseKconfig(fragments.join(''), 'x.config');
      } catch (error) {
        assert.ok(error instanceof InputError);
        assert.ok(error.diagnostics.every(({ position }) => position?.file === 'x.config'));
      }
    }),
    { numRuns: 500 },
  );
});
