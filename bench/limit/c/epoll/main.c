/* The lower bound for servers on epoll: what the system calls cost, and as little as possible besides. */
#include "loop.h"

int main(int argc, char **argv) {
	serve(options_parse(argc, argv), epoll_run);
	return 0;
}
