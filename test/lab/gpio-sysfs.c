/*
 * A stand-in for Linux's /sys/class/gpio (Documentation/ABI/obsolete/sysfs-gpio): several GPIO chips whose lines a
 * test sets, holds and removes. Serves it as a FUSE filesystem in a mount namespace of its own.
 *
 *   gpio-sysfs <base>:<ngpio>:<label> ...
 *
 * Prints "ready" and runs in the foreground until it is killed or its parent ends. Other processes see the filesystem
 * when they enter this process's mount namespace (nsenter), or under /proc/<pid>/root/sys/class/gpio.
 *
 * What programs see is the kernel's:
 *   export, unexport        EINVAL: no such line, or not exported; EBUSY: exported already, or held by somebody else
 *   gpiochip<base>/         base, ngpio, label
 *   gpio<number>/           value, direction, edge, active_low; a change of the level that `edge` asks for wakes
 *                           poll(POLLPRI | POLLERR) on value; once the line is gone, open files answer ENODEV
 * What tests have besides: writing one of these to the file .ctl
 *   set <number> <0|1>      the level at the pin
 *   hold <number> <0|1>     another process holds the line, or lets it go
 *   remove <base>           the chip vanishes, with its lines
 */
#define FUSE_USE_VERSION 35
#include "gpio-lines.h"
#include "gpio-namespace.h"
#include <errno.h>
#include <fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MOUNT_POINT "/sys/class/gpio"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* An open file. `seen` is the line's interrupt count when this file was last read, as kernfs keeps it. */
struct handle {
	struct place place;
	unsigned int seen;
	struct fuse_pollhandle *waiting;
	struct handle *next;
};

static struct handle *handles;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the handles and all chips */

static void wake(const struct line *line)
{
	for (struct handle *handle = handles; handle; handle = handle->next) {
		if (handle->place.line != line || handle->place.kind != VALUE || !handle->waiting)
			continue;
		fuse_notify_poll(handle->waiting);
		fuse_pollhandle_destroy(handle->waiting);
		handle->waiting = NULL;
	}
}

static int op_getattr(const char *path, struct stat *stat, struct fuse_file_info *info)
{
	pthread_mutex_lock(&lock);
	enum kind kind = find(path).kind;
	pthread_mutex_unlock(&lock);
	(void)info;
	if (kind == NOTHING)
		return -ENOENT;
	bool folder = kind == ROOT || kind == CHIP || kind == LINE;
	bool write_only = kind == EXPORT || kind == UNEXPORT || kind == CONTROL;
	bool read_only = kind == BASE || kind == NGPIO || kind == LABEL;
	memset(stat, 0, sizeof *stat);
	stat->st_mode = folder ? S_IFDIR | 0755 : S_IFREG | (write_only ? 0200 : read_only ? 0444 : 0644);
	stat->st_nlink = folder ? 2 : 1;
	stat->st_size = folder ? 0 : 4096; /* as in sysfs */
	return 0;
}

static int op_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *info,
	enum fuse_readdir_flags flags)
{
	char name[32];

	(void)offset, (void)info, (void)flags;
	fill(buffer, ".", NULL, 0, 0);
	fill(buffer, "..", NULL, 0, 0);
	pthread_mutex_lock(&lock);
	enum kind kind = find(path).kind;
	if (kind == CHIP)
		for (size_t i = 0; i < COUNT(chip_files); i++)
			fill(buffer, chip_files[i].name, NULL, 0, 0);
	if (kind == LINE)
		for (size_t i = 0; i < COUNT(line_files); i++)
			fill(buffer, line_files[i].name, NULL, 0, 0);
	if (kind == ROOT) {
		fill(buffer, "export", NULL, 0, 0);
		fill(buffer, "unexport", NULL, 0, 0);
		for (int i = 0; i < chip_count; i++) {
			if (!chips[i].present)
				continue;
			snprintf(name, sizeof name, "gpiochip%d", chips[i].base);
			fill(buffer, name, NULL, 0, 0);
			for (int n = 0; n < chips[i].ngpio; n++) {
				if (!chips[i].lines[n].exported)
					continue;
				snprintf(name, sizeof name, "gpio%d", chips[i].base + n);
				fill(buffer, name, NULL, 0, 0);
			}
		}
	}
	pthread_mutex_unlock(&lock);
	return 0;
}

static int op_open(const char *path, struct fuse_file_info *info)
{
	struct handle *handle = calloc(1, sizeof *handle);
	int error = 0;

	if (!handle)
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	handle->place = find(path);
	if (handle->place.kind == NOTHING) {
		error = -ENOENT;
	} else {
		/* Before its first read, poll() on a sysfs file returns at once. */
		handle->seen = handle->place.line ? handle->place.line->events - 1 : 0;
		handle->next = handles;
		handles = handle;
		info->fh = (uintptr_t)handle;
		info->direct_io = 1;
	}
	pthread_mutex_unlock(&lock);
	if (error)
		free(handle);
	return error;
}

