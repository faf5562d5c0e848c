// SPDX-License-Identifier: GPL-2.0-only
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringsOf, u32Of, u32sOf } from './access.js';
import { parseDts, writeDtb } from './load.js';
import { errorIds, inputErrorOf, runDtc, SMALL_SOURCE, skipWithoutDtc } from './test-support.js';

/** Each has to give the same bytes as with dtc. */
const ACCEPTED: readonly string[] = [
  SMALL_SOURCE,
  '/dts-v1/; /dts-v1/; l0: /memreserve/ 1 0x2; / { l1: a = l2: <l3: 1 l4: 2 l5:> l6:, l7: [l8: 00 aa l9:]; };',
  '/dts-v1/; / { a = "x", <1 2>, [0011 22], &b, /bits/ 8 <1 0xff>; b: b {}; };',
  '/dts-v1/; / { a = /bits/ 16 <1 (-1)>, /bits/ 64 <0xffffffffffffffff (-2)>, <(-1) 4294967295>; };',
  "/dts-v1/; / { a = <'a' '\\n' '\\x41' '\\101' '\\''>; s = \"\\x4142\\1012\\q\\a\\b\\v\\f\\r\"; };",
  '/dts-v1/; / { a = <010 0x10 10 10UL 0x10ULL 0U>; };',
  '/dts-v1/; / { n { a = <1>; }; }; / { x; n { b; c {}; }; };',
  '/dts-v1/; / { l: n { a = <1>; b; }; }; &l { a = <2>; c; /delete-property/ b; }; &{/n} { d; };',
  '/dts-v1/; / { l: n { }; }; m: &l { }; / { r = <&m &l &{/n}>; };',
  '/dts-v1/; / { l: n { a; }; }; / { l: m { b; }; }; / { r = <&l>; /delete-node/ n; };',
  '/dts-v1/; / { l: n { }; m {}; }; /delete-node/ &l; / { n { back; }; };',
  '/dts-v1/; / { n { a; x { p; }; y { }; }; }; / { /delete-node/ n; }; / { n { b; y { }; x { }; }; };',
  '/dts-v1/; / { a; /delete-property/ a; /delete-node/ n; /delete-node/ n; n { }; };',
  '/dts-v1/; / { n { }; }; / { n { a = <1>; a = <2>; /delete-property/ a; b; }; };',
  '/dts-v1/; / { a = <&x &y>; x: x { phandle = <1>; }; y: y { }; };',
  '/dts-v1/; / { a = <&y>; x: x { phandle = <&x>; }; y: y { linux,phandle = <9>; }; };',
  '/dts-v1/; / { z: z { a = <&z>; }; };',
  '/dts-v1/; / { r = <&a &c>; /omit-if-no-ref/ a: a { }; /omit-if-no-ref/ b: b { c: c { }; }; };',
  '/dts-v1/; / { r = &b; a: a { }; b: b { }; }; /omit-if-no-ref/ &a; /omit-if-no-ref/ &b;',
  '/dts-v1/; / { \\a; #b; 12ab = "x"; 0 { }; a@0,1 { name = "a"; }; };',
  '/dts-v1/; // comment\n/* more * / */ / { a /* x */ = /* y */ <1 /* z */ 2>; }; // end\n',
  '/dts-v1/;\n# 1 "other.dtsi" 1\n/ {\n#a = <1>;\n# 5 "x.dts" 2\n};\n',
  '/dts-v1/; / { a = <(1 ? 2 : 3) (0 ? 1 : 0 ? 2 : 3) (1 + 2 * 3) ((1 + 2) * 3) (7 - 2 - 1) (1 << 2 + 3)>; };',
  '/dts-v1/; / { s = "two\nlines", ""; };',
];

