// SPDX-License-Identifier: GPL-2.0-only
/**
 * PrimeCell UART (PL011). Arm DDI 0183, chapter 3, revision r1p1: FIFOs of 16.
 * Model: a character takes no time. What is sent leaves at once, so the transmit FIFO is empty while the UART is
 * enabled; the sender at the other end waits until there is room; a receive timeout (32 bit periods without
 * a character) has passed as soon as a character is there. The modem inputs say that the other end is ready.
 * There are no line errors and no DMA requests. Linux: drivers/tty/serial/amba-pl011.c.
 */
import { type InterruptLine, type Stateful, UNCONNECTED } from './device.js';
import { fieldOf, primeCellId, RegisterFile, register, WordDevice } from './registers.js';

const UARTRSR = register('UARTRSR', 0x004, 0, '31:4 -, 3 OE rw, 2 BE rw, 1 PE rw, 0 FE rw');
const UARTILPR = register('UARTILPR', 0x020, 0, '31:8 -, 7:0 ILPDVSR rw');
const UARTIBRD = register('UARTIBRD', 0x024, 0, '31:16 -, 15:0 BAUD_DIVINT rw');
const UARTFBRD = register('UARTFBRD', 0x028, 0, '31:6 -, 5:0 BAUD_DIVFRAC rw');
const UARTLCR_H = register(
  'UARTLCR_H',
  0x02c,
  0,
  '31:8 -, 7 SPS rw, 6:5 WLEN rw, 4 FEN rw, 3 STP2 rw, 2 EPS rw, 1 PEN rw, 0 BRK rw',
);
const UARTCR = register(
  'UARTCR',
  0x030,
  0x300,
  '31:16 -, 15 CTSEn rw, 14 RTSEn rw, 13 Out2 rw, 12 Out1 rw, 11 RTS rw, 10 DTR rw, 9 RXE rw, 8 TXE rw',
  '7 LBE rw, 6:3 -, 2 SIRLP rw, 1 SIREN rw, 0 UARTEN rw',
);
const UARTIFLS = register('UARTIFLS', 0x034, 0x12, '31:6 -, 5:3 RXIFLSEL rw, 2:0 TXIFLSEL rw');
const UARTIMSC = register(
  'UARTIMSC',
  0x038,
  0,
  '31:11 -, 10 OEIM rw, 9 BEIM rw, 8 PEIM rw, 7 FEIM rw, 6 RTIM rw, 5 TXIM rw, 4 RXIM rw, 3 DSRMIM rw',
  '2 DCDMIM rw, 1 CTSMIM rw, 0 RIMIM rw',
);
const UARTRIS = register(
  'UARTRIS',
  0x03c,
  0,
  '31:11 -, 10 OERIS ro, 9 BERIS ro, 8 PERIS ro, 7 FERIS ro, 6 RTRIS ro, 5 TXRIS ro, 4 RXRIS ro',
  '3 DSRRMIS ro, 2 DCDRMIS ro, 1 CTSRMIS ro, 0 RIRMIS ro',
);
const UARTDMACR = register('UARTDMACR', 0x048, 0, '31:3 -, 2 DMAONERR rw, 1 TXDMAE rw, 0 RXDMAE rw');

/** Registers that are computed or only written. */
const UARTDR = 0x000;
const UARTFR = 0x018;
const UARTMIS = 0x040;
const UARTICR = 0x044;

/** Bits of UARTFR: [8] RI, [7] TXFE, [6] RXFF, [5] TXFF, [4] RXFE, [3] BUSY, [2] DCD, [1] DSR, [0] CTS. */
const FR = { TXFE: 0x80, RXFF: 0x40, TXFF: 0x20, RXFE: 0x10, BUSY: 0x08, DCD: 0x04, DSR: 0x02, CTS: 0x01 };

/** UARTPeriphID0-3: part 0x011, designer 0x41, revision 1. DDI 0183, 3.3.14. */
const PERIPHID = 0x00141011;
const FIFO_DEPTH = 16;
/** Characters at which the receive FIFO asks, by RXIFLSEL: 1/8, 1/4, 1/2, 3/4, 7/8. */
const RECEIVE_LEVELS = [2, 4, 8, 12, 14];

export interface Pl011State {
  readonly registers: Uint32Array;
  readonly received: Uint8Array;
  readonly arriving: Uint8Array;
  readonly sending: Uint8Array;
}

export class Pl011 extends WordDevice implements Stateful<Pl011State> {
  readonly name: string;
  /** Where sent characters go. */
  onOutput: (byte: number) => void = () => {};
  private readonly irq: InterruptLine;
  private readonly registers = new RegisterFile([
    UARTRSR,
    UARTILPR,
    UARTIBRD,
    UARTFBRD,
    UARTLCR_H,
    UARTCR,
    UARTIFLS,
    UARTIMSC,
    UARTRIS,
    UARTDMACR,
  ]);
  /** The receive FIFO. */
  private received: number[] = [];
  /** On the wire: the sender waits for room. */
  private arriving: number[] = [];
  /** The transmit FIFO; empty while the UART is enabled. */
  private sending: number[] = [];

