#include "options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LOOPS = 1024 };

__attribute__((noreturn)) static void usage(void) {
	fprintf(stderr, "usage: %s -addr 127.0.0.1:PORT -mode echo|line|http -loops N\n", program_invocation_short_name);
	exit(2);
}

static bool number(const char *text, long least, long most, long *n) {
	char *end;
	errno = 0;
	*n = strtol(text, &end, 10);
	return end != text && !*end && !errno && *n >= least && *n <= most;
}

static bool address(const char *text, struct sockaddr_in *addr) {
	char host[INET_ADDRSTRLEN];
	const char *colon = strrchr(text, ':');
	if (!colon || (size_t)(colon - text) >= sizeof host)
		return false;
	memcpy(host, text, colon - text);
	host[colon - text] = 0;
	long port;
	if (!number(colon + 1, 0, 65535, &port) || inet_pton(AF_INET, host, &addr->sin_addr) != 1)
		return false;
	addr->sin_family = AF_INET;
	addr->sin_port = htons(port);
	return true;
}

static bool mode(const char *text, enum mode *mode) {
	static const char *const names[] = {[ECHO_MODE] = "echo", [LINE_MODE] = "line", [HTTP_MODE] = "http"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!strcmp(text, names[i])) {
			*mode = i;
			return true;
		}
	}
	return false;
}

struct options options_parse(int argc, char **argv) {
	static const struct option known[] = {
		{"addr", required_argument, NULL, 'a'},
		{"mode", required_argument, NULL, 'm'},
		{"loops", required_argument, NULL, 'l'},
		{0},
	};
	struct options o = {.mode = ECHO_MODE, .loops = 1};
	bool ok = address("127.0.0.1:0", &o.addr);
	long loops = 1;
	for (int c; ok && (c = getopt_long_only(argc, argv, "", known, NULL)) != -1;) {
		switch (c) {
		case 'a': ok = address(optarg, &o.addr); break;
		case 'm': ok = mode(optarg, &o.mode); break;
		case 'l': ok = number(optarg, 1, MOST_LOOPS, &loops); break;
		default: ok = false;
		}
	}
	if (!ok || optind != argc)
		usage();
	o.loops = loops;
	return o;
}
