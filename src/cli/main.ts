#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
/**
 * The command line. Commands stand in files of their own; this one turns what they throw into messages and
 * exit codes, once.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EnvironmentError, InputError } from '../base/diagnostics.js';
import { addBoot } from './boot.js';
import { addCheckBoot } from './check-boot.js';
import { addCheckProbe } from './check-probe.js';
import { addCompare } from './compare.js';
import { EXIT, exitForBisect, exitForInput } from './exit.js';
import { addExplain } from './explain.js';
import { addInspect } from './inspect.js';
import { isBrokenPipe, watchOutputs } from './outputs.js';
import { addProbe } from './probe.js';
import { addScenario } from './scenario.js';

const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Known before the options are understood: what is wrong with them counts as well. */
function isBisecting(): boolean {
  const [command, ...options] = process.argv.slice(2);
  return command === 'boot' && options.includes('--bisect');
}

/** Tells it. The exit code. */
function report(error: unknown): number {
  const code = tell(error);
  return isBisecting() ? exitForBisect(code) : code;
}

function tell(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.good : EXIT.input;
  if (error instanceof InputError) {
    process.stderr.write(`${error.message}\n`);
    return exitForInput(error.diagnostics);
  }
  if (error instanceof EnvironmentError) {
    if (isBrokenPipe(error.cause)) return EXIT.good;
    process.stderr.write(`armory: ${error.message}\n`);
    return EXIT.environment;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  const command = process.argv.slice(2).join(' ');
  process.stderr.write(`armory ${version}: internal error in \`armory ${command}\`\n${stack}\n`);
  return EXIT.bug;
}

/** A reader that has seen enough (`armory compare | head`) is no error; a full disk is one of the environment. */
function handleOutputErrors(): void {
  watchOutputs(error => {
    const ended = isBrokenPipe(error.cause) ? process.exitCode : undefined;
    process.exit(ended ?? report(error));
  });
  process.on('uncaughtException', error => process.exit(report(error)));
}

/** `armory help nosuch` would print the help of all commands, as if there were no such word. */
function refuseUnknownHelp(program: Command): void {
  const [word, name] = process.argv.slice(2);
  if (word !== 'help' || name === undefined || name === 'help') return;
  if (!program.commands.some(command => command.name() === name))
    program.error(`error: unknown command '${name}'`);
}

async function main(): Promise<void> {
  handleOutputErrors();
  const finish = (code: number): void => {
    process.exitCode = code;
  };
  const program = new Command('armory')
    .description('virtual 32-bit ARM test machines for people who change how Linux does DMA on ARM')
    .version(version)
    .showHelpAfterError('(armory --help shows the options)')
    .exitOverride();
  addCompare(program, finish);
  addInspect(program, finish);
  addCheckBoot(program, finish);
  addScenario(program, finish);
  addProbe(program, finish);
  addCheckProbe(program, finish);
  addExplain(program, finish);
  addBoot(program, finish);
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(armory ${command.name()} --help)`);
  try {
    refuseUnknownHelp(program);
    await program.parseAsync();
  } catch (error) {
    finish(report(error));
  }
}

await main();
