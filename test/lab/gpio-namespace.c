#define _GNU_SOURCE
#include "gpio-namespace.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* user_namespaces(7): the only mapping that a process without privilege may write. */
static void become_root_inside(uid_t uid, gid_t gid)
{
	char map[32];

	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof map, "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof map, "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
}

void enter_namespace(const char *mount_point)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWNS | (uid ? CLONE_NEWUSER : 0)))
		die("unshare");
	if (uid)
		become_root_inside(uid, gid);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* after that: a change of credentials clears it */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("mount --make-rprivate /");
	if (access(mount_point, F_OK) == 0)
		return;
	if (mount("none", "/sys/class", "tmpfs", 0, NULL))
		die("mount tmpfs on /sys/class");
	if (mkdir(mount_point, 0755))
		die(mount_point);
}
