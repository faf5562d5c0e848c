// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes records: builds one line of JSON, keeps it until the module goes, shows all of them in
 * debugfs (armory_probe/records) and, if asked, prints each to the kernel's log. Lines are as long as they
 * need to be; what memory was too short for is counted and told in the last record.
 */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "armory_probe.h"

/* printk() cuts a line at about 1,000 characters. */
#define LOG_PIECE 880

struct stored_line {
	struct list_head list;
	size_t length;
	char text[];
};

static LIST_HEAD(lines);
static DEFINE_MUTEX(lines_lock);
static struct dentry *folder;

static char *line;
static size_t line_length, line_size;
static bool line_broken;
static const char *device_name = "sys";
static unsigned int sequence, lost;

static __printf(1, 2) void append(const char *format, ...)
{
	va_list args, again;
	int wanted;

	va_start(args, format);
	va_copy(again, args);
	wanted = vsnprintf(line + line_length, line_size - line_length, format, args);
	if (line_length + wanted >= line_size) {
		size_t size = roundup_pow_of_two(line_length + wanted + 1);
		char *larger = krealloc(line, size, GFP_KERNEL);

		if (larger) {
			line = larger;
			line_size = size;
			vsnprintf(line + line_length, line_size - line_length, format, again);
		} else {
			line_broken = true;
			wanted = 0;
		}
	}
	va_end(again);
	va_end(args);
	line_length += wanted;
}

/* The comma in front of an item, and its key. */
static void item(const char *key)
{
	char before = line_length ? line[line_length - 1] : '{';

	if (before != '{' && before != '[')
		append(",");
	if (key)
		append("\"%s\":", key);
}

void out_number(const char *key, s64 value)
{
	item(key);
	append("%lld", value);
}

void out_hex(const char *key, u64 value)
{
	item(key);
	append("\"%llx\"", value);
}

void out_null(const char *key)
{
	item(key);
	append("null");
}

void out_string(const char *key, const char *text)
{
	if (!text) {
		out_null(key);
		return;
	}
	item(key);
	append("\"");
	for (; *text; text++) {
		unsigned char c = *text;

		if (c == '"' || c == '\\')
			append("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			append("\\u%04x", c);
		else
			append("%c", c);
	}
	append("\"");
}

void out_open(const char *key, char bracket)
{
	item(key);
	append("%c", bracket);
}

void out_close(char bracket)
{
	append("%c", bracket);
}

void out_device(const char *name)
{
	device_name = name;
}

void out_begin(const char *op)
{
	line_length = 0;
	line_broken = false;
	append("{");
	out_string("dev", device_name);
	out_number("seq", sequence++);
	out_string("op", op);
}

/* A long line goes out in pieces, each but the last with a backslash at its end. */
static void log_line(const char *text, size_t length)
{
	for (; length > LOG_PIECE; text += LOG_PIECE, length -= LOG_PIECE)
		printk(KERN_INFO "ARMORYPROBE %.*s\\\n", LOG_PIECE, text);
	printk(KERN_INFO "ARMORYPROBE %s\n", text);
}

void out_end(void)
{
	struct stored_line *stored;

	append("}");
	stored = line_broken ? NULL : kmalloc(sizeof(*stored) + line_length + 1, GFP_KERNEL);
	if (!stored) {
		lost++;
		return;
	}
	memcpy(stored->text, line, line_length + 1);
	stored->length = line_length;
	mutex_lock(&lines_lock);
	list_add_tail(&stored->list, &lines);
	mutex_unlock(&lines_lock);
	if (armory_log)
		log_line(stored->text, stored->length);
}

unsigned int out_written(void)
{
	return sequence;
}

unsigned int out_lost(void)
{
	return lost;
}

static void *records_start(struct seq_file *m, loff_t *position)
{
	mutex_lock(&lines_lock);
	return seq_list_start(&lines, *position);
}

static void *records_next(struct seq_file *m, void *at, loff_t *position)
{
	return seq_list_next(at, &lines, position);
}

static void records_stop(struct seq_file *m, void *at)
{
	mutex_unlock(&lines_lock);
}

static int records_show(struct seq_file *m, void *at)
{
	struct stored_line *stored = list_entry(at, struct stored_line, list);

	seq_write(m, stored->text, stored->length);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations records_sops = {
	.start = records_start,
	.next = records_next,
	.stop = records_stop,
	.show = records_show,
};
DEFINE_SEQ_ATTRIBUTE(records);

int out_init(void)
{
	line_size = 2048;
	line = kmalloc(line_size, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	folder = debugfs_create_dir("armory_probe", NULL);
	debugfs_create_file("records", 0400, folder, NULL, &records_fops);
	return 0;
}

void out_exit(void)
{
	struct stored_line *stored, *next;

	debugfs_remove_recursive(folder);
	list_for_each_entry_safe(stored, next, &lines, list) {
		list_del(&stored->list);
		kfree(stored);
	}
	kfree(line);
}