  constructor(name = 'PL011', irq: InterruptLine = UNCONNECTED) {
    super();
    this.name = name;
    this.irq = irq;
  }

  /** Characters come from the other end. */
  receive(bytes: Iterable<number>): void {
    this.arriving.push(...bytes);
    this.takeArriving();
    this.updateInterrupt();
  }

  /** Characters that the other end holds back. */
  get waiting(): number {
    return this.arriving.length;
  }

  protected override readWord(offset: number): number {
    switch (offset) {
      case UARTDR:
        return this.readData();
      case UARTFR:
        return this.flags();
      case UARTMIS:
        return this.registers.get(UARTRIS) & this.registers.get(UARTIMSC);
      default:
        return primeCellId(offset, PERIPHID) ?? this.registers.load(offset);
    }
  }

  protected override writeWord(offset: number, value: number): void {
    const { registers } = this;
    if (offset === UARTDR) this.send(value & 0xff);
    else if (offset === UARTICR) registers.clearBits(UARTRIS, value & 0x7ff);
    // A write to UARTECR, whatever the value, clears the errors. DDI 0183, 3.3.2.
    else if (offset === UARTRSR.offset) registers.set(UARTRSR, 0);
    else {
      const register = registers.store(offset, value);
      if (register === UARTLCR_H || register === UARTCR) {
        this.takeArriving();
        this.drain();
      }
      if (register === UARTIFLS) this.updateReceiveInterrupts();
    }
    this.updateInterrupt();
  }

  /** Without FEN the FIFOs are holding registers of one character. */
  private get depth(): number {
    return this.registers.has(UARTLCR_H, UARTLCR_H.bits.FEN) ? FIFO_DEPTH : 1;
  }

  private isEnabled(direction: number): boolean {
    const control = this.registers.get(UARTCR);
    return (control & UARTCR.bits.UARTEN) !== 0 && (control & direction) !== 0;
  }

  private flags(): number {
    const { received, sending, depth } = this;
    return (
      FR.CTS |
      FR.DSR |
      FR.DCD |
      (sending.length === 0 ? FR.TXFE : FR.BUSY) |
      (sending.length >= depth ? FR.TXFF : 0) |
      (received.length === 0 ? FR.RXFE : 0) |
      (received.length >= depth ? FR.RXFF : 0)
    );
  }

  private readData(): number {
    const byte = this.received.shift() ?? 0;
    this.takeArriving();
    this.updateReceiveInterrupts();
    this.updateInterrupt();
    return byte;
  }

  private send(byte: number): void {
    // A full FIFO drops what is written. Only while the UART is disabled is there one.
    if (this.sending.length < this.depth) this.sending.push(byte);
    this.drain();
  }

  private drain(): void {
    if (this.sending.length === 0 || !this.isEnabled(UARTCR.bits.TXE)) return;
    const bytes = this.sending;
    this.sending = [];
    if (this.registers.has(UARTCR, UARTCR.bits.LBE)) this.arriving.push(...bytes);
    else for (const byte of bytes) this.onOutput(byte);
    this.takeArriving();
    // The FIFO has passed its trigger level on its way to empty. DDI 0183, 2.8.3.
    this.registers.setBits(UARTRIS, UARTRIS.bits.TXRIS);
  }

  private takeArriving(): void {
    if (!this.isEnabled(UARTCR.bits.RXE)) return;
    while (this.arriving.length > 0 && this.received.length < this.depth) {
      this.received.push(this.arriving.shift()!);
    }
    this.updateReceiveInterrupts();
  }

  private updateReceiveInterrupts(): void {
    const { registers, received, depth } = this;
    const level = RECEIVE_LEVELS[fieldOf(registers.get(UARTIFLS), UARTIFLS.bits.RXIFLSEL)] ?? FIFO_DEPTH;
    const { RXRIS, RTRIS } = UARTRIS.bits;
    registers.clearBits(UARTRIS, RXRIS | RTRIS);
    if (received.length > 0) registers.setBits(UARTRIS, RTRIS);
    if (received.length >= (depth === 1 ? 1 : level)) registers.setBits(UARTRIS, RXRIS);
  }

  private updateInterrupt(): void {
    this.irq.set((this.registers.get(UARTRIS) & this.registers.get(UARTIMSC)) !== 0);
  }

  save(): Pl011State {
    return {
      registers: this.registers.save(),
      received: Uint8Array.from(this.received),
      arriving: Uint8Array.from(this.arriving),
      sending: Uint8Array.from(this.sending),
    };
  }

  restore(state: Pl011State): void {
    this.registers.restore(state.registers);
    this.received = [...state.received];
    this.arriving = [...state.arriving];
    this.sending = [...state.sending];
    this.updateInterrupt();
  }
}