/** Neither takes these; dtc may say so in other words. */
const REFUSED: readonly [string, string[]][] = [
  ['', ['dts-syntax']],
  ['/ { };', ['dts-syntax']],
  ['/dts-v1/;', ['dts-syntax']],
  ['/dts-v1/; / { }', ['dts-syntax']],
  ['/dts-v1/; / { a = <1> };', ['dts-syntax']],
  ['/dts-v1/; / { a = <1 };', ['dts-syntax']],
  ['/dts-v1/; / { a = <1 + 2>; };', ['dts-syntax']],
  ['/dts-v1/; / { a = [1]; };', ['dts-syntax']],
  ['/dts-v1/; / { a = "x; };', ['dts-syntax']],
  ['/dts-v1/; / { /* };', ['dts-syntax']],
  ['/dts-v1/; / { a = /bits/ 24 <1>; };', ['dts-syntax']],
  ['/dts-v1/; / { a = <(1 / 0) (1 % 0)>; };', ['division-by-zero', 'division-by-zero']],
  [
    "/dts-v1/; / { a = <08 0x10000000000000000 '' 'ab'>; };",
    ['bad-literal', 'bad-literal', 'bad-literal', 'bad-literal'],
  ],
  ['/dts-v1/; / { n { }; a; };', ['property-after-node']],
  ['/dts-v1/; / { a; a; n { }; n { }; };', ['duplicate-property', 'duplicate-node']],
  ['/dts-v1/; / { n { }; /delete-node/ n; };', ['delete-in-first-body']],
  ['/dts-v1/; / { a = <&x>; b = &x; };', ['reference-unresolved', 'reference-unresolved']],
  ['/dts-v1/; / { a = <&l>; l: n { }; }; /delete-node/ &l;', ['reference-unresolved']],
  ['/dts-v1/; / { }; &x { }; &{/y} { };', ['reference-unresolved', 'reference-unresolved']],
  ['/dts-v1/; / { l: a { }; l: b { }; };', ['duplicate-label']],
  ['/dts-v1/; / { l: a { l: p = <l: 1>; }; };', ['duplicate-label', 'duplicate-label']],
  ['/dts-v1/; / { a { phandle = <1>; }; b { phandle = <1>; }; };', ['duplicate-phandle']],
  ['/dts-v1/; / { a: a { }; b: b { phandle = <&a>; }; };', ['duplicate-phandle']],
  ['/dts-v1/; / { a { phandle = <1 2>; }; b { phandle = <0>; }; };', ['bad-phandle', 'bad-phandle']],
  ['/dts-v1/; / { l: n { a = /bits/ 16 <&l>; }; };', ['reference-size']],
  ['/dts-v1/; / { a@b@c { }; d*e { }; f@1 { g@h; }; };', ['node-name', 'node-name', 'property-name']],
  ['/dts-v1/; / { a { name = "b"; }; };', ['name-property']],
];

test('what dtc makes of a source is what comes out here, byte by byte', { skip: skipWithoutDtc }, () => {
  for (const source of ACCEPTED) {
    const reference = runDtc(source, '-b', '0', '-O', 'dtb');
    assert.ok(reference, `dtc refuses ${source}`);
    assert.deepEqual(Buffer.from(writeDtb(parseDts(source, 'x.dts'))), reference, source);
  }
});

test('what is wrong is refused with a reason', () => {
  for (const [source, ids] of REFUSED) {
    assert.deepEqual(
      errorIds(() => parseDts(source, 'x.dts')),
      ids,
      source,
    );
  }
});

test('dtc refuses these too', { skip: skipWithoutDtc }, () => {
  for (const [source] of REFUSED) assert.equal(runDtc(source, '-O', 'dtb'), undefined, source);
});

test('a number that does not fit is an error, in the element that has it', () => {
  const error = inputErrorOf(() =>
    parseDts('/dts-v1/;\n/ {\n\ta = /bits/ 8 <1 256 255>,\n\t<0x100000000>;\n};', 'x.dts'),
  );
  assert.equal(
    error?.message,
    'x.dts:3:18: error (value-out-of-range): 0x100 does not fit into 8 bits\n' +
      'x.dts:4:3: error (value-out-of-range): 0x100000000 does not fit into 32 bits',
  );
});

test('phandles are given out as dtc does: lowest free, in order of first reference', () => {
  const tree = parseDts(
    '/dts-v1/; / { r = <&c &a &c>; a: a { }; b { phandle = <2>; }; c: c { s = <&d>; }; d: d { }; };',
    'x.dts',
  );
  assert.deepEqual(u32sOf(tree, tree.root, 'r'), [1, 3, 1]);
  assert.equal(tree.nodeByPath('/d')?.phandle, 4);
});

test('a path may begin at a label, which dtc knows since 1.7', () => {
  const tree = parseDts('/dts-v1/; / { r = &{l/c@1}; l: n { c@1 { }; }; }; &{l/c@1} { d; };', 'x.dts');
  assert.deepEqual(stringsOf(tree, tree.root, 'r'), ['/n/c@1']);
  assert.ok(tree.nodeByPath('/n/c@1')?.properties.has('d'));
});

test('positions are those of the source, through line markers', () => {
  const tree = parseDts(
    '/dts-v1/;\n# 12 "sub dir/soc.dtsi" 1\n/ {\n  x: soc {\n\treg = <1>;\n  };\n};\n# 3 "board.dts" 2\n&x {\n status = "okay";\n};\n',
    'board.pp.dts',
  );
  const soc = tree.root.child('soc')!;
  assert.deepEqual(soc.position, { file: 'sub dir/soc.dtsi', line: 13, column: 3 });
  assert.deepEqual(soc.properties.get('reg')?.position, { file: 'sub dir/soc.dtsi', line: 14, column: 2 });
  assert.deepEqual(soc.properties.get('status')?.position, { file: 'board.dts', line: 4, column: 2 });
});

