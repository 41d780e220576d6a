/*
 * The GPIO chips behind gpio-sysfs.c: what the kernel's gpiolib does with a line, free of any filesystem. Lines go by
 * their sysfs numbers, chips by the number of their first line. Functions answer 0 or a negative errno. The caller
 * keeps them from running at the same time.
 */
#ifndef GPIO_LINES_H
#define GPIO_LINES_H
#include <stdbool.h>

#define MAX_CHIPS 16
#define MAX_LINES 256 /* of one chip */

enum { RISING = 1, FALLING = 2 };

struct line {
	bool exported, held, output, active_low;
	int level;           /* at the pin: 0 or 1 */
	int edge;            /* RISING | FALLING */
	unsigned int events; /* interrupts so far */
};

struct chip {
	bool present;
	int base, ngpio;
	char label[64];
	struct line lines[MAX_LINES];
};

extern struct chip chips[MAX_CHIPS];
extern int chip_count;

/* Called when a line's interrupt fires. */
extern void (*on_interrupt)(const struct line *line);

int add_chip(const char *description); /* "<base>:<ngpio>:<label>" */
struct chip *chip_of(int number);      /* the present chip that has this line, or NULL */
struct line *line_of(int number);
int logical(const struct line *line); /* the level as `value` shows it */

int export_line(struct line *line); /* NULL: no such line */
int unexport_line(struct line *line);
int set_value(struct line *line, const char *text);
int set_direction(struct line *line, const char *text);
int set_edge(struct line *line, const char *text);

int control(const char *command); /* what a test writes to .ctl */

#endif
