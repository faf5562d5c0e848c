// SPDX-License-Identifier: GPL-2.0-only
/**
 * A network that ends in this file: a gateway that answers ARP, echo requests, and DHCP, and tells everybody else that
 * there is no way. Nothing reaches the host's network. Ethernet II; ARP: RFC 826; IPv4: RFC 791; ICMP: RFC 792; DHCP:
 * RFC 2131 and 2132. Addresses: network 10.0.2.0/24, gateway .2, guest .15.
 * Model: no fragments, no options in IP headers, a lease that never has to be renewed within a run.
 */
import type { NetworkPeer } from './net.js';

const GATEWAY_MAC = [0x52, 0x55, 0x0a, 0x00, 0x02, 0x02];
const GATEWAY = [10, 0, 2, 2];
const GUEST = [10, 0, 2, 15];
const NETMASK = [255, 255, 255, 0];
const LEASE_SECONDS = 86_400;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_ARP = 0x0806;
const ICMP = 1;
const UDP = 17;
const ETHERNET_BYTES = 14;
const IP_BYTES = 20;

export class UserNetwork implements NetworkPeer {
  exchange(frame: Uint8Array): readonly Uint8Array[] {
    if (frame.length < ETHERNET_BYTES) return [];
    const type = get16(frame, 12);
    const body = frame.subarray(ETHERNET_BYTES);
    const answer = type === ETHERTYPE_ARP ? arp(body) : type === ETHERTYPE_IPV4 ? ipv4(body) : null;
    if (answer === null) return [];
    return [joined(frame.subarray(6, 12), GATEWAY_MAC, frame.subarray(12, 14), answer)];
  }
}

/** Who has the gateway's address? Requests for Ethernet and IPv4 only. */
function arp(body: Uint8Array): Uint8Array | null {
  const request = [0, 1, 8, 0, 6, 4, 0, 1];
  if (body.length < 28 || request.some((byte, i) => body[i] !== byte)) return null;
  if (GATEWAY.some((byte, i) => body[24 + i] !== byte)) return null;
  const sender = body.subarray(8, 18);
  return joined([0, 1, 8, 0, 6, 4, 0, 2], GATEWAY_MAC, GATEWAY, sender);
}

function ipv4(packet: Uint8Array): Uint8Array | null {
  const length = get16(packet, 2);
  // Version 4, five words of header, no fragment, and all of it there.
  if (packet.length < IP_BYTES || packet[0] !== 0x45 || (get16(packet, 6) & 0x3fff) !== 0) return null;
  if (length < IP_BYTES || length > packet.length) return null;
  const body = packet.subarray(IP_BYTES, length);
  const source = packet.subarray(12, 16);
  const target = packet.subarray(16, 20);
  if (packet[9] === UDP && body.length >= 8 && get16(body, 2) === 67) return dhcp(body.subarray(8));
  const toGateway = GATEWAY.every((byte, i) => target[i] === byte);
  if (packet[9] === ICMP && toGateway && body[0] === 8) return echo(body, source);
  if (toGateway || isForMany(target) || packet[9] === ICMP) return null;
  return unreachable(packet, source);
}

function isForMany(address: Uint8Array): boolean {
  return (
    address[0]! >= 224 || (address[3] === 255 && GATEWAY.slice(0, 3).every((byte, i) => address[i] === byte))
  );
}

function echo(request: Uint8Array, source: Uint8Array): Uint8Array {
  const reply = request.slice();
  reply[0] = 0;
  return ipPacket(ICMP, GATEWAY, source, withChecksum(reply, 2));
}

/** Type 3, code 13: communication administratively prohibited (RFC 1812, 5.2.7.1), with the packet's beginning. */
function unreachable(packet: Uint8Array, source: Uint8Array): Uint8Array {
  const message = joined([3, 13, 0, 0, 0, 0, 0, 0], packet.subarray(0, IP_BYTES + 8));
  return ipPacket(ICMP, GATEWAY, source, withChecksum(message, 2));
}

/** DISCOVER gets an OFFER, REQUEST an ACK. RFC 2131, chapter 2; the options begin behind 236 bytes and a cookie. */
function dhcp(message: Uint8Array): Uint8Array | null {
  const type = message.length >= 240 && message[0] === 1 ? optionOf(message, 53)?.[0] : undefined;
  if (type !== 1 && type !== 3) return null;
  const reply = new Uint8Array(240);
  reply.set(message.subarray(0, 12));
  reply[0] = 2;
  reply.set(GUEST, 16);
  reply.set(GATEWAY, 20);
  reply.set(message.subarray(28, 44), 28);
  reply.set([0x63, 0x82, 0x53, 0x63], 236);
  const lease = new Uint8Array(4);
  new DataView(lease.buffer).setUint32(0, LEASE_SECONDS);
  const options = joined(
    [53, 1, type === 1 ? 2 : 5],
    [54, 4, ...GATEWAY],
    [51, 4, ...lease],
    [1, 4, ...NETMASK],
    [3, 4, ...GATEWAY],
    [255],
  );
  const body = joined(reply, options);
  // Model: no UDP checksum, which IPv4 allows.
  const header = [0, 67, 0, 68, (body.length + 8) >>> 8, (body.length + 8) & 0xff, 0, 0];
  return ipPacket(UDP, GATEWAY, [255, 255, 255, 255], joined(header, body));
}

/** The value of a DHCP option. */
function optionOf(message: Uint8Array, wanted: number): Uint8Array | undefined {
  for (let at = 240; at + 1 < message.length && message[at] !== 255; ) {
    const code = message[at]!;
    const size = code === 0 ? -1 : message[at + 1]!;
    if (code === wanted) return message.subarray(at + 2, at + 2 + size);
    at += 2 + size;
  }
  return undefined;
}

function ipPacket(
  protocol: number,
  source: ArrayLike<number>,
  target: ArrayLike<number>,
  body: Uint8Array,
): Uint8Array {
  const length = IP_BYTES + body.length;
  const header = joined(
    [0x45, 0, length >>> 8, length & 0xff, 0, 0, 0x40, 0, 64, protocol, 0, 0],
    source,
    target,
  );
  return joined(withChecksum(header, 10), body);
}

/** The Internet checksum (RFC 1071) of the whole, put in at `offset`. */
function withChecksum(bytes: Uint8Array, offset: number): Uint8Array {
  const result = bytes.slice();
  result[offset] = 0;
  result[offset + 1] = 0;
  const sum = checksum(result);
  result[offset] = sum >>> 8;
  result[offset + 1] = sum & 0xff;
  return result;
}

/** One's complement of the one's complement sum; 0 over bytes that contain theirs. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i]! * 256 + (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

function get16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
}

function joined(...parts: readonly ArrayLike<number>[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