test('what the preprocessor should have done is recognised, with the command that does it', () => {
  const command = /note: cpp -nostdinc -I include -undef -x assembler-with-cpp board\.dts > board\.pp\.dts$/;
  for (const source of [
    '#include "soc.dtsi"\n/dts-v1/;',
    '/dts-v1/;\n#define A 1\n/ { };',
    '/dts-v1/;\n/ {\n#ifdef A\n\ta;\n#endif\n};',
    '/dts-v1/;\n/ {\n\tn { };\n#endif\n};',
    '/dts-v1/;\n/ { a = <1\n# include <x.h>\n2>; };',
  ]) {
    const error = inputErrorOf(() => parseDts(source, 'board.dts'));
    assert.deepEqual(
      error?.diagnostics.map(({ id }) => id),
      ['dts-preprocessor'],
      source,
    );
    assert.match(error?.message ?? '', command);
  }
  const macro = inputErrorOf(() => parseDts('/dts-v1/; / { a = <GPIO_ACTIVE_LOW>; };', 'board.dts'));
  assert.match(macro?.message ?? '', /found "GPIO_ACTIVE_LOW>;"\n.*cpp -nostdinc/);
});

test('overlays are refused with what to do', () => {
  const error = inputErrorOf(() => parseDts('/dts-v1/;\n/plugin/;\n&x { };', 'o.dts'));
  assert.match(error?.message ?? '', /^o\.dts:2:1: error \(dts-plugin\): .*\n.*fdtoverlay/);
});

test('includes: text and binary files, beside the file that names them', () => {
  const files: Record<string, string> = {
    'sub/a.dtsi': '/include/ "b.dtsi"\n/ { a; };',
    'sub/b.dtsi': '/ { b = <1>; };',
    'board/blob.bin': 'abcdef',
  };
  const read = (path: string) => files[path] ?? assert.fail(`asked for ${path}`);
  const tree = parseDts(
    '/dts-v1/; /include/ "../sub/a.dtsi" / { c = /incbin/("blob.bin", 1, 3), /incbin/("blob.bin"), "end"; };',
    'board/x.dts',
    read,
    path => Buffer.from(read(path)),
  );
  assert.equal(u32Of(tree, tree.root, 'b'), 1);
  assert.deepEqual(stringsOf(tree, tree.root, 'c'), ['bcdabcdefend']);
  assert.equal(tree.root.properties.get('b')?.position?.file, 'sub/b.dtsi');
});

test('includes that cannot work are refused: absent, circular, without a reader', () => {
  const source = '/dts-v1/; /include/ "a.dtsi" / { };';
  const absent = () => {
    throw new Error('ENOENT');
  };
  assert.deepEqual(
    errorIds(() => parseDts(source, 'x.dts', absent)),
    ['dts-include'],
  );
  assert.deepEqual(
    errorIds(() => parseDts(source, 'x.dts')),
    ['dts-include'],
  );
  const circle = inputErrorOf(() => parseDts(source, 'x.dts', () => '/include/ "./a.dtsi"'));
  assert.match(
    circle?.message ?? '',
    /dts-include-cycle\): "a.dtsi" includes itself: a.dtsi -> a.dtsi\n.*x.dts:1/,
  );
  const deep = (path: string) => `/include/ "x${path}"`;
  assert.deepEqual(
    errorIds(() => parseDts(source, 'x.dts', deep)),
    ['dts-include-depth'],
  );
  const twice = (path: string) => `/include/ "x${path}" /include/ "x${path}" ${' '.repeat(100_000)}`;
  assert.deepEqual(
    errorIds(() => parseDts(source, 'x.dts', twice)),
    ['dts-too-large'],
  );
});

test('source that would take for ever or fill memory is refused', () => {
  const deep = `${'a { '.repeat(100_000)}`;
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { ${deep}`, 'x.dts')),
    ['dts-nesting'],
  );
  const level = (count: number) => `${'a { '.repeat(count)}${'}; '.repeat(count)}`;
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { ${level(62)} };`, 'x.dts')),
    [],
  );
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { ${level(63)} };`, 'x.dts')),
    ['dts-nesting'],
  );
  const chain = '&{/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a}';
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { ${level(40)} }; ${chain} { ${level(40)} };`, 'x.dts')),
    ['dts-nesting'],
  );
  const nested = `${'('.repeat(100_000)}1`;
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { a = <${nested}>; };`, 'x.dts')),
    ['expression-nesting'],
  );
  const minus = `(${'-'.repeat(100_000)}1)`;
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { a = <${minus}>; };`, 'x.dts')),
    ['expression-nesting'],
  );
  const longName = 'n'.repeat(100_000);
  const references = '&l,'.repeat(1000);
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { l: ${longName} { }; a = ${references}"x"; };`, 'x.dts')),
    ['property-after-node', 'dts-too-large'],
  );
  const digits = '9'.repeat(1_000_000);
  assert.deepEqual(
    errorIds(() => parseDts(`/dts-v1/; / { a = <${digits}>; };`, 'x.dts')),
    ['bad-literal'],
  );
});
