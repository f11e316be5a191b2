/* The command line, which is the same for all servers of the comparison:
 *
 *     -addr 127.0.0.1:PORT -mode echo|line|http -loops N
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <netinet/in.h>

#include "session.h"

struct options {
	struct sockaddr_in addr;
	enum mode mode;
	int loops;
};

/* options_parse ends the program with code 2 if the command line is wrong. */
struct options options_parse(int argc, char **argv);

#endif
