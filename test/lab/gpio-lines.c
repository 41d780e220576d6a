#include "gpio-lines.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chip chips[MAX_CHIPS];
int chip_count;
void (*on_interrupt)(const struct line *line);

const struct attribute chip_files[3] = { { "base", BASE }, { "ngpio", NGPIO }, { "label", LABEL } };
const struct attribute line_files[4] = {
	{ "value", VALUE }, { "direction", DIRECTION }, { "edge", EDGE }, { "active_low", ACTIVE_LOW },
};

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

struct place find(const char *path)
{
	struct place place = { .kind = NOTHING };
	char file[16] = "";
	int number;

	if (!strcmp(path, "/")) {
		place.kind = ROOT;
	} else if (!strcmp(path, "/export")) {
		place.kind = EXPORT;
	} else if (!strcmp(path, "/unexport")) {
		place.kind = UNEXPORT;
	} else if (!strcmp(path, "/.ctl")) {
		place.kind = CONTROL;
	} else if (sscanf(path, "/gpiochip%d/%15s", &number, file) >= 1) {
		place.chip = chip_of(number);
		if (!place.chip || place.chip->base != number)
			return place;
		if (!file[0])
			place.kind = CHIP;
		for (size_t i = 0; i < sizeof chip_files / sizeof chip_files[0]; i++)
			if (!strcmp(file, chip_files[i].name))
				place.kind = chip_files[i].kind;
	} else if (sscanf(path, "/gpio%d/%15s", &number, file) >= 1) {
		place.chip = chip_of(number);
		place.line = line_of(number);
		if (!place.line || !place.line->exported)
			return place;
		place.exports = place.line->exports;
		if (!file[0])
			place.kind = LINE;
		for (size_t i = 0; i < sizeof line_files / sizeof line_files[0]; i++)
			if (!strcmp(file, line_files[i].name))
				place.kind = line_files[i].kind;
	}
	return place;
}

bool is_gone(const struct place *place)
{
	if (place->chip && !place->chip->present)
		return true;
	return place->line && (!place->line->exported || place->line->exports != place->exports);
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
	line->exports++;
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
