// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program without a C library whose floating-point and vector code is what a compiler makes of loops: run under
 * qemu-arm and in Armory, it must write the same bytes. Built for A32 and for T32.
 */
#include <arm_neon.h>
#include <stdint.h>

#define N 64
#define OUT 8192

static uint32_t out[OUT];
static uint32_t used;
static float fa[N], fb[N], fc[N];
static double da[N], db[N], dc[N];
static int8_t ba[N], bb[N];
static int16_t ha[N], hb[N];
static int32_t wa[N], wb[N];
static int64_t la[N], lb[N];
static uint32_t seed = 12345;

static uint32_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static __attribute__((noinline)) void keep(const void *from, uint32_t bytes)
{
	const uint32_t *words = from;

	for (uint32_t i = 0; i < bytes / 4 && used < OUT; i++)
		out[used++] = words[i];
}

static void fill(void)
{
	for (int i = 0; i < N; i++) {
		fa[i] = (float)(int32_t)next() / 65536.0f;
		fb[i] = (float)(int32_t)next() * 0x1p-40f;
		da[i] = (double)(int32_t)next() * (double)next() * 0x1p-30;
		db[i] = (double)next() / 3.0 - 1e9;
		ba[i] = next();
		bb[i] = next();
		ha[i] = next();
		hb[i] = next();
		wa[i] = next();
		wb[i] = next();
		la[i] = (int64_t)next() * (int32_t)next();
		lb[i] = (int64_t)next() << (next() & 31);
	}
}

static __attribute__((noinline)) double dot(const double *x, const double *y)
{
	double sum = 0;

	for (int i = 0; i < N; i++)
		sum += x[i] * y[i];
	return sum;
}

static __attribute__((noinline)) double horner(double x, int depth)
{
	/* Recursion keeps registers on the stack: VPUSH and VPOP. */
	double square = x * x, rest = depth > 0 ? horner(x + 1.0 / depth, depth - 1) : 1.0;

	return __builtin_sqrt(square + 1.0) + x / (rest + square);
}

static __attribute__((noinline)) void doubles(void)
{
	for (int i = 0; i < N; i++)
		dc[i] = __builtin_sqrt(da[i] < 0 ? -da[i] : da[i]) / (db[i] + 0.5);
	keep(dc, sizeof(dc));
	for (int i = 0; i < N; i++)
		wa[i] += (int32_t)db[i] + (uint32_t)(da[i] * 1e-3) + (int32_t)(float)dc[i];
	double sums[3] = { dot(da, db), horner(0.7, 20), (double)(float)dot(db, dc) };
	keep(sums, sizeof(sums));
}

static __attribute__((noinline, optimize("O3", "fast-math"))) void singles(void)
{
	for (int i = 0; i < N; i++)
		fc[i] = fa[i] * fb[i] + fa[i] - 3.25f * fb[i];
	keep(fc, sizeof(fc));
	for (int i = 0; i < N; i++)
		wb[i] ^= (int32_t)fa[i] + (fb[i] > fc[i] ? 7 : -9);
	float most = fa[0], sum = 0;
	for (int i = 0; i < N; i++) {
		most = fa[i] > most ? fa[i] : most;
		sum += fb[i];
	}
	keep(&most, sizeof(most));
	keep(&sum, sizeof(sum));
}

static __attribute__((noinline, optimize("O3"))) void integers(void)
{
	for (int i = 0; i < N; i++)
		ba[i] = (ba[i] + bb[i]) >> 1;
	for (int i = 0; i < N; i++)
		ha[i] = ha[i] * hb[i] + (ha[i] > hb[i] ? ba[i] : bb[i]);
	for (int i = 0; i < N; i++)
		wa[i] = (wa[i] << 5) ^ ((uint32_t)wa[i] >> 7) ^ (ha[i] * wb[i]);
	for (int i = 0; i < N; i++)
		la[i] = (la[i] + lb[i]) ^ ((int64_t)wa[i] * wb[i]) ^ (la[i] >> 9);
	keep(ba, sizeof(ba));
	keep(ha, sizeof(ha));
	keep(wa, sizeof(wa));
	keep(la, sizeof(la));
}

static __attribute__((noinline)) void intrinsics(void)
{
	for (int i = 0; i + 16 <= N; i += 16) {
		int8x16_t x = vld1q_s8(ba + i), y = vqaddq_s8(x, vld1q_s8(bb + i));
		uint8x8x3_t three = vld3_u8((uint8_t *)ba + i);
		poly16x8_t product = vmull_p8(vreinterpret_p8_u8(three.val[0]), vreinterpret_p8_u8(three.val[1]));
		int16x8_t narrow = vcombine_s16(vqmovn_s32(vld1q_s32(wa + i)), vqrshrn_n_s32(vld1q_s32(wb + i), 3));
		int8x16x2_t zipped = vzipq_s8(vextq_s8(x, y, 5), vrev64q_s8(y));

		y = vqsubq_s8(zipped.val[0], vshlq_s8(zipped.val[1], vandq_s8(x, vdupq_n_s8(15))));
		keep(&y, sizeof(y));
		keep(&product, sizeof(product));
		keep(&narrow, sizeof(narrow));
	}
	float32x4_t estimate = vrecpeq_f32(vld1q_f32(fa)), root = vrsqrteq_f32(vabsq_f32(vld1q_f32(fb)));
	estimate = vmulq_f32(estimate, vrecpsq_f32(vld1q_f32(fa), estimate));
	root = vfmaq_f32(root, estimate, vrsqrtsq_f32(root, estimate));
	keep(&estimate, sizeof(estimate));
	keep(&root, sizeof(root));
}

static long call(long number, long a, long b, long c)
{
	register long r7 __asm__("r7") = number;
	register long r0 __asm__("r0") = a;
	register long r1 __asm__("r1") = b;
	register long r2 __asm__("r2") = c;

	__asm__ volatile("svc #0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
	return r0;
}

void _start(void)
{
	for (int round = 0; round < 8; round++) {
		fill();
		doubles();
		singles();
		integers();
		intrinsics();
	}
	uint32_t fpscr;
	__asm__ volatile("vmrs %0, fpscr" : "=r"(fpscr));
	keep(&fpscr, sizeof(fpscr));
	call(4, 1, (long)out, 4 * used);
	call(1, 0, 0, 0);
	for (;;)
		;
}
