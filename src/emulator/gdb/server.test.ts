// SPDX-License-Identifier: GPL-2.0-only
/** The stub over a socket: acknowledgements, who may connect, and what becomes of the guest when a debugger goes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { EnvironmentError } from '../../base/diagnostics.js';
import { coreWith, RAM } from '../cpu/core-fixture.js';
import { encodePacket } from './packets.js';
import { GdbServer } from './server.js';

/** ADD r4, r4, #1; B back. */
const LOOP = [0xe2844001, 0xeafffffd];

class Client {
  readonly socket: Socket;
  private received = '';

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text;
    });
  }

  static async to(port: number): Promise<Client> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Client(socket);
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until exactly this has come; the machine gets a turn meanwhile. */
  async expect(text: string, between: () => void = () => {}): Promise<void> {
    for (let i = 0; i < 100_000 && this.received.length < text.length; i++) {
      between();
      await setImmediate();
    }
    assert.equal(this.received, text);
    this.received = '';
  }

  async closed(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close');
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 100_000 && !condition(); i++) await setImmediate();
  assert.ok(condition());
}

test('packets, acknowledgements, breakpoints and Ctrl-C', async () => {
  const { cpu, system } = coreWith(LOOP);
  const server = await GdbServer.listen(system, 0);
  const run = (): unknown => server.run(1000);
  try {
    assert.equal(run(), 'held', 'the guest waits');
    const client = await Client.to(server.port);
    client.send(encodePacket('?'));
    await client.expect(`+${encodePacket('T05thread:1;')}`);
    client.send('$?#00');
    await client.expect('-');
    client.send('-');
    await client.expect(encodePacket('T05thread:1;'));
    client.send(encodePacket('x'.repeat(20_000)));
    await client.expect(`+${encodePacket('E07')}`);
    client.send(`+${encodePacket('QStartNoAckMode')}+`);
    await client.expect(`+${encodePacket('OK')}`);
    client.send(encodePacket('Hx0'));
    await client.expect(encodePacket('E22'));
    client.send(encodePacket(`Z0,${(RAM + 4).toString(16)},4`) + encodePacket('vCont;c'));
    await client.expect(encodePacket('OK') + encodePacket('T05thread:1;'), run);
    assert.equal(cpu.r[15]! >>> 0, RAM + 4);
    client.send(encodePacket(`z0,${(RAM + 4).toString(16)},4`) + encodePacket('vCont;c'));
    await client.expect(encodePacket('OK'));
    await until(() => run() !== 'held');
    client.send('\x03');
    await client.expect(encodePacket('T02thread:1;'), run);
    assert.equal(run(), 'held');
    const second = await Client.to(server.port);
    await second.closed();
    client.send(encodePacket('k'));
    await until(() => server.isKilled);
    await client.closed();
  } finally {
    server.close();
  }
});

test('a guest goes on after a detach, and stands still after a connection that breaks', async () => {
  const { cpu, system } = coreWith(LOOP);
  const server = await GdbServer.listen(system, 0);
  try {
    const broken = await Client.to(server.port);
    broken.send(encodePacket('Z0,0,4') + encodePacket('c'));
    await until(() => server.run(10) !== 'held');
    assert.notEqual(cpu.breakpoints, null);
    broken.socket.destroy();
    await until(() => !server.isAttached);
    assert.equal(server.run(10), 'held');
    assert.equal(cpu.breakpoints, null);
    const next = await Client.to(server.port);
    next.send(encodePacket('?') + encodePacket('D'));
    await next.expect(`+${encodePacket('T02thread:1;')}+${encodePacket('OK')}`);
    await next.closed();
    await until(() => !server.isAttached);
    assert.equal(server.run(10), 'ticks');
    assert.equal(cpu.breakpoints, null, 'nobody pays for a debugger that is gone');
    const last = await Client.to(server.port);
    await until(() => server.isAttached);
    assert.equal(server.run(10), 'held', 'who connects finds the guest stopped');
    server.close();
    await last.expect(encodePacket('W00'));
    await last.closed();
  } finally {
    server.close();
  }
});

test('a port that is taken is told with its number', async () => {
  const server = await GdbServer.listen(coreWith(LOOP).system, 0);
  try {
    await assert.rejects(GdbServer.listen(coreWith(LOOP).system, server.port), (error: unknown) => {
      assert.ok(error instanceof EnvironmentError);
      assert.match(
        error.message,
        new RegExp(`cannot listen on 127\\.0\\.0\\.1:${server.port}: .*EADDRINUSE`),
      );
      return true;
    });
  } finally {
    server.close();
  }
});
