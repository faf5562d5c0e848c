// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executes instructions, one or a few in a row, on a real processor or under qemu-arm. Standard input holds records; each
 * comes back with the registers, flags and memory that its instructions left, or with the signal that they caused.
 * Addresses are fixed, so that code may depend on where it lies:
 *
 *   CODE_AREA    the code of all records, a slot for each
 *   WINDOW       the page with the memory of the record in execution; its neighbours are absent
 *   LAUNCH_PAGE  what leads into a record's code and out of it again with every register in use
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE_AREA 0x10000000u
#define CODE_AREA_BYTES 0x400000u
#define FIRST_SLOT (CODE_AREA + 0x10e4u)
#define SLOT_BYTES 256u
#define WINDOW 0x20000000u
#define WINDOW_BYTES 256
#define WINDOW_OFFSET 2048
#define LAUNCH_PAGE 0x0ff00000u
#define RETURN_ADDRESS (LAUNCH_PAGE + 0xe00)
#define LAUNCH_ADDRESS (LAUNCH_PAGE + 0xf00)
/* Data on a page of its own: storing to a page with code is slow under qemu-arm. */
#define LAUNCH_TARGET (LAUNCH_PAGE + 0x1000)
/* A random r13 hardly ever points here, which the kernel would take for a signal that is being handled already. */
#define SIGNAL_STACK 0x7a5b0000u
#define SIGNAL_STACK_BYTES 16384
#define CODE_WORDS 48
#define PATIENCE_MICROSECONDS 500000

struct record {
	uint32_t length;        /*   0 words of code */
	uint32_t thumb;         /*   4 in: 1 for T32; out: signal or 0 */
	uint32_t fpscr;         /*   8 */
	uint32_t apsr;          /*  12 */
	uint32_t r[15];         /*  16 */
	uint32_t pc;            /*  76 out: where the signal was caused */
	uint32_t d[64];         /*  80 */
	uint32_t memory[WINDOW_BYTES / 4];
	uint32_t code[CODE_WORDS];
};

void run_one(struct record *record);
void run_back(void);

static sigjmp_buf escape;
static uint32_t signal_pc;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)info;
	signal_pc = ((ucontext_t *)context)->uc_mcontext.arm_pc;
	/* With a vector length set, the C library's own floating-point instructions would be undefined. */
	__asm__ volatile("vmsr fpscr, %0" : : "r"(0));
	siglongjmp(escape, number);
}

static size_t read_all(char **out)
{
	size_t size = 0, room = 1 << 20;
	char *data = malloc(room);

	for (;;) {
		ssize_t got;

		if (size == room)
			data = realloc(data, room *= 2);
		got = read(0, data + size, room - size);
		if (got <= 0)
			break;
		size += got;
	}
	*out = data;
	return size;
}

static void *map(uint32_t address, size_t size, int protection)
{
	return mmap((void *)(uintptr_t)address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void prepare(void)
{
	stack_t alternate = { .ss_sp = (void *)SIGNAL_STACK, .ss_size = SIGNAL_STACK_BYTES };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	static const int signals[] = { SIGILL, SIGSEGV, SIGBUS, SIGTRAP, SIGVTALRM };
	uint32_t *stub;

	if (map(CODE_AREA, CODE_AREA_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC) == MAP_FAILED ||
	    map(WINDOW, 4096, PROT_READ | PROT_WRITE) == MAP_FAILED ||
	    map(SIGNAL_STACK, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE) == MAP_FAILED ||
	    map(LAUNCH_PAGE, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == MAP_FAILED)
		exit(3);
	stub = (uint32_t *)(uintptr_t)LAUNCH_ADDRESS;
	*stub++ = 0xe8907fff; /* ldm r0, {r0-r14} */
	*stub++ = 0xe59ff000 | (LAUNCH_TARGET - (LAUNCH_ADDRESS + 12)); /* ldr pc, LAUNCH_TARGET */
	stub = (uint32_t *)(uintptr_t)RETURN_ADDRESS;
	*stub++ = 0xe51ff004; /* ldr pc, the next word */
	*stub++ = (uintptr_t)run_back;
	__builtin___clear_cache((char *)LAUNCH_PAGE, (char *)LAUNCH_PAGE + 4096);
	sigaltstack(&alternate, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaction(signals[i], &action, NULL);
}

int main(void)
{
	char *data;
	size_t count = read_all(&data) / sizeof(struct record);
	struct record *records = (struct record *)data;
	const struct itimerval patience = { .it_value.tv_usec = PATIENCE_MICROSECONDS };

	prepare();
	for (size_t i = 0; i < count; i++)
		memcpy((char *)FIRST_SLOT + SLOT_BYTES * i, records[i].code, 4 * records[i].length);
	__builtin___clear_cache((char *)CODE_AREA, (char *)CODE_AREA + CODE_AREA_BYTES);
	for (volatile size_t i = 0; i < count; i++) {
		int number = sigsetjmp(escape, 1);

		if (number == 0) {
			memset((char *)WINDOW, 0, 4096);
			memcpy((char *)WINDOW + WINDOW_OFFSET, records[i].memory, WINDOW_BYTES);
			*(uint32_t *)LAUNCH_TARGET = (FIRST_SLOT + SLOT_BYTES * i) | records[i].thumb;
			signal_pc = 0;
			setitimer(ITIMER_VIRTUAL, &patience, NULL);
			run_one(&records[i]);
		}
		memcpy(records[i].memory, (char *)WINDOW + WINDOW_OFFSET, WINDOW_BYTES);
		records[i].thumb = number;
		records[i].pc = signal_pc;
	}
	setitimer(ITIMER_VIRTUAL, &(const struct itimerval){ 0 }, NULL);
	for (size_t at = 0; at < count * sizeof(struct record);) {
		ssize_t put = write(1, data + at, count * sizeof(struct record) - at);

		if (put <= 0)
			return 3;
		at += put;
	}
	return 0;
}
