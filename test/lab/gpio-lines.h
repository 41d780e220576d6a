/*
 * The GPIO chips behind gpio-sysfs.c: what the kernel's gpiolib does with a line, and how files name it. Lines go by
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
	unsigned int exports; /* how often it has been exported */
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

/* What a path below /sys/class/gpio names. */
enum kind { NOTHING, ROOT, EXPORT, UNEXPORT, CONTROL, CHIP, BASE, NGPIO, LABEL, LINE, VALUE, DIRECTION, EDGE, ACTIVE_LOW };

struct place {
	enum kind kind;
	struct chip *chip;
	struct line *line;
	unsigned int exports; /* of the line, at the time */
};

struct place find(const char *path);
bool is_gone(const struct place *place); /* was the line unexported, or its chip removed, since? */

/* The names of a chip's, or a line's, attribute files. */
extern const struct attribute {
	const char *name;
	enum kind kind;
} chip_files[3], line_files[4];

int control(const char *command); /* what a test writes to .ctl */

#endif
