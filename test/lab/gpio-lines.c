#include "gpio-lines.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chip chips[MAX_CHIPS];
int chip_count;
void (*on_interrupt)(const struct line *line);

int add_chip(const char *description)
{
	struct chip *chip = &chips[chip_count];

	if (chip_count == MAX_CHIPS ||
	    sscanf(description, "%d:%d:%63[^\n]", &chip->base, &chip->ngpio, chip->label) != 3 || chip->ngpio < 1 ||
	    chip->ngpio > MAX_LINES)
		return -EINVAL;
	chip_count++;
	chip->present = true;
	for (int i = 0; i < chip->ngpio; i++)
		chip->lines[i].level = 1; /* pulled up */
	return 0;
}

struct chip *chip_of(int number)
{
	for (int i = 0; i < chip_count; i++) {
		struct chip *chip = &chips[i];
		if (chip->present && number >= chip->base && number < chip->base + chip->ngpio)
			return chip;
	}
	return NULL;
}

struct line *line_of(int number)
{
	struct chip *chip = chip_of(number);
	return chip ? &chip->lines[number - chip->base] : NULL;
}

int logical(const struct line *line)
{
	return line->level ^ line->active_low;
}

static void set_level(struct line *line, int level)
{
	if (line->level == level)
		return;
	line->level = level;
	/* The kernel swaps the edges of an active-low line, so `rising` means that the value rises. */
	if (line->exported && !line->output && (line->edge & (logical(line) ? RISING : FALLING))) {
		line->events++;
		if (on_interrupt)
			on_interrupt(line);
	}
}

int export_line(struct line *line)
{
	if (!line)
		return -EINVAL;
	if (line->exported || line->held)
		return -EBUSY;
	line->exported = true;
	line->output = line->active_low = false;
	line->edge = 0;
	return 0;
}

int unexport_line(struct line *line)
{
	if (!line || !line->exported)
		return -EINVAL;
	line->exported = false;
	return 0;
}

int control(const char *command)
{
	char verb[8];
	int number, flag = 0;
	int words = sscanf(command, "%7s %d %d", verb, &number, &flag);

	if (words == 3 && !strcmp(verb, "set") && line_of(number)) {
		set_level(line_of(number), flag != 0);
	} else if (words == 3 && !strcmp(verb, "hold") && line_of(number)) {
		if (flag && line_of(number)->exported)
			return -EBUSY;
		line_of(number)->held = flag != 0;
	} else if (words == 2 && !strcmp(verb, "remove") && chip_of(number)) {
		chip_of(number)->present = false; /* like the kernel, this wakes nobody */
	} else {
		return -EINVAL;
	}
	return 0;
}

int set_value(struct line *line, const char *text)
{
	if (!line->output)
		return -EPERM;
	line->level = (atoi(text) != 0) ^ line->active_low;
	return 0;
}

int set_direction(struct line *line, const char *text)
{
	if (!strcmp(text, "in")) {
		line->output = false;
	} else if (!strcmp(text, "out") || !strcmp(text, "low") || !strcmp(text, "high")) {
		if (line->edge)
			return -EIO; /* an interrupt line cannot become an output */
		line->output = true;
		line->level = !strcmp(text, "high");
	} else {
		return -EINVAL;
	}
	return 0;
}

int set_edge(struct line *line, const char *text)
{
	int edge = !strcmp(text, "none") ? 0 : !strcmp(text, "rising") ? RISING : !strcmp(text, "falling") ? FALLING
		: !strcmp(text, "both") ? RISING | FALLING : -1;
	if (edge < 0)
		return -EINVAL;
	if (edge && line->output)
		return -EIO;
	line->edge = edge;
	return 0;
}
