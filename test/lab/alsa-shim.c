/*
 * A preloaded library that makes chosen ALSA PCMs awkward, as real sound cards are. It reads the folder named by
 * VOICE_LAB_ALSA whenever a PCM is opened or configured, so a test may change its mind while a program runs:
 *
 *   <pcm>.busy       exists: snd_pcm_open() answers -EBUSY, as a card that another program holds
 *   <pcm>.rate       "48000": the PCM has this one sample rate
 *   <pcm>.channels   "2": the PCM has this one channel count
 *
 * A program that asks for something else meets what it would meet on hardware: snd_pcm_hw_params_set_rate_near()
 * gives it the card's rate (arecord prints "rate is not accurate", PortAudio answers paInvalidSampleRate), and
 * snd_pcm_hw_params_set_channels() fails.
 *
 * The library does not link libasound: every process of a test loads it, and few of them play sound.
 */
#define _GNU_SOURCE
#include <alsa/asoundlib.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The real function. An addon loads libasound privately, out of RTLD_NEXT's sight: then ask for the library itself. */
static void *real(const char *function)
{
	void *found = dlsym(RTLD_NEXT, function);
	if (!found) {
		void *alsa = dlopen("libasound.so.2", RTLD_LAZY);
		if (alsa)
			found = dlsym(alsa, function);
	}
	if (!found) {
		fprintf(stderr, "alsa-shim: no %s\n", function);
		abort();
	}
	return found;
}

/* Path of a control file; empty (which no access() finds) if there are none. */
static void control_file(char *path, size_t size, const char *pcm, const char *what)
{
	const char *folder = getenv("VOICE_LAB_ALSA");
	if (folder && pcm)
		snprintf(path, size, "%s/%s.%s", folder, pcm, what);
	else
		path[0] = 0;
}

/* The number that a control file holds; 0 if there is none. */
static unsigned int restriction(const char *pcm, const char *what)
{
	char path[512];
	unsigned int number = 0;
	FILE *file;

	control_file(path, sizeof path, pcm, what);
	file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%u", &number) != 1)
			number = 0;
		fclose(file);
	}
	return number;
}

int snd_pcm_open(snd_pcm_t **pcm, const char *name, snd_pcm_stream_t stream, int mode)
{
	int (*open)(snd_pcm_t **, const char *, snd_pcm_stream_t, int) = real("snd_pcm_open");
	char path[512];

	control_file(path, sizeof path, name, "busy");
	if (access(path, F_OK) == 0)
		return -EBUSY;
	return open(pcm, name, stream, mode);
}

int snd_pcm_hw_params_any(snd_pcm_t *pcm, snd_pcm_hw_params_t *params)
{
	int (*any)(snd_pcm_t *, snd_pcm_hw_params_t *) = real("snd_pcm_hw_params_any");
	int (*set_rate)(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned int, int) = real("snd_pcm_hw_params_set_rate");
	int (*set_channels)(snd_pcm_t *, snd_pcm_hw_params_t *, unsigned int) = real("snd_pcm_hw_params_set_channels");
	const char *(*name_of)(snd_pcm_t *) = real("snd_pcm_name");
	int error = any(pcm, params);
	unsigned int rate = restriction(name_of(pcm), "rate");
	unsigned int channels = restriction(name_of(pcm), "channels");

	if (error >= 0 && rate)
		error = set_rate(pcm, params, rate, 0);
	if (error >= 0 && channels)
		error = set_channels(pcm, params, channels);
	return error;
}
