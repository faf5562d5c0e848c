// SPDX-License-Identifier: GPL-2.0-only
/**
 * The socket that a debugger connects to, of this host only: one debugger at a time, a second one is sent away. Packets are
 * handled between two runs of the machine, so that what a debugger sees is exact to the instruction.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { EnvironmentError } from '../../base/diagnostics.js';
import type { Stop, System } from '../system.js';
import { encodePacket, type Frame, FrameReader } from './packets.js';
import { E2BIG, GdbStub } from './stub.js';

const HOST = '127.0.0.1';

/** One debugger. */
class Connection {
  private readonly socket: Socket;
  private readonly stub: GdbStub;
  private readonly reader: FrameReader = new FrameReader();
  private acknowledges = true;
  private last = '';

  constructor(socket: Socket, stub: GdbStub) {
    this.socket = socket;
    this.stub = stub;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      for (const frame of this.reader.read(text)) this.take(frame);
    });
  }

  send(data: string): void {
    this.last = encodePacket(data);
    this.socket.write(this.last, 'latin1');
  }

  private take(frame: Frame): void {
    switch (frame.kind) {
      case 'packet':
        this.acknowledge('+');
        this.answer(frame.data);
        break;
      case 'overlong':
        this.acknowledge('+');
        this.send(E2BIG);
        break;
      case 'damaged':
        this.acknowledge('-');
        break;
      case 'nak':
        if (this.acknowledges) this.socket.write(this.last, 'latin1');
        break;
      case 'interrupt': {
        const reply = this.stub.interrupt();
        if (reply !== null) this.send(reply);
        break;
      }
    }
  }

  private acknowledge(sign: '+' | '-'): void {
    if (this.acknowledges) this.socket.write(sign);
  }

  private answer(data: string): void {
    if (data === 'QStartNoAckMode') {
      this.send('OK');
      this.acknowledges = false;
      return;
    }
    const reply = this.stub.handle(data);
    if (reply !== null) this.send(reply);
    if (this.stub.isDetached || this.stub.isKilled) this.socket.end();
  }
}

export class GdbServer {
  readonly port: number;
  private readonly server: Server;
  private readonly stub: GdbStub;
  private socket: Socket | null = null;
  private connection: Connection | null = null;

  /** Listens on `port`, 0: on one that is free. The machine is held until a debugger lets it go. */
  static async listen(system: System, port: number): Promise<GdbServer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', error => reject(new EnvironmentError('listen on', `${HOST}:${port}`, error)));
      server.listen(port, HOST, resolve);
    });
    return new GdbServer(server, new GdbStub(system));
  }

  private constructor(server: Server, stub: GdbStub) {
    this.server = server;
    this.stub = stub;
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    stub.control.onStop = () => this.connection?.send(stub.stopReply());
    server.on('connection', socket => this.welcome(socket));
  }

  private welcome(socket: Socket): void {
    // A connection that breaks is closed next, and that is what counts.
    socket.on('error', () => {});
    if (this.socket !== null) {
      socket.destroy();
      return;
    }
    this.socket = socket;
    this.stub.attach();
    this.connection = new Connection(socket, this.stub);
    socket.on('close', () => {
      this.socket = null;
      this.connection = null;
      this.stub.leave();
    });
  }

  /** A debugger is connected. */
  get isAttached(): boolean {
    return this.socket !== null;
  }

  /** The debugger has ended the machine. */
  get isKilled(): boolean {
    return this.stub.isKilled;
  }

  /** System.run(), unless the debugger holds the machine. */
  run(ticks: number): Stop | 'held' {
    return this.stub.control.run(ticks);
  }

  /** The machine has ended. */
  close(): void {
    if (!this.isKilled) this.connection?.send('W00');
    this.socket?.end();
    this.socket?.unref();
    this.server.close();
  }
}