static int op_release(const char *path, struct fuse_file_info *info)
{
	struct handle *handle = (struct handle *)(uintptr_t)info->fh;

	(void)path;
	pthread_mutex_lock(&lock);
	for (struct handle **link = &handles; *link; link = &(*link)->next) {
		if (*link == handle) {
			*link = handle->next;
			break;
		}
	}
	if (handle->waiting)
		fuse_pollhandle_destroy(handle->waiting);
	pthread_mutex_unlock(&lock);
	free(handle);
	return 0;
}

static int op_read(const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct handle *handle = (struct handle *)(uintptr_t)info->fh;
	struct chip *chip = handle->place.chip;
	struct line *line = handle->place.line;
	static const char *const edges[] = { "none", "rising", "falling", "both" };
	char text[80] = "";

	(void)path;
	pthread_mutex_lock(&lock);
	if (is_gone(&handle->place)) {
		pthread_mutex_unlock(&lock);
		return -ENODEV;
	}
	switch (handle->place.kind) {
	case BASE: snprintf(text, sizeof text, "%d\n", chip->base); break;
	case NGPIO: snprintf(text, sizeof text, "%d\n", chip->ngpio); break;
	case LABEL: snprintf(text, sizeof text, "%s\n", chip->label); break;
	case DIRECTION: snprintf(text, sizeof text, "%s\n", line->output ? "out" : "in"); break;
	case EDGE: snprintf(text, sizeof text, "%s\n", edges[line->edge]); break;
	case ACTIVE_LOW: snprintf(text, sizeof text, "%d\n", line->active_low); break;
	case VALUE:
		snprintf(text, sizeof text, "%d\n", logical(line));
		handle->seen = line->events;
		break;
	default: break;
	}
	pthread_mutex_unlock(&lock);
	size_t length = strlen(text);
	if ((size_t)offset >= length)
		return 0;
	if (size > length - offset)
		size = length - offset;
	memcpy(buffer, text + offset, size);
	return size;
}

static int op_write(const char *path, const char *buffer, size_t size, off_t offset, struct fuse_file_info *info)
{
	struct handle *handle = (struct handle *)(uintptr_t)info->fh;
	struct line *line = handle->place.line;
	char text[64] = "";
	int error;

	(void)path, (void)offset;
	memcpy(text, buffer, size < sizeof text ? size : sizeof text - 1);
	text[strcspn(text, "\n")] = 0;
	pthread_mutex_lock(&lock);
	if (is_gone(&handle->place)) {
		error = -ENODEV;
	} else {
		switch (handle->place.kind) {
		case EXPORT: error = export_line(line_of(atoi(text))); break;
		case UNEXPORT: error = unexport_line(line_of(atoi(text))); break;
		case CONTROL: error = control(text); break;
		case VALUE: error = set_value(line, text); break;
		case DIRECTION: error = set_direction(line, text); break;
		case EDGE: error = set_edge(line, text); break;
		case ACTIVE_LOW: line->active_low = atoi(text) != 0; error = 0; break;
		default: error = -EIO;
		}
	}
	pthread_mutex_unlock(&lock);
	return error ? error : (int)size;
}

static int op_poll(const char *path, struct fuse_file_info *info, struct fuse_pollhandle *waiting, unsigned *events)
{
	struct handle *handle = (struct handle *)(uintptr_t)info->fh;

	(void)path;
	pthread_mutex_lock(&lock);
	if (waiting) {
		if (handle->waiting)
			fuse_pollhandle_destroy(handle->waiting);
		handle->waiting = waiting;
	}
	*events = POLLIN | POLLOUT;
	if (is_gone(&handle->place) || (handle->place.kind == VALUE && handle->seen != handle->place.line->events))
		*events |= POLLPRI | POLLERR;
	pthread_mutex_unlock(&lock);
	return 0;
}

/* Opening with O_TRUNC, as a shell's redirection does, is fine in sysfs. */
static int op_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
	(void)path, (void)size, (void)info;
	return 0;
}

static void *op_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	config->attr_timeout = config->entry_timeout = config->negative_timeout = 0; /* lines come and go */
	puts("ready");
	fflush(stdout);
	return NULL;
}

static const struct fuse_operations operations = {
	.getattr = op_getattr, .readdir = op_readdir, .open = op_open, .release = op_release, .read = op_read,
	.write = op_write, .poll = op_poll, .truncate = op_truncate, .init = op_init,
};

int main(int argc, char **argv)
{
	char *arguments[] = { argv[0], "-f", MOUNT_POINT, NULL };

	on_interrupt = wake;
	for (int i = 1; i < argc; i++) {
		if (add_chip(argv[i])) {
			fprintf(stderr, "not <base>:<ngpio>:<label>: %s\n", argv[i]);
			return 2;
		}
	}
	enter_namespace(MOUNT_POINT);
	return fuse_main(3, arguments, &operations, NULL);
}
