// SPDX-License-Identifier: GPL-2.0-only
/*
 * Executes instructions, one or a few in a row, on a real processor or under qemu-arm. Standard input holds records; each comes
 * back with the registers, flags and memory that its instruction left, or the signal that it caused.
 * The window of memory that an instruction may use is copied from and to the record; it lies at WINDOW, in the
 * middle of a page whose neighbours are absent.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WINDOW 0x20000000u
#define WINDOW_BYTES 256
#define EXTRA_WORDS 15
/* Words of code for a record: its own and the return. */
#define CODE_WORDS (EXTRA_WORDS + 2)

struct record {
	uint32_t word;          /*   0 */
	uint32_t thumb;         /*   4 in: 1 for T32, first halfword on top; out: signal or 0 */
	uint32_t fpscr;         /*   8 */
	uint32_t apsr;          /*  12 */
	uint32_t r[13];         /*  16 */
	uint32_t unused;        /*  68 */
	uint32_t code;          /*  72 filled in here */
	uint32_t padding;       /*  76 */
	uint32_t d[64];         /*  80 */
	uint32_t memory[WINDOW_BYTES / 4];
	uint32_t extra;         /* words that follow `word`, up to EXTRA_WORDS */
	uint32_t words[EXTRA_WORDS];
};

void run_one(struct record *record);

static sigjmp_buf escape;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	/* With a vector length set, the C library's own floating-point instructions would be undefined. */
	__asm__ volatile("vmsr fpscr, %0" : : "r"(0));
	siglongjmp(escape, number);
}

static uint32_t code_word(const struct record *record, uint32_t word)
{
	return record->thumb ? word >> 16 | word << 16 : word;
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

int main(void)
{
	char *data;
	size_t count = read_all(&data) / sizeof(struct record);
	struct record *records = (struct record *)data;
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER };
	uint32_t *code = mmap(NULL, 4 * CODE_WORDS * count + 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *window = mmap((void *)WINDOW, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (code == MAP_FAILED || window == MAP_FAILED)
		return 3;
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
	for (size_t i = 0; i < count; i++) {
		uint32_t *to = &code[CODE_WORDS * i];

		*to++ = code_word(&records[i], records[i].word);
		for (uint32_t k = 0; k < records[i].extra && k < EXTRA_WORDS; k++)
			*to++ = code_word(&records[i], records[i].words[k]);
		*to = records[i].thumb ? 0x47704770 : 0xe12fff1e; /* bx lr */
		records[i].code = (uintptr_t)&code[CODE_WORDS * i] | records[i].thumb;
	}
	__builtin___clear_cache((char *)code, (char *)(code + CODE_WORDS * count));
	for (volatile size_t i = 0; i < count; i++) {
		int number = sigsetjmp(escape, 1);

		if (number == 0) {
			memcpy(window + 2048, records[i].memory, WINDOW_BYTES);
			run_one(&records[i]);
		}
		memcpy(records[i].memory, window + 2048, WINDOW_BYTES);
		records[i].thumb = number;
	}
	for (size_t at = 0; at < count * sizeof(struct record);) {
		ssize_t put = write(1, data + at, count * sizeof(struct record) - at);

		if (put <= 0)
			return 3;
		at += put;
	}
	return 0;
}
